import { describe, expect, test } from "vitest";
import { seeds } from "../properties/seeds.ts";
import { describeBellRun, runBells, type BellOrder } from "./bell.ts";

const ORDERS: Omit<BellOrder, "seed">[] = [
  { runtime: "deno", items: 2_000, kills: 1 },
  { runtime: "workers", items: 200, kills: 1 },
];
const [seed = 0] = seeds("bells", 1);

describe.concurrent("bells over cut lines and a kill", () => {
  test.each(ORDERS)(
    "every tab shows each of $items items once, with its marks and the right badge, on $runtime",
    async (order) => {
      const run = await runBells({ ...order, seed });
      console.log(describeBellRun(run));
      expect(run.wrong).toEqual([]);
      expect(run.posted).toBeGreaterThanOrEqual(order.items);
      expect(run.cuts).toBeGreaterThan(0);
      expect(run.marks).toBeGreaterThan(0);
    },
    120_000,
  );
});
