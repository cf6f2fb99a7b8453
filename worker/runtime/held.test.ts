import { expect, test } from "vitest";
import { Held } from "./held.ts";

test("whoever waits for a hold to end goes on in order of arrival", async () => {
  let heldMs = 1;
  const held = new Held(() => heldMs);
  const order: number[] = [];
  const all = [1, 2, 3].map((n) => held.wait()!.then(() => order.push(n)));
  await new Promise((later) => setTimeout(later, 20));
  expect(order).toEqual([]);
  heldMs = 0;
  await Promise.all(all);
  expect(order).toEqual([1, 2, 3]);
  expect(held.wait()).toBe(null);
});
