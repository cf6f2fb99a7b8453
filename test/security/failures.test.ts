import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Unavailable } from "@carillon/worker/errors";
import { createApp } from "@carillon/worker/app";
import type { Outside, Store } from "@carillon/worker/ports";
import { ORIGIN, startApp, type House } from "../harness/app.ts";
import { canaryOf, leaksIn } from "./leaks.ts";

const SECRET = "Canary-in-the-failure-0123456789";
const CANARIES = [canaryOf("the secret", SECRET)];

let house: House;
let admin: Record<string, string>;
let printed: string;
beforeEach(async () => {
  house = await startApp();
  admin = await house.signIn("owner");
  printed = "";
  const print = (...words: unknown[]) =>
    void (printed += words.map((word) => (word instanceof Error ? word.stack : String(word))).join(" "));
  for (const level of ["log", "info", "warn", "error"] as const) vi.spyOn(console, level).mockImplementation(print);
});
afterEach(() => vi.restoreAllMocks());

const settings = { host: "smtp.example.com", port: 587, username: "crm", encryption: "tls", fromAddress: "crm@example.com" };

/** Saves a secret while something is out of order. */
async function save(outside: Partial<Outside>) {
  const app = createApp({ ...house.outside, ...outside });
  const body = JSON.stringify({ version: 1, settings, secrets: { password: SECRET } });
  const headers = { "content-type": "application/json", ...admin };
  const answer = await app(new Request(`${ORIGIN}/admin/api/channels/email`, { method: "PUT", headers, body }));
  await house.settle();
  return { status: answer.status, text: await answer.text(), retryAfter: answer.headers.get("retry-after") };
}

/** A store that works until something is written, and then fails like this. */
function failingStore(fail: (words: string) => Error): Store {
  const { store } = house;
  const run: Store["run"] = async (...commands) => {
    if (commands.some(([name]) => /SET/.test(name))) throw fail(JSON.stringify(commands));
    return store.run(...commands);
  };
  return { ...store, run, atomic: run, isReady: async () => false };
}

describe("a failure while a secret is saved", () => {
  test("of the store is answered 503 with the time to wait, and repeats nothing", async () => {
    const { status, text, retryAfter } = await save({ store: failingStore((words) => new Unavailable("store", new Error(words))) });
    expect({ status, retryAfter }).toEqual({ status: 503, retryAfter: "10" });
    expect(leaksIn(text + printed, CANARIES)).toEqual([]);
  });

  test("of a shard is answered 503, and repeats nothing", async () => {
    house.shards.isAway = true;
    const { status, text, retryAfter } = await save({});
    expect({ status, retryAfter }).toEqual({ status: 503, retryAfter: "1" });
    expect(leaksIn(text + printed, CANARIES)).toEqual([]);
  });

  test("that nobody thought of is answered 500 with a request id and without a word of its own", async () => {
    const { status, text } = await save({ store: failingStore(() => new TypeError("cannot read properties of undefined")) });
    expect({ status, ...JSON.parse(text) }).toEqual({
      status: 500,
      type: "about:blank",
      title: "Internal error",
      code: "internal",
      detail: "Something went wrong on our side. The request id helps to find it.",
      requestId: expect.any(String),
    });
    expect(printed).toContain(JSON.parse(text).requestId);
    expect(leaksIn(text + printed, CANARIES)).toEqual([]);
  });

  test("of the vault stores nothing, and repeats nothing", async () => {
    const vault = { ...house.outside.vault, seal: async (): Promise<string> => Promise.reject(new Error("the key is gone")) };
    const before = JSON.stringify(await house.store.run(["HGETALL", "settings:acme"]));
    const { status, text } = await save({ vault });
    expect(status).toBe(500);
    expect(JSON.stringify(await house.store.run(["HGETALL", "settings:acme"]))).toBe(before);
    expect(leaksIn(text + printed, CANARIES)).toEqual([]);
  });
});

test("a CRM's mistake is told with a request id, in a batch as well", async () => {
  const one = await house.call("POST", "/v1/events", { type: "nonsense", recipients: ["u1"] }, house.key);
  const many = await house.call("POST", "/v1/events", { events: [{ type: "nonsense", recipients: ["u1"] }] }, house.key);
  expect(one.body).toMatchObject({ status: 422, requestId: expect.any(String) });
  expect(many.body.results).toMatchObject([{ status: 422, requestId: expect.any(String) }]);
});
