import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ORIGIN, startApp, type House } from "../harness/app.ts";
import { Instance } from "../harness/instance.ts";

const TOKEN = { authorization: "Bearer the-bootstrap-token" };
const SECRET = "a-secret-that-stays-sealed";
const folder = mkdtempSync(join(tmpdir(), "carillon-settings-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = { host: "smtp.example.com", port: 587, username: "crm", encryption: "tls", fromAddress: "crm@example.com" };

/** A house with a second organisation, which has set email up; answers its key and all lines of settings. */
async function exported() {
  const house = await startApp();
  const key = await house.found("moved");
  const admin = await house.signIn("owner", key);
  await house.call("PUT", "/admin/api/channels/email", { version: 1, settings, secrets: { password: SECRET } }, admin);
  await house.call("POST", "/admin/api/channels/email/enable", {}, admin);
  const { text } = await house.call("GET", "/internal/settings", undefined, TOKEN);
  const lines = text.split("\n").filter(Boolean);
  return { house, key, lines: lines.filter((line) => JSON.parse(line).org === "moved"), text };
}
const send = (house: House, line: string) => house.call("POST", "/internal/settings", JSON.parse(line), TOKEN);

describe("the settings as lines", () => {
  test("hold no secret and no key in plain, and nobody sees them but with the bootstrap token", async () => {
    const { house, key, text } = await exported();
    expect(text).toContain("v1.k1.");
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain(key["authorization"]!.slice(-43));
    for (const headers of [{}, key, await house.signIn("owner")]) {
      const { status } = await house.call("GET", "/internal/settings", undefined, { origin: ORIGIN, ...headers });
      expect(status).toBe(401);
    }
  });

  test("are closed to everybody for the rest of a minute after twenty wrong tokens", async () => {
    const { house } = await exported();
    const guess = async (token: string) =>
      (await house.call("GET", "/internal/settings", undefined, { authorization: `Bearer ${token}` })).status;
    for (let n = 0; n < 20; n++) expect(await guess(`guess-${n}`)).toBe(401);
    expect(await guess("the-bootstrap-token")).toBe(429);
    house.clock.pass(60_000);
    expect(await guess("the-bootstrap-token")).toBe(200);
  });

  test("make the organisation anew elsewhere: its key works, its settings and their history are the same", async () => {
    const { house: before, key, lines } = await exported();
    const after = await startApp();
    for (const line of lines) expect((await send(after, line)).status).toBe(200);
    const posted = await after.call("POST", "/v1/events", { id: "e1", type: "mention", recipients: ["u1"], data: { text: "e1" } }, key);
    expect(posted.status).toBe(202);
    const look = async (house: House, path: string) => (await house.call("GET", path, undefined, await house.signIn("owner", key))).body;
    for (const path of ["/admin/api/channels/email", "/admin/api/routing", "/admin/api/settings/history"])
      expect(await look(after, path)).toEqual(await look(before, path));
    const admin = await after.signIn("owner", key);
    const revealed = await after.call("POST", "/admin/api/channels/email/reveal", { field: "password" }, admin);
    expect(revealed.body).toMatchObject({ value: SECRET });
  });

  test("change nothing of an organisation that is there", async () => {
    const { house, lines } = await exported();
    const before = house.store.commands.length;
    for (const line of lines) expect(await send(house, line)).toMatchObject({ status: 409, body: { code: "restore.exists" } });
    expect(
      house.store.commands.slice(before).filter(([name, key]) => /SET|DEL|ADD/.test(String(name)) && !String(key).startsWith("rate:")),
    ).toEqual([]);
  });

  test.each([
    ["another version", (line: string) => line.replace(/"version":\d+/, '"version":77')],
    ["a cut text", (line: string) => JSON.stringify({ ...JSON.parse(line), settings: "{" })],
    ["no text", (line: string) => JSON.stringify({ ...JSON.parse(line), settings: {} })],
    ["a name that is none", (line: string) => line.replace('"moved"', '"../moved"')],
  ])("are refused with %s", async (_, damage) => {
    const { lines } = await exported();
    expect((await send(await startApp(), damage(lines[0]!))).status).toBe(422);
  });

  test("a record without its settings makes no organisation", async () => {
    const { key, lines } = await exported();
    const after = await startApp();
    expect((await send(after, lines.at(-1)!)).status).toBe(422);
    expect((await after.call("GET", "/v1/ledger", undefined, key)).status).toBe(401);
  });
});

test("the command brings an organisation from Workers to a host of one's own", async () => {
  const [from, to] = [new Instance("workers"), new Instance("deno")];
  try {
    await Promise.all([from.start(), to.start()]);
    const tokenOf = ({ data }: Instance) =>
      (JSON.parse(readFileSync(join(data, "secrets.json"), "utf8")) as { bootstrapToken: string }).bootstrapToken;
    const founded = { org: "moved", name: "Moved", owner: { id: "o", name: "O", email: "o@example.com" }, shards: 2 };
    const { body } = await from.api("POST", "/internal/bootstrap", founded, { authorization: `Bearer ${tokenOf(from)}` });
    const file = join(folder, "settings.jsonl");
    const run = (act: string, carillon: Instance) =>
      spawnSync(process.execPath, ["worker/local/backup-command.ts", act, file, "--settings-of", carillon.credentials.url], {
        cwd: resolve(import.meta.dirname, "../.."),
        encoding: "utf8",
        env: { PATH: process.env.PATH, CARILLON_BOOTSTRAP_TOKEN: tokenOf(carillon) },
      });
    expect(run("backup", from)).toMatchObject({ status: 0, stdout: expect.stringContaining("settings of demo, moved") });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(run("restore", to)).toMatchObject({ status: 1, stderr: expect.stringContaining("The organisation demo exists already") });
    const lines = readFileSync(file, "utf8").split("\n");
    writeFileSync(file, lines.filter((line) => !line.includes('"org":"demo"')).join("\n"));
    expect(run("restore", to)).toMatchObject({ status: 0, stdout: expect.stringContaining("settings of moved") });
    const event = { id: "e1", type: "mention", recipients: ["u1", "u2", "u3"], data: { text: "e1" } };
    const posted = await to.api("POST", "/v1/events", event, { authorization: `Bearer ${body.apiKey}` });
    expect(posted).toMatchObject({ status: 202, body: { accepted: 3 } });
  } finally {
    await Promise.all([from.dispose(), to.dispose()]);
  }
}, 120_000);
