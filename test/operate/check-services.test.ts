import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { upstashStore } from "@carillon/worker/adapters/upstash-redis";
import { checkServices, type Finding } from "@carillon/worker/local/check-services";
import { readOnlyToken } from "@carillon/worker/local/faces/redis/face";
import { startFaces } from "@carillon/worker/local/faces/start";
import { Instance } from "../harness/instance.ts";

const SECRETS = { redisToken: "redis-token", qstashToken: "qstash-token", qstashCurrentKey: "sig_current", qstashNextKey: "sig_next" };
const KEY = Buffer.alloc(32, 1).toString("base64");

let folder: string;
let faces: Awaited<ReturnType<typeof startFaces>>;
let publicUrl: string;
/** What the public address answers to wake-ups. */
let answers: number;
const receiver = createServer((request, response) => {
  response.writeHead(request.url === "/healthz" ? 200 : answers).end("{}");
});
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "carillon-check-"));
  faces = await startFaces({ data: folder, secrets: SECRETS, redisPort: 0, qstashPort: 0 });
  await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
  publicUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});
beforeEach(() => void (answers = 200));
afterAll(async () => {
  await faces.stop();
  receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

const environment = () => ({
  CARILLON_PUBLIC_URL: publicUrl,
  CARILLON_SETTINGS_KEYS: JSON.stringify({ k1: KEY }),
  UPSTASH_REDIS_REST_URL: faces.redisUrl,
  UPSTASH_REDIS_REST_TOKEN: SECRETS.redisToken,
  QSTASH_URL: faces.qstashUrl,
  QSTASH_TOKEN: SECRETS.qstashToken,
  QSTASH_CURRENT_SIGNING_KEY: SECRETS.qstashCurrentKey,
  QSTASH_NEXT_SIGNING_KEY: SECRETS.qstashNextKey,
});

async function check(change: Record<string, string | undefined> = {}): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of checkServices({ ...environment(), ...change })) findings.push(finding);
  expect(JSON.stringify(findings)).not.toMatch(/redis-token|qstash-token|sig_current|sig_next/);
  return findings;
}
const failed = (findings: Finding[]) => findings.filter(({ state }) => state === "failed");
const states = (findings: Finding[]) => findings.map(({ what, state }) => `${what}: ${state}`);

describe("the check of the real services", () => {
  test("is green where all is right, and leaves nothing behind", async () => {
    expect(states(await check())).toEqual([
      "Environment: ok",
      "Settings keys: ok",
      "Redis answers: ok",
      "Redis keeps what is written: ok",
      "Saved secrets open: ok",
      "QStash answers: ok",
      "Signing keys: ok",
      "Public address: ok",
      "A message from QStash arrives: ok",
    ]);
    const store = upstashStore({ url: faces.redisUrl, token: SECRETS.redisToken });
    expect(await store.run(["DBSIZE"])).toEqual([0]);
  });

  test.each([
    ["a public address that is none", { CARILLON_PUBLIC_URL: "carillon" }, "Environment", /https:\/\/carillon/],
    ["a missing companion", { UPSTASH_REDIS_REST_TOKEN: "" }, "Environment", /UPSTASH_REDIS_REST_TOKEN is missing/],
    ["a settings key of another length", { CARILLON_SETTINGS_KEYS: '{"k1":"c2hvcnQ="}' }, "Settings keys", /openssl rand -base64 32/],
    ["another database's token", { UPSTASH_REDIS_REST_TOKEN: "another" }, "Redis answers", /WRONGPASS.*copy the token/],
    [
      "a token that may only read",
      { UPSTASH_REDIS_REST_TOKEN: readOnlyToken(SECRETS.redisToken) },
      "Redis keeps what is written",
      /NOPERM.*standard token/,
    ],
    ["an address where nobody is", { UPSTASH_REDIS_REST_URL: "http://127.0.0.1:1" }, "Redis answers", /REST address/],
    ["another token of QStash", { QSTASH_TOKEN: "another" }, "QStash answers", /401.*copy it from/],
    ["a QStash that is not there", { QSTASH_URL: "http://127.0.0.1:1" }, "QStash answers", /QSTASH_URL names another/],
    ["other signing keys", { QSTASH_CURRENT_SIGNING_KEY: "sig_a", QSTASH_NEXT_SIGNING_KEY: "sig_b" }, "Signing keys", /refused until then/],
  ])("names %s, and what to do", async (_, change, what, words) => {
    const [first, ...more] = failed(await check(change));
    expect({ what: first?.what, more: more.length }).toEqual({ what, more: 0 });
    expect(`${first!.said} ${first!.remedy}`).toMatch(words);
  });

  test("signing keys the wrong way round still work, and are told", async () => {
    const change = { QSTASH_CURRENT_SIGNING_KEY: "sig_next", QSTASH_NEXT_SIGNING_KEY: "sig_current" };
    const keys = (await check(change)).find(({ what }) => what === "Signing keys");
    expect(keys).toMatchObject({ state: "ok", said: expect.stringContaining("the wrong way round") });
  });

  test("a deployment that refuses the signature is named", async () => {
    answers = 401;
    expect(failed(await check())).toMatchObject([
      { what: "A message from QStash arrives", remedy: expect.stringContaining("other signing keys") },
    ]);
  });

  test("before the first deploy the rest is checked all the same", async () => {
    const findings = await check({ CARILLON_PUBLIC_URL: "http://127.0.0.1:1" });
    expect(failed(findings)).toEqual([]);
    expect(findings.at(-1)).toMatchObject({ what: "Public address", state: "left" });
  });

  test("on Deno, what is embedded is not checked", async () => {
    const findings = await check({ UPSTASH_REDIS_REST_URL: "", QSTASH_TOKEN: "" });
    expect(states(findings).slice(2)).toEqual(["Redis: left", "QStash: left"]);
  });
});

test("the command against a running Carillon: green with its keys, and red with another settings key", async () => {
  const carillon = await new Instance("workers").start();
  try {
    const { url, redisUrl, redisToken, qstashUrl, qstashToken, qstashCurrentKey, qstashNextKey } = carillon.credentials;
    const { settingsKey } = JSON.parse(readFileSync(join(carillon.data, "secrets.json"), "utf8")) as { settingsKey: string };
    const run = (key: string) =>
      spawnSync(process.execPath, ["worker/local/check-services-command.ts"], {
        cwd: resolve(import.meta.dirname, "../.."),
        encoding: "utf8",
        env: {
          PATH: process.env.PATH,
          CARILLON_PUBLIC_URL: url,
          CARILLON_SETTINGS_KEYS: JSON.stringify({ k1: key }),
          UPSTASH_REDIS_REST_URL: redisUrl,
          UPSTASH_REDIS_REST_TOKEN: redisToken,
          QSTASH_URL: qstashUrl,
          QSTASH_TOKEN: qstashToken,
          QSTASH_CURRENT_SIGNING_KEY: qstashCurrentKey,
          QSTASH_NEXT_SIGNING_KEY: qstashNextKey,
        },
      });
    const right = run(settingsKey);
    expect(right.stdout).toContain("A message from QStash arrives: after");
    expect(right).toMatchObject({ status: 0, stdout: expect.stringContaining("Nothing is wrong") });
    const wrong = run(KEY);
    expect(wrong).toMatchObject({ status: 1, stdout: expect.stringContaining("those of demo do not") });
    expect(wrong.stdout + wrong.stderr).not.toContain(settingsKey);
  } finally {
    await carillon.dispose();
  }
}, 120_000);
