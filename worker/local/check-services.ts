import { randomUUID } from "node:crypto";
import { upstashStore } from "../adapters/upstash-redis.ts";
import { Unavailable } from "../errors.ts";
import type { Command, Reply } from "../ports.ts";
import { readEnvironment, type Environment } from "../runtime/environment.ts";
import { readOrgs } from "../settings/org.ts";
import { opensItsSecrets } from "../settings/readiness.ts";
import { createVault } from "../settings/vault.ts";

/** One thing that was tried, in plain words. `left` was not tried, for the reason that `said` gives. */
export type Finding = { what: string; state: "ok" | "failed" | "left"; said: string; remedy?: string };

/** For one answer of a service that may be on another continent. */
const PATIENCE_MS = 5_000;
/** A message of QStash is delivered within seconds; its log follows. */
const ROUND_TRIP_MS = 20_000;
const LOOK_EVERY_MS = 300;
/** Redis is asked once before every 202. */
const SLOW_REDIS_MS = 25;
const PINGS = 7;
/** No organisation's name: a wake-up for it is taken, and finds nothing to do. */
const NOBODY = "-";

/**
 * Tries the real services with the credentials of the environment, one step after the other, and says of each what to do when it
 * fails. Leaves nothing behind.
 */
export async function* checkServices(env: Record<string, string | undefined>): AsyncGenerator<Finding> {
  let environment: Environment;
  try {
    environment = readEnvironment(env);
  } catch (error) {
    yield {
      what: "Environment",
      state: "failed",
      said: wordsOf(error),
      remedy: "Set it as wrangler.toml and README say, and check again.",
    };
    return;
  }
  yield { what: "Environment", state: "ok", said: `public address ${environment.config.publicUrl}` };
  const keys = await checkKeys(environment);
  yield keys;
  yield* checkRedis(environment, keys.state === "ok");
  yield* checkQueue(environment);
}

async function checkKeys({ settingsKeys }: Environment): Promise<Finding> {
  const what = "Settings keys";
  const place = { org: NOBODY, channel: "email", field: "check" } as const;
  try {
    for (const active of Object.keys(settingsKeys.keys)) {
      const vault = createVault({ ...settingsKeys, active });
      if ((await vault.open(await vault.seal("check", place), place)) !== "check") throw new Error(`${active} does not open what it seals`);
    }
    return { what, state: "ok", said: `${Object.keys(settingsKeys.keys).join(", ")}; ${settingsKeys.active} seals` };
  } catch (error) {
    const remedy = "Each key is 32 random bytes in base64: openssl rand -base64 32";
    return { what, state: "failed", said: wordsOf(error), remedy };
  }
}

async function* checkRedis({ redis, settingsKeys }: Environment, hasKeys: boolean): AsyncGenerator<Finding> {
  if (!redis)
    return yield {
      what: "Redis",
      state: "left",
      said: "UPSTASH_REDIS_REST_URL is not set: only Deno can do without, with SQLite in its place",
    };
  const store = upstashStore({ ...redis, patienceMs: PATIENCE_MS });
  const ask = (...commands: Command[]): Promise<Reply[]> => store.run(...commands);
  const tried = async (what: string, work: () => Promise<string>): Promise<Finding> => {
    try {
      return { what, state: "ok", said: await work() };
    } catch (error) {
      return { what, state: "failed", ...redisTrouble(error) };
    }
  };
  const answers = await tried("Redis answers", async () => {
    const times: number[] = [];
    for (let ping = 0; ping < PINGS; ping++) {
      const began = performance.now();
      await ask(["PING"]);
      times.push(performance.now() - began);
    }
    const median = times.sort((a, b) => a - b)[Math.floor(PINGS / 2)]!;
    const slow = median > SLOW_REDIS_MS ? "; from where you are now. Every 202 waits for one such trip, so deploy near the database" : "";
    return `${median.toFixed(1)} ms a trip (median of ${PINGS})${slow}`;
  });
  yield answers;
  if (answers.state === "failed") return;
  const key = `carillon:check:${randomUUID()}`;
  yield await tried("Redis keeps what is written", async () => {
    await ask(["SET", key, "written", "EX", 60]);
    const [read] = await ask(["GET", key]);
    await ask(["DEL", key]);
    if (read !== "written") throw new Error(`read ${JSON.stringify(read)} back`);
    return "written, read and removed";
  });
  if (!hasKeys) return;
  yield await tried("Saved secrets open", async () => {
    const vault = createVault(settingsKeys);
    const orgs = await readOrgs({ store });
    const closed: string[] = [];
    for (const org of orgs) if (!(await opensItsSecrets({ store, vault }, org))) closed.push(org.org);
    if (closed.length > 0) throw new ClosedSecrets(`those of ${closed.join(", ")} do not, with these settings keys`);
    return orgs.length === 0 ? "there is no organisation yet" : `those of ${orgs.length} organisations`;
  });
}

class ClosedSecrets extends Error {}

function redisTrouble(error: unknown): Pick<Finding, "said" | "remedy"> {
  if (error instanceof ClosedSecrets)
    return { said: error.message, remedy: "Add the key that sealed them to CARILLON_SETTINGS_KEYS, or have the passwords typed again." };
  const said = wordsOf(error instanceof Unavailable ? error.cause : error);
  if (/WRONGPASS|unauthorized|401/i.test(said))
    return {
      said,
      remedy: "UPSTASH_REDIS_REST_TOKEN is not this database's: copy the token beside the REST URL from the Upstash console.",
    };
  if (/NOPERM/.test(said)) return { said, remedy: "The token may only read: take the standard token, not the read-only one." };
  return { said, remedy: "UPSTASH_REDIS_REST_URL must be the database's REST address (https://….upstash.io), reachable from here." };
}

async function* checkQueue({ qstash, config }: Environment): AsyncGenerator<Finding> {
  if (!qstash)
    return yield { what: "QStash", state: "left", said: "QSTASH_TOKEN is not set: only Deno can do without, with a queue of its own" };
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${qstash.url}${path}`, {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${qstash.token}` },
      signal: AbortSignal.timeout(PATIENCE_MS),
    });

  const began = performance.now();
  const answer = await attempt(() => ask("/v2/keys"));
  if ("failure" in answer) {
    const remedy = `Is ${qstash.url} within reach, and the region of your token? QSTASH_URL names another.`;
    return yield { what: "QStash answers", state: "failed", said: answer.failure, remedy };
  }
  if (!answer.ok) {
    const remedy = "QSTASH_TOKEN is not valid there: copy it from the QStash page of the Upstash console; each region has its own.";
    return yield { what: "QStash answers", state: "failed", said: `${answer.status} ${await answer.text()}`, remedy };
  }
  yield { what: "QStash answers", state: "ok", said: `${(performance.now() - began).toFixed(0)} ms` };
  const { current, next } = (await answer.json()) as { current: string; next: string };
  yield signingKeys(qstash, { current, next });

  const alive = await attempt(() => fetch(`${config.publicUrl}/healthz`, { signal: AbortSignal.timeout(PATIENCE_MS) }));
  if ("failure" in alive || !alive.ok) {
    const said = `nothing of ours answers at ${config.publicUrl}/healthz: ${"failure" in alive ? alive.failure : alive.status}`;
    yield { what: "Public address", state: "left", said: `${said}. Deploy, and check again` };
    return;
  }
  yield { what: "Public address", state: "ok", said: `${config.publicUrl} answers` };
  yield await roundTrip(ask, config.publicUrl);
}

function signingKeys({ currentKey, nextKey }: { currentKey: string; nextKey: string }, theirs: { current: string; next: string }): Finding {
  const what = "Signing keys";
  if (currentKey === theirs.current && nextKey === theirs.next) return { what, state: "ok", said: "both are QStash's" };
  if ([currentKey, nextKey].includes(theirs.current))
    return {
      what,
      state: "ok",
      said: "the one that QStash signs with now is here, but the pair is not: they were rotated, or stand the wrong way round. Set both anew before the next rotation",
    };
  const remedy =
    "Copy QSTASH_CURRENT_SIGNING_KEY and QSTASH_NEXT_SIGNING_KEY from the QStash page of the Upstash console: every wake-up is refused until then.";
  return { what, state: "failed", said: "neither is the one that QStash signs with", remedy };
}

/** A wake-up for nobody, from QStash to the public address and back into QStash's log. */
async function roundTrip(ask: (path: string, init?: RequestInit) => Promise<Response>, publicUrl: string): Promise<Finding> {
  const what = "A message from QStash arrives";
  const job = { org: NOBODY, shard: 0, channel: "email", at: 0, number: "check" };
  const began = performance.now();
  const sent = await attempt(() =>
    ask(`/v2/publish/${publicUrl}/internal/jobs/deliver`, {
      method: "POST",
      headers: { "content-type": "application/json", "upstash-retries": "0" },
      body: JSON.stringify(job),
    }),
  );
  if ("failure" in sent || !sent.ok) {
    const said = "failure" in sent ? sent.failure : `${sent.status} ${await sent.text()}`;
    return {
      what,
      state: "failed",
      said,
      remedy: "QStash did not take it: is the public address one that the internet reaches, with https?",
    };
  }
  const { messageId } = (await sent.json()) as { messageId: string };
  while (performance.now() - began < ROUND_TRIP_MS) {
    const entry = await lastEntry(ask, messageId);
    if (entry?.state === "DELIVERED")
      return { what, state: "ok", said: `after ${((performance.now() - began) / 1_000).toFixed(1)} s, and was accepted` };
    if (entry && ["ERROR", "FAILED"].includes(entry.state)) return { what, state: "failed", ...deliveryTrouble(entry) };
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return {
    what,
    state: "failed",
    said: `not within ${ROUND_TRIP_MS / 1_000} s`,
    remedy: "The QStash console's log shows where the message is.",
  };
}

type Entry = { state: string; error?: string; responseStatus?: number; responseBody?: string };

async function lastEntry(ask: (path: string) => Promise<Response>, messageId: string): Promise<Entry | null> {
  const answer = await attempt(() => ask(`/v2/logs?messageId=${messageId}`));
  if ("failure" in answer || !answer.ok) return null;
  const { logs = [], events = [] } = (await answer.json()) as { logs?: Entry[]; events?: Entry[] };
  const entries = [...logs, ...events];
  // The error says why; that it has failed for good says only that.
  return ["DELIVERED", "ERROR", "FAILED"].flatMap((state) => entries.find((entry) => entry.state === state) ?? [])[0] ?? null;
}

function deliveryTrouble({ error, responseStatus, responseBody }: Entry): Pick<Finding, "said" | "remedy"> {
  const said = [responseStatus, error ?? responseBody].filter(Boolean).join(" ") || "it could not be delivered";
  if (responseStatus === 401 || /\b401\b|signature/i.test(said))
    return {
      said,
      remedy: "The deployment refuses QStash's signature: it has other signing keys, or another CARILLON_PUBLIC_URL, than are set here.",
    };
  return { said, remedy: "QStash reached the address, but Carillon's wake-ups are not answered there: is it this deployment?" };
}

async function attempt(work: () => Promise<Response>): Promise<Response | { failure: string }> {
  try {
    return await work();
  } catch (error) {
    return { failure: wordsOf(error) };
  }
}

/** The innermost reason: fetch hides it as a cause. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return wordsOf(error.cause);
  return error.message || ("code" in error ? String(error.code) : error.name);
}
