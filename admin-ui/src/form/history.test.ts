import { expect, test } from "vitest";
import { begun, redone, stepped, undone } from "./history.ts";

test("steps are taken back one by one and taken again", () => {
  const history = stepped(stepped(begun("a"), "b"), "c");
  expect(undone(history).present).toBe("b");
  expect(undone(undone(history)).present).toBe("a");
  expect(redone(undone(history))).toEqual(history);
});

test("at either end nothing happens", () => {
  expect(undone(begun("a"))).toEqual(begun("a"));
  expect(redone(begun("a"))).toEqual(begun("a"));
});

test("a new step forgets what was undone", () => {
  expect(redone(stepped(undone(stepped(begun("a"), "b")), "c")).present).toBe("c");
});
