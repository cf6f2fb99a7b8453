import { EVENT_TYPES } from "@carillon/shared/event-types";
import { expect, test } from "vitest";
import { cellsAt, moved } from "./grid.ts";

test("arrows go one cell on and stop at the edge", () => {
  expect(moved({ row: 1, column: 1 }, 14, "ArrowRight", false)).toEqual({ row: 1, column: 2 });
  expect(moved({ row: 14, column: 5 }, 14, "ArrowDown", false)).toEqual({ row: 14, column: 5 });
  expect(moved({ row: 0, column: 0 }, 14, "ArrowUp", false)).toEqual({ row: 0, column: 0 });
});

test("Home and End go to the ends of a row, with Ctrl to those of the grid", () => {
  expect(moved({ row: 3, column: 2 }, 14, "Home", false)).toEqual({ row: 3, column: 0 });
  expect(moved({ row: 3, column: 2 }, 14, "End", false)).toEqual({ row: 3, column: 5 });
  expect(moved({ row: 3, column: 2 }, 14, "Home", true)).toEqual({ row: 0, column: 0 });
  expect(moved({ row: 3, column: 2 }, 14, "End", true)).toEqual({ row: 14, column: 5 });
});

test("other keys move nothing", () => {
  expect(moved({ row: 3, column: 2 }, 14, "x", false)).toBeNull();
});

test("a head stands for its row or column, the corner for all", () => {
  expect(cellsAt(EVENT_TYPES, { row: 1, column: 3 })).toEqual([{ type: "task_assigned", channel: "sms" }]);
  expect(cellsAt(EVENT_TYPES, { row: 1, column: 0 }).map(({ channel }) => channel)).toEqual(["in-app", "email", "sms", "whatsapp", "push"]);
  expect(cellsAt(EVENT_TYPES, { row: 0, column: 3 })).toHaveLength(14);
  expect(cellsAt(EVENT_TYPES, { row: 0, column: 0 })).toHaveLength(70);
});
