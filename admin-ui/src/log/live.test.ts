import type { Delivery } from "@carillon/shared/ledger";
import { expect, test } from "vitest";
import { withFresh } from "./live.ts";

const row = (id: string, state: Delivery["state"] = "sent"): Delivery => ({
  id,
  event: "e",
  type: "mention",
  user: "u1",
  channel: "email",
  state,
  reason: "matrix",
  at: "2026-11-23T12:00:00Z",
  attempts: [],
  receipts: [],
});
const shape = (rows: Delivery[]) => rows.map(({ id, state }) => `${id} ${state}`);

test("new rows go on top, known ones are renewed in place, older ones stay", () => {
  const next = withFresh([row("2", "queued"), row("1")], [row("3"), row("2", "sent")]);
  expect(shape(next.rows)).toEqual(["3 sent", "2 sent", "1 sent"]);
  expect([next.arrived, next.isAnew]).toEqual([["3"], false]);
});

test("after more than a page of news the rows begin anew", () => {
  const next = withFresh([row("1")], [row("9"), row("8")]);
  expect(shape(next.rows)).toEqual(["9 sent", "8 sent"]);
  expect(next.isAnew).toBe(true);
});

test("an empty log takes what comes", () => {
  expect(withFresh([], [row("1")])).toEqual({ rows: [row("1")], arrived: ["1"], isAnew: false });
  expect(shape(withFresh([row("1")], []).rows)).toEqual(["1 sent"]);
});
