import { expect, test } from "vitest";
import { changedLeaves, changedPaths, leavesOf, withLeaves } from "./paths.ts";

const saved = { host: "smtp.example.com", port: 587, oauth: { tenant: "", clientId: "a" }, origins: ["https://a.example"] };

test("a form's values lie flat under their paths, lists in one piece", () => {
  expect(leavesOf(saved)).toEqual({
    host: "smtp.example.com",
    port: 587,
    "oauth.tenant": "",
    "oauth.clientId": "a",
    origins: ["https://a.example"],
  });
});

test("only what differs has changed", () => {
  expect(changedPaths(saved, { ...saved, port: 465, oauth: { tenant: "", clientId: "b" } })).toEqual(["port", "oauth.clientId"]);
  expect(changedPaths(saved, structuredClone(saved))).toEqual([]);
  expect(changedPaths(saved, { ...saved, origins: [] })).toEqual(["origins"]);
});

test("an absent value is no change from an empty one", () => {
  expect(changedPaths({ replyTo: "" }, {})).toEqual([]);
  expect(changedPaths({}, { oauth: { tenant: "" } })).toEqual([]);
});

test("what was typed after a form was sent is laid over what came back", () => {
  const typedOn = { ...saved, host: "smtp2.example.com" };
  expect(withLeaves({ ...saved, port: 465 }, changedLeaves(saved, typedOn))).toEqual({ ...saved, port: 465, host: "smtp2.example.com" });
});

test("leaves are put in place without touching the original", () => {
  expect(withLeaves(saved, { port: 25, "oauth.clientId": "z" })).toEqual({ ...saved, port: 25, oauth: { tenant: "", clientId: "z" } });
  expect(withLeaves({ host: "h" } as object, { "oauth.tenant": "t" })).toEqual({ host: "h", oauth: { tenant: "t" } });
  expect(saved.port).toBe(587);
});
