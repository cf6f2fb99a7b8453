import type { TestStage } from "@carillon/shared/channels";
import { expect, test } from "vitest";
import { isShownMessage, Refused, testBrowser, type Browser } from "./this-browser.ts";

const browser = (more: Partial<Browser> = {}) => {
  const calls: string[] = [];
  const made: Browser = {
    subscribe: async (key) => `subscribed with ${key}`,
    isShown: async () => true,
    unsubscribe: async () => void calls.push("unsubscribed"),
    ...more,
  };
  return { made, calls };
};
async function* lines(...stages: [string, boolean][]): AsyncGenerator<unknown> {
  for (const [stage, ok] of stages) yield { stage, ok, ms: 1 };
}
const run = async (one: Browser, send: (to: string) => AsyncIterable<unknown>, signal = new AbortController().signal) => {
  const seen: TestStage[] = [];
  for await (const stage of testBrowser(one, "key", send, signal)) seen.push(stage);
  return seen.map(({ stage, ok }) => [stage, ok]);
};
const GOOD: [string, boolean][] = [
  ["keys", true],
  ["subscription", true],
  ["accepted", true],
];

test("the browser's own confirmation is the last stage, and the test leaves no subscription behind", async () => {
  const { made, calls } = browser();
  let to = "";
  const send = (address: string) => {
    to = address;
    return lines(...GOOD, ["done", true]);
  };
  expect(await run(made, send)).toEqual([["permission", true], ...GOOD, ["shown", true], ["done", true]]);
  expect([to, calls]).toEqual(["subscribed with key", ["unsubscribed"]]);
});

test("a message that the browser never shows fails the test, though the push service took it", async () => {
  const { made, calls } = browser({ isShown: async () => false });
  expect((await run(made, () => lines(...GOOD, ["done", true]))).slice(-2)).toEqual([
    ["shown", false],
    ["done", false],
  ]);
  expect(calls).toEqual(["unsubscribed"]);
});

test("without permission nothing is sent; what the server refuses is not waited for", async () => {
  const blocked = browser({
    subscribe: async () => {
      throw new Refused("blocked");
    },
  });
  let wasSent = false;
  const send = () => {
    wasSent = true;
    return lines();
  };
  expect(await run(blocked.made, send)).toEqual([
    ["permission", false],
    ["done", false],
  ]);
  expect(wasSent).toBe(false);
  const waiting = browser({ isShown: () => new Promise(() => {}) });
  expect(await run(waiting.made, () => lines(["keys", true], ["subscription", false], ["done", false]))).toEqual([
    ["permission", true],
    ["keys", true],
    ["subscription", false],
    ["done", false],
  ]);
  expect(waiting.calls).toEqual(["unsubscribed"]);
});

test("a test that was stopped ends as stopped", async () => {
  const stop = new AbortController();
  const { made } = browser({
    isShown: async () => {
      stop.abort();
      return false;
    },
  });
  await expect(run(made, () => lines(["done", true]), stop.signal)).rejects.toThrow(/abort/i);
});

test("only a test's own message counts", () => {
  expect(isShownMessage({ type: "carillon:shown", id: "test.1" })).toBe(true);
  for (const other of [null, "x", {}, { type: "carillon:shown", id: "0-8" }, { type: "carillon:clicked", id: "test.1" }])
    expect(isShownMessage(other)).toBe(false);
});
