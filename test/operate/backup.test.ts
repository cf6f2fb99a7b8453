import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { packBackup, takeBackup } from "@carillon/worker/local/backup";
import { sendRemoteBackup } from "@carillon/worker/local/remote-restore";
import { restoreBackup } from "@carillon/worker/local/restore";
import { migrate } from "@carillon/worker/shard/schema";
import { Instance, sleep, until } from "../harness/instance.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const people = Array.from({ length: 40 }, (_, n) => `p${n}`);
const folder = mkdtempSync(join(tmpdir(), "carillon-backup-"));
const file = join(folder, "carillon.tar.gz");

const before = new Instance("deno");
const after = new Instance("deno");
beforeAll(() => before.start(), 90_000);
afterAll(async () => {
  await before.dispose();
  await after.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** An organisation besides the one of the start; answers calls with its first API key. */
async function found(carillon: Instance, org: string, shards: number): Promise<string> {
  const { bootstrapToken } = JSON.parse(readFileSync(join(carillon.data, "secrets.json"), "utf8")) as { bootstrapToken: string };
  const owner = { id: "o", name: "Olga Owner", email: "olga@example.com" };
  const { body } = await carillon.api(
    "POST",
    "/internal/bootstrap",
    { org, name: org, owner, shards },
    { authorization: `Bearer ${bootstrapToken}` },
  );
  return body.apiKey;
}
const as = (carillon: Instance, key: string) => (method: string, path: string, body?: unknown) =>
  carillon.api(method, path, body, { authorization: `Bearer ${key}` });
const event = (id: string, recipients: string[]) => ({ id, type: "mention", recipients, data: { text: id } });

async function inboxOf(carillon: Instance, key: string, user: string) {
  const { body } = await as(carillon, key)("POST", "/v1/tokens", { user });
  return (await carillon.api("GET", "/v1/me/inbox?limit=100", undefined, { authorization: `Bearer ${body.token}` })).body;
}

test("a backup under load, restored elsewhere: what rested is equal, what had been accepted is there, and nothing is in halves", async () => {
  const quiet = await found(before, "quiet", 2);
  const busy = await found(before, "busy", 4);
  for (let n = 0; n < 30; n++) await as(before, quiet)("POST", "/v1/events", event(`q${n}`, people.slice(n, n + 5)));

  // Every event is for people of all four shards, so each is handed on while the copy is made.
  const acknowledged: { id: string; at: number }[] = [];
  const over = new AbortController();
  const post = async (line: number) => {
    for (let n = 0; !over.signal.aborted; n++) {
      const id = `b${line}-${n}`;
      const { status } = await as(before, busy)("POST", "/v1/events", event(id, people));
      if (status === 202) acknowledged.push({ id, at: Date.now() });
    }
  };
  const load = Promise.all([0, 1, 2, 3].map(post));
  await until(() => acknowledged.length > 100, "there is load");
  const { manifest, lockedMs } = await takeBackup({ data: before.data, file, withSecrets: true, env: {} });
  await sleep(300);
  over.abort();
  await load;
  console.log(`${acknowledged.length} events, held up for ${lockedMs.toFixed(1)} ms, ${statSync(file).size} bytes`);
  const kept = acknowledged.filter(({ at }) => at < Date.parse(manifest.at)).map(({ id }) => id);
  expect(kept.length).toBeGreaterThan(50);
  expect(kept.length).toBeLessThan(acknowledged.length);

  await restoreBackup({ data: after.data, file, env: {} });
  await after.start();
  expect((await as(after, quiet)("GET", "/v1/ledger")).body).toEqual((await as(before, quiet)("GET", "/v1/ledger")).body);
  for (const user of people.slice(0, 34)) expect(await inboxOf(after, quiet, user)).toEqual(await inboxOf(before, quiet, user));

  const inOrder = async () => (await as(after, busy)("GET", "/v1/ledger")).body;
  const events = await wholeEvents(after, busy);
  expect(kept.filter((id) => !events.has(id))).toEqual([]);
  const { accepted, delivered, skipped, inFlight, unaccounted } = await inOrder();
  expect({ accepted, delivered, skipped, inFlight, unaccounted }).toEqual({
    accepted: events.size * people.length * 5,
    delivered: events.size * people.length,
    skipped: events.size * people.length * 4,
    inFlight: 0,
    unaccounted: 0,
  });
  expect((await as(after, busy)("POST", "/v1/events", event(kept[0]!, people))).body.duplicate).toBe(true);
}, 120_000);

/** The ids of all events that the log has; each must be there for everybody, once what was still to be handed on is. */
async function wholeEvents(carillon: Instance, key: string): Promise<Set<string>> {
  const counts = async () => {
    const byEvent = new Map<string, number>();
    for (let cursor: string | null = ""; cursor !== null;) {
      const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const { body } = await as(carillon, key)("GET", `/v1/deliveries?channel=in-app&limit=100${query}`);
      for (const one of body.data as { event: string }[]) byEvent.set(one.event, (byEvent.get(one.event) ?? 0) + 1);
      cursor = body.next;
    }
    return byEvent;
  };
  let found = await counts();
  await until(async () => [...(found = await counts()).values()].every((count) => count === people.length), "every event is whole");
  return new Set(found.keys());
}

test("a backup without the secrets starts with those that were kept apart", async () => {
  const bare = join(folder, "bare.tar.gz");
  const third = new Instance("deno");
  try {
    await takeBackup({ data: before.data, file: bare, withSecrets: false, env: {} });
    copyFileSync(join(before.data, "secrets.json"), join(third.data, "secrets.json"));
    expect((await restoreBackup({ data: third.data, file: bare, env: {} })).missingKeys).toEqual([]);
    await third.start();
    expect((await third.api("GET", "/v1/users/u1")).body).toEqual((await before.api("GET", "/v1/users/u1")).body);
    expect((await fetch(`${third.credentials.url}/readyz`)).status).toBe(200);
  } finally {
    await third.dispose();
  }
}, 60_000);

test("the command says what it did, and that the key is not in the file", () => {
  const other = join(folder, "without.tar.gz");
  const run = (...words: string[]) =>
    spawnSync(process.execPath, ["worker/local/backup-command.ts", ...words], {
      cwd: ROOT,
      encoding: "utf8",
      env: { ...process.env, CARILLON_DATA: before.data, CARILLON_SETTINGS_KEYS: "" },
    });
  const { stdout, status } = run("backup", other);
  expect(status).toBe(0);
  expect(stdout).toMatch(/databases, .* as of 20\d\d-/);
  expect(stdout).toContain("sealed with the settings key k1, which is not in it");
  const listed = spawnSync("tar", ["tzf", other], { encoding: "utf8" }).stdout.trim().split("\n");
  expect(listed.slice(0, 3)).toEqual(["manifest.json", "store.db", "queue.db"]);
  expect(listed).not.toContain("secrets.json");
  expect(statSync(other).mode & 0o777).toBe(0o600);
  expect(existsSync(`${other}.parts`)).toBe(false);
  expect(run("restore", other)).toMatchObject({ status: 1, stderr: expect.stringContaining("holds databases already") });
  expect(run("backup")).toMatchObject({ status: 1, stderr: expect.stringContaining("npm run backup -- <file>") });
});

/** A data folder with one small database. */
function smallFolder(name: string): { data: string; archive: string } {
  const data = mkdtempSync(join(folder, name));
  const sql = openSql(join(data, "store.db"));
  sql.exec(`CREATE TABLE t (x TEXT)`);
  sql.exec(`INSERT INTO t VALUES ('kept')`);
  sql.close();
  return { data, archive: join(data, "b.tar.gz") };
}
const KEYS = (letter: string) => ({ CARILLON_SETTINGS_KEYS: JSON.stringify({ k7: letter.repeat(44) }) });

test("a restore names the settings keys that are not there, or are others", async () => {
  const { data, archive } = smallFolder("keys-");
  await takeBackup({ data, file: archive, withSecrets: false, env: KEYS("a") });
  const restored = async (env: Record<string, string>) =>
    (await restoreBackup({ data: mkdtempSync(join(folder, "restored-")), file: archive, env })).missingKeys;
  expect(await restored({})).toEqual(["k7"]);
  expect(await restored(KEYS("b"))).toEqual(["k7"]);
  expect(await restored(KEYS("a"))).toEqual([]);
});

test("a cut or changed archive is refused, and nothing of it is put in place", async () => {
  const { data, archive } = smallFolder("broken-");
  await takeBackup({ data, file: archive, withSecrets: false, env: {} });
  const whole = readFileSync(archive);
  const { gunzipSync, gzipSync } = await import("node:zlib");
  const changed = gunzipSync(whole);
  changed[changed.indexOf("kept")] = 75;
  const cases = { cut: whole.subarray(0, whole.length - 40), changed: gzipSync(changed), foreign: gzipSync(Buffer.alloc(2_048, 1)) };
  for (const [name, bytes] of Object.entries(cases)) {
    const bad = join(folder, `${name}.tar.gz`);
    writeFileSync(bad, bytes);
    const target = mkdtempSync(join(folder, "target-"));
    await expect(restoreBackup({ data: target, file: bad, env: {} }), name).rejects.toThrow();
    expect(existsSync(join(target, "store.db"))).toBe(false);
  }
});

test("an archive of a newer Carillon is refused and called so, be it the archive's own form or a shard's", async () => {
  const { data, archive } = smallFolder("newer-");
  const shard = join(data, "shards");
  mkdirSync(shard);
  const sql = openSql(join(shard, "acme.0.db"));
  migrate(sql);
  sql.exec(`UPDATE schema_version SET version = 99`);
  sql.close();
  await takeBackup({ data, file: archive, withSecrets: false, env: {} });
  const target = () => mkdtempSync(join(folder, "target-"));
  await expect(restoreBackup({ data: target(), file: archive, env: {} })).rejects.toThrow(/acme\.0\.db was made by a newer Carillon/);

  await packBackup(
    archive,
    { format: "carillon-backup", version: 2 as 1, at: "", beside: [], settingsKeys: {}, hasSecrets: false },
    [],
    data,
    data,
  );
  await expect(restoreBackup({ data: target(), file: archive, env: {} })).rejects.toThrow(/newer Carillon \(version 2 of the archive\)/);
  writeFileSync(archive, "not even a gzip");
  await expect(restoreBackup({ data: target(), file: archive, env: {} })).rejects.toThrow();
});

test("channels can't be parked in a backup without settings, nor an organisation be brought elsewhere", async () => {
  const { data, archive } = smallFolder("redis-");
  await packBackup(
    archive,
    { format: "carillon-backup", version: 1, at: "", beside: [], settingsKeys: {}, hasSecrets: false },
    [],
    data,
    data,
  );
  const target = mkdtempSync(join(folder, "target-"));
  await expect(restoreBackup({ data: target, file: archive, env: {}, park: true })).rejects.toThrow(/settings are in Redis/);
  const remote = { address: "http://127.0.0.1:9", token: "t", file: archive, only: null, park: false };
  await expect(sendRemoteBackup(remote)).rejects.toThrow(/settings are in Redis.*--url/);
  expect(existsSync(`${archive}.restoring`)).toBe(false);
});

test("there is no backup of a folder without Carillon, nor of secrets that are not there", async () => {
  const options = { file: join(folder, "none.tar.gz"), env: {} };
  await expect(takeBackup({ ...options, data: mkdtempSync(join(folder, "empty-")), withSecrets: false })).rejects.toThrow(/no database/);
  await expect(takeBackup({ ...options, data: smallFolder("bare-").data, withSecrets: true })).rejects.toThrow(/in the environment/);
});
