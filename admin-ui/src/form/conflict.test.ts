import { expect, test } from "vitest";
import { chosenLeaves, conflictBetween, differences } from "./conflict.ts";
import { withLeaves } from "./paths.ts";

const base = { host: "old.example.com", port: 587, fromName: "CRM" };
const mine = { host: "mine.example.com", port: 587, fromName: "CRM" };
const theirs = { host: "theirs.example.com", port: 465, fromName: "CRM" };

test("a field both changed is proposed as mine, one that only they changed as theirs", () => {
  expect(differences(base, mine, theirs)).toEqual([
    { path: "host", mine: "mine.example.com", theirs: "theirs.example.com", proposed: "mine" },
    { path: "port", mine: 587, theirs: 465, proposed: "theirs" },
  ]);
});

test("the merged form has what was chosen for each field", () => {
  const found = differences(base, mine, theirs);
  expect(withLeaves(theirs, chosenLeaves(found, {}))).toEqual({ host: "mine.example.com", port: 465, fromName: "CRM" });
  expect(withLeaves(theirs, chosenLeaves(found, { host: "theirs", port: "mine" }))).toEqual({
    host: "theirs.example.com",
    port: 587,
    fromName: "CRM",
  });
});

test("equal forms have nothing to choose", () => {
  expect(differences(base, mine, { ...mine })).toEqual([]);
});

test("what only one of them added is kept without asking; a save that touched nothing of mine is harmless", () => {
  const base = { a: "1", b: "1" };
  const mine = { a: "2", b: "1", mine: { x: "new" } };
  const harmless = conflictBetween(base, mine, { ...base, theirs: { x: "new" } });
  expect(harmless).toEqual({
    asked: [{ path: "a", mine: "2", theirs: "1", proposed: "mine" }],
    added: { "mine.x": "new" },
    isHarmless: true,
  });
  const real = conflictBetween(base, mine, { a: "1", b: "3" });
  expect(real.asked.map(({ path, proposed }) => [path, proposed])).toEqual([
    ["a", "mine"],
    ["b", "theirs"],
  ]);
  expect(real.isHarmless).toBe(false);
  expect(conflictBetween(base, { ...base, mine: { x: "one" } }, { ...base, mine: { x: "other" } })).toMatchObject({
    asked: [{ path: "mine.x", mine: "one", theirs: "other" }],
    isHarmless: false,
  });
});
