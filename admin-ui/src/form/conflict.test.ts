import { expect, test } from "vitest";
import { chosenLeaves, differences } from "./conflict.ts";
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
