import { describe, expect, test } from "vitest";
import { seeds } from "../properties/seeds.ts";
import { describeReport, runCampaign, type Order } from "./campaign.ts";

const ORDERS: Omit<Order, "seed">[] = [
  { runtime: "deno", shards: 1, accepts: 400, kills: 5, crowds: 1 },
  { runtime: "deno", shards: 4, accepts: 300, kills: 4, crowds: 1 },
  { runtime: "workers", shards: 1, accepts: 120, kills: 2, crowds: 1 },
  { runtime: "workers", shards: 4, accepts: 120, kills: 2, crowds: 1 },
];
const [seed = 0] = seeds("kill campaign", 1);

describe.concurrent("a power cut in the middle of everything", () => {
  test.each(ORDERS)(
    "loses nothing and doubles nothing unannounced: $accepts accepts over $kills kills on $runtime with $shards shards",
    async (order) => {
      const report = await runCampaign({ ...order, seed });
      console.log(describeReport(report));
      expect(report.wrong).toEqual([]);
      expect(report).toMatchObject({ events: order.accepts, account: { lost: 0, doubled: 0, items: report.people } });
      // A campaign in which no kill ever met a post has tested nothing.
      expect(report.repeats).toBeGreaterThan(0);
    },
    240_000,
  );
});
