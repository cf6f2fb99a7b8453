import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { unpackBackup } from "@carillon/worker/local/restore";
import { readPage, tablesOf } from "@carillon/worker/shard/transfer/tables";
import { Instance, RUNTIMES, sleep, until, type Runtime } from "../harness/instance.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "carillon-transfer-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Both ends have the same settings keys, as an operator gives them to both. */
const SAME_KEYS = { CARILLON_SETTINGS_KEYS: JSON.stringify({ k7: Buffer.alloc(32, 7).toString("base64") }) };
const PASSWORD = "a-password-that-stays-sealed";
const HOUR_MS = 3_600_000;
const people = Array.from({ length: 24 }, (_, n) => `p${n}`);
/** One shard at rest, four at rest, four under load, and one whose mails wait. */
const ORGS = { small: 1, large: 4, busy: 4, late: 1 };
type Org = keyof typeof ORGS;
type Json = ReturnType<typeof JSON.parse>;
type Call = (method: string, path: string, body?: unknown) => Promise<{ status: number; body: Json }>;

const tokenOf = ({ data }: Instance): string => JSON.parse(readFileSync(join(data, "secrets.json"), "utf8")).bootstrapToken as string;

/** Runs the command as an operator does, from its own process. */
function run(words: string[], env: Record<string, string>): { kill(): void; ended: Promise<{ status: number | null; out: string }> } {
  const child = spawn(process.execPath, ["worker/local/backup-command.ts", ...words], {
    cwd: ROOT,
    env: { PATH: process.env.PATH ?? "", ...env },
  });
  let out = "";
  child.stdout.on("data", (text: Buffer) => (out += text.toString()));
  child.stderr.on("data", (text: Buffer) => (out += text.toString()));
  return {
    kill: () => void child.kill("SIGKILL"),
    ended: new Promise((done) => child.once("close", (status) => done({ status, out }))),
  };
}
const command = (words: string[], env: Record<string, string>) => run(words, env).ended;

/**
 * Stands in front of a deployment, and hears of each call before it is handed on: how many with these words in them it is. `lose`: the
 * answer does not come back.
 */
async function inFront({ credentials }: Instance, words: string, hear: (n: number) => Promise<"lose" | void> | "lose" | void) {
  let heard = 0;
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString();
    const word = body.includes(words) ? await hear(++heard) : undefined;
    const headers = { authorization: request.headers.authorization!, "content-type": "application/json" };
    const answer = await fetch(credentials.url + request.url, {
      method: request.method!,
      headers,
      ...(request.method === "POST" ? { body } : {}),
    }).catch(() => null);
    if (word === "lose" || answer === null) return void request.socket.destroy();
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type")! }).end(await answer.text());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard: () => heard, stop: () => void server.close() };
}
const at = (carillon: Instance) => ({ CARILLON_BOOTSTRAP_TOKEN: tokenOf(carillon) });

/** A deployment with the four organisations; answers calls with the first key of each. */
class House {
  readonly carillon: Instance;
  keys = {} as Record<Org, string>;
  constructor(runtime: Runtime) {
    this.carillon = new Instance(runtime, SAME_KEYS);
  }

  as(org: Org): Call {
    return (method, path, body) => this.carillon.api(method, path, body, { authorization: `Bearer ${this.keys[org]}` });
  }

  async admin(org: Org): Promise<Call> {
    const admin = { id: "o", name: "Olga Owner", email: "olga@example.com" };
    const { body } = await this.as(org)("POST", "/v1/admin-tickets", { admin, role: "owner" });
    const session = await this.carillon.fetch("POST", "/admin/api/session", { ticket: body.ticket });
    const cookie = session.headers.get("set-cookie")!.split(";")[0]!;
    return (method, path, content) => this.carillon.api(method, `/admin/api${path}`, content, { authorization: "", cookie });
  }

  async fill(): Promise<void> {
    await this.carillon.start();
    const owner = { id: "o", name: "Olga Owner", email: "olga@example.com" };
    for (const [org, shards] of Object.entries(ORGS)) {
      const made = await this.carillon.api(
        "POST",
        "/internal/bootstrap",
        { org, name: org, owner, shards },
        { authorization: `Bearer ${tokenOf(this.carillon)}` },
      );
      this.keys[org as Org] = made.body.apiKey;
    }
    for (const org of ["small", "large"] as const) {
      for (let n = 0; n < 30; n++) await this.as(org)("POST", "/v1/events", event(`e${n}`, people.slice(n % 20, (n % 20) + 4)));
      await (
        await this.me(org, "p3")
      )("POST", "/inbox/read", { ids: "all" });
      await this.as(org)("DELETE", "/v1/users/p4");
    }
    await this.fillLate();
  }

  /** Mails that are to leave in an hour. */
  async fillLate(): Promise<void> {
    const { smtp } = this.carillon.credentials;
    const admin = await this.admin("late");
    const settings = { host: smtp.host, port: smtp.port, username: smtp.username, encryption: "tls", fromAddress: "crm@acme.example" };
    const saved = await admin("PUT", "/channels/email", { version: 1, settings, secrets: { password: PASSWORD } });
    expect(saved.status, JSON.stringify(saved.body)).toBe(200);
    expect((await admin("POST", "/channels/email/enable", {})).status).toBe(200);
    await this.as("late")("POST", "/v1/users/bulk", { users: people.map((id) => ({ id, email: `${id}@example.com` })) });
    const deliverAt = new Date(Date.now() + HOUR_MS).toISOString();
    await this.as("late")("POST", "/v1/events", { ...event("later", people.slice(0, 5), "task_assigned"), deliverAt });
  }

  async me(org: Org, user: string): Promise<Call> {
    const { body } = await this.as(org)("POST", "/v1/tokens", { user });
    return (method, path, content) => this.carillon.api(method, `/v1/me${path}`, content, { authorization: `Bearer ${body.token}` });
  }

  /** Everything that can be asked about an organisation at rest. */
  async look(org: Org): Promise<Json> {
    const ask = this.as(org);
    const bells = await Promise.all(
      people.map(async (user) => {
        const me = await this.me(org, user);
        return [(await me("GET", "/inbox?limit=100")).body, (await me("GET", "/inbox?q=word7")).body];
      }),
    );
    const log: Json[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const page: Json = (await ask("GET", `/v1/deliveries?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)).body;
      log.push(...page.data);
      cursor = page.next;
    }
    const { data: acts } = (await (await this.admin(org))("GET", "/audit?limit=100")).body ?? {};
    return {
      bells,
      log: log.sort((a, b) => (a.id < b.id ? -1 : 1)),
      found: (await ask("GET", "/v1/deliveries?q=word7&limit=100")).body,
      ledger: (await ask("GET", "/v1/ledger")).body,
      event: (await ask("GET", "/v1/events/e3")).body,
      users: await Promise.all(people.map(async (id) => (await ask("GET", `/v1/users/${id}`)).body.id)),
      acts: (acts as { act: string }[] | undefined)?.filter(({ act }) => !/^(sign-in|backup|restore)$/.test(act)),
    };
  }
}

const event = (id: string, recipients: string[], type = "mention") => ({
  id,
  type,
  recipients,
  data: { text: `word${id.slice(1)} of it`, task: { title: id } },
});

/** Posts events for everybody until it is told to stop; answers which were accepted, and when. */
function load(house: House) {
  const accepted: { id: string; at: number }[] = [];
  const over = new AbortController();
  const post = async (line: number) => {
    for (let n = 0; !over.signal.aborted; n++) {
      const id = `b${line}-${n}`;
      const { status } = await house.as("busy")("POST", "/v1/events", event(id, people));
      if (status === 202) accepted.push({ id, at: Date.now() });
      else accepted.push({ id: `refused ${status}`, at: Infinity });
    }
  };
  const lines = Promise.all([0, 1, 2].map(post));
  return {
    accepted,
    async stop() {
      over.abort();
      await lines;
    },
  };
}

/** The events of `busy` that are there; each must come to everybody. */
async function wholeEvents(house: House): Promise<Set<string>> {
  const counts = new Map<string, number>();
  const count = async () => {
    counts.clear();
    for (let cursor: string | null = ""; cursor !== null;) {
      const page: Json = (await house.as("busy")("GET", `/v1/deliveries?channel=in-app&limit=100${cursor && `&cursor=${cursor}`}`)).body;
      for (const one of page.data as { event: string }[]) counts.set(one.event, (counts.get(one.event) ?? 0) + 1);
      cursor = page.next;
    }
    return [...counts.values()].every((n) => n === people.length);
  };
  await until(count, "every event has come to everybody", 60_000);
  return new Set(counts.keys());
}

describe.each(RUNTIMES)("an archive of %s, taken over HTTP under load", (from) => {
  const source = new House(from);
  const file = join(folder, `${from}.tar.gz`);
  const before = {} as Record<"small" | "large", Json>;
  let kept: string[] = [];
  let accepted: { id: string; at: number }[] = [];

  beforeAll(async () => {
    await source.fill();
    for (const org of ["small", "large"] as const) before[org] = await source.look(org);
    const running = load(source);
    await until(() => running.accepted.length > 60, "there is load", 60_000);
    const { status, out } = await command(["backup", file, "--url", source.carillon.credentials.url], at(source.carillon));
    await sleep(200);
    await running.stop();
    accepted = running.accepted;
    expect(out).toContain("small (1 shard)");
    expect(out).toContain("large (4 shards)");
    expect(status).toBe(0);
    const instant = Date.parse(/as of (\S+Z)/.exec(out)![1]!);
    kept = accepted.filter((one) => one.at < instant).map(({ id }) => id);
  }, 180_000);
  afterAll(() => source.carillon.dispose(), 60_000);

  test("refused nobody while it was taken, and what it held up of it is over", async () => {
    expect(accepted.filter(({ id }) => id.startsWith("refused"))).toEqual([]);
    expect(kept.length).toBeGreaterThan(50);
    expect(kept.length).toBeLessThan(accepted.length);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(existsSync(`${file}.parts`)).toBe(false);
    expect((await (await source.admin("small"))("GET", "/audit?limit=5")).body.data).toContainEqual(
      expect.objectContaining({ act: "backup", who: "operator" }),
    );
  });

  describe.each(RUNTIMES)("restored on %s", (to) => {
    const target = new House(to);
    const env = () => at(target.carillon);
    const send = (...more: string[]) => command(["restore", file, "--url", target.carillon.credentials.url, ...more], env());

    /** A restore of `large` that dies when it says these words for the third time. */
    const cutAt = async (words: string) => {
      const front = await inFront(target.carillon, words, async (n) => (n === 3 ? (cut.kill(), "lose") : undefined));
      const cut = run(["restore", file, "--url", front.url, "--org", "large"], env());
      expect((await cut.ended).status).toBe(null);
      expect(front.heard()).toBeGreaterThanOrEqual(3);
      front.stop();
      expect((await target.as("large")("GET", "/v1/ledger")).status, "nobody is served yet").toBe(401);
    };

    beforeAll(async () => {
      target.keys = source.keys;
      if (to === "workers") {
        await target.carillon.start();
        for (const words of [`"act":"rows"`, `"act":"digest"`, `"act":"ready"`]) await cutAt(words);
        for (const org of ["large", "small", "busy"])
          expect(await send("--org", org), org).toMatchObject({ status: 0, out: expect.stringContaining("each compared") });
        expect(await send("--org", "late", "--park")).toMatchObject({
          status: 0,
          out: expect.stringContaining("All external channels are off"),
        });
      } else {
        copyFileSync(join(source.carillon.data, "secrets.json"), join(target.carillon.data, "secrets.json"));
        expect(await command(["restore", file, "--park"], { CARILLON_DATA: target.carillon.data })).toMatchObject({ status: 0 });
        await target.carillon.start();
      }
    }, 180_000);
    afterAll(() => target.carillon.dispose(), 60_000);

    test.each(["small", "large"] as const)("%s is as it was: inboxes, log, search, ledger, audit", async (org) => {
      expect(await target.look(org)).toEqual(before[org]);
    });

    test.each(["small", "large"] as const)("%s goes on: an event it had is known, a new one comes, ids go on", async (org) => {
      const ask = target.as(org);
      expect((await ask("POST", "/v1/events", event("e3", people.slice(3, 7)))).body.duplicate).toBe(true);
      expect((await ask("POST", "/v1/events", event("e99", people))).status).toBe(202);
      await until(async () => (await (await target.me(org, "p9"))("GET", "/inbox?q=word99")).body.data.length === 1, "it is found");
      const ids = (await target.look(org)).log.map(({ id }: { id: string }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect((await ask("GET", "/v1/ledger")).body.unaccounted).toBe(0);
    });

    test("what had been accepted before that instant is there, and nothing is in halves", async () => {
      const events = await wholeEvents(target);
      expect(kept.filter((id) => !events.has(id))).toEqual([]);
      const { accepted: counted, unaccounted } = (await target.as("busy")("GET", "/v1/ledger")).body;
      expect({ counted, unaccounted }).toEqual({ counted: events.size * people.length * 5, unaccounted: 0 });
    });

    test("secrets open with the same keys, and parked channels leave what an admin chooses", async () => {
      const admin = await target.admin("late");
      expect((await admin("POST", "/channels/email/reveal", { field: "password" })).body).toMatchObject({ value: PASSWORD });
      const email = async () => (await admin("GET", "/channels/email")).body;
      await until(async () => (await email()).parked === 5, "all five are parked", 30_000);
      expect(await email()).toMatchObject({ enabled: false, switched: { by: "restore" } });
      expect((await admin("POST", "/channels/email/enable", { release: "urgent" })).status).toBe(200);
      expect((await email()).parked).toBe(0);
      expect((await target.as("late")("GET", "/v1/ledger")).body).toMatchObject({ cancelled: 5, unaccounted: 0 });
    });

    test("what is there already is left alone", async () => {
      if (to === "workers")
        expect(await send("--org", "small")).toMatchObject({
          status: 1,
          out: expect.stringContaining("The organisation small exists already"),
        });
      expect((await fetch(`${target.carillon.credentials.url}/readyz`)).status).toBe(200);
    });
  });
});

describe("an archive of a data folder", () => {
  const source = new House("deno");
  const target = new House("workers");
  const file = join(folder, "folder.tar.gz");
  let before: Json;

  beforeAll(async () => {
    await Promise.all([source.fill(), target.carillon.start()]);
    target.keys = source.keys;
    before = { small: await source.look("small"), large: await source.look("large") };
    expect(await command(["backup", file], { CARILLON_DATA: source.carillon.data })).toMatchObject({ status: 0 });
  }, 180_000);
  afterAll(() => Promise.all([source.carillon.dispose(), target.carillon.dispose()]), 60_000);

  const restarted = async (n: number) => {
    if (n !== 5) return;
    await target.carillon.kill();
    await target.carillon.start();
  };

  test("comes to Workers, also when workerd is killed in the middle, and answers are lost", async () => {
    const front = await inFront(target.carillon, `"act":"rows"`, restarted);
    expect(await command(["restore", file, "--url", front.url, "--org", "large"], at(target.carillon))).toMatchObject({ status: 0 });
    front.stop();
    const losing = await inFront(target.carillon, `"org":"small"`, (n) => (n % 7 === 0 ? "lose" : undefined));
    expect(await command(["restore", file, "--url", losing.url, "--org", "small"], at(target.carillon))).toMatchObject({ status: 0 });
    losing.stop();
    expect({ small: await target.look("small"), large: await target.look("large") }).toEqual(before);
  }, 120_000);

  test("is made of Workers also when workerd is killed in the middle, and is the same once it has come to a folder", async () => {
    const again = join(folder, "again.tar.gz");
    const front = await inFront(target.carillon, `"act":"page"`, restarted);
    expect(await command(["backup", again, "--url", front.url], at(target.carillon))).toMatchObject({ status: 0 });
    front.stop();
    const parts = [file, again].map((archive, n) => ({ archive, folder: join(folder, `parts${n}`) }));
    for (const part of parts) await unpackBackup(part.archive, part.folder);
    const rowsOf = (part: string, name: string) => {
      const sql = openSql(join(part, "shards", name));
      const rows = tablesOf(sql)
        .filter((table) => table.name !== "audit" && table.name !== "meta")
        .map((table) => [table.name, readPage(sql, table, null, Infinity)]);
      sql.close();
      return rows;
    };
    for (const name of ["small.0.db", "large.0.db", "large.1.db", "large.2.db", "large.3.db"])
      expect(rowsOf(parts[1]!.folder, name), name).toEqual(rowsOf(parts[0]!.folder, name));
  }, 120_000);

  test("does not come to where the token is another, and the command says so", async () => {
    const words = ["restore", file, "--url", target.carillon.credentials.url];
    expect(await command(words, { CARILLON_BOOTSTRAP_TOKEN: "another" })).toMatchObject({
      status: 1,
      out: expect.stringContaining("401: The bootstrap token is missing or wrong"),
    });
    expect(await command(words, {})).toMatchObject({ status: 1, out: expect.stringContaining("CARILLON_BOOTSTRAP_TOKEN must be") });
  });
});
