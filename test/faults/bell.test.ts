import { describe, expect, test } from "vitest";
import { createInbox, receive } from "../../admin-ui/embed/inbox.ts";
import { BellSocket } from "../harness/bell-socket.ts";
import { Instance, SHAPES, until, withShards, type Runtime } from "../harness/instance.ts";
import { seeds } from "../properties/seeds.ts";
import { describeBellRun, runBells, type BellOrder } from "./bell.ts";

const ITEMS: Record<Runtime, number> = { deno: 2_000, workers: 200 };
const ORDERS: Omit<BellOrder, "seed">[] = SHAPES.map(({ runtime, shards }) => ({ runtime, shards, items: ITEMS[runtime], kills: 1 }));
const [seed = 0] = seeds("bells", 1);

describe.concurrent("bells over cut lines and a kill", () => {
  test.each(ORDERS)(
    "every tab shows each of $items items once, with its marks and the right badge, on $runtime with $shards shards",
    async (order) => {
      const run = await runBells({ ...order, seed });
      console.log(describeBellRun(run));
      expect(run.wrong).toEqual([]);
      expect(run.posted).toBeGreaterThanOrEqual(order.items);
      expect(run.cuts).toBeGreaterThan(0);
      expect(run.marks).toBeGreaterThan(0);
    },
    180_000,
  );
});

describe.concurrent("a hello and a mark in one breath", () => {
  test.each(SHAPES)(
    "the view shows the mark, whatever the order in which the server got to them, on $runtime with $shards shards",
    async ({ runtime, shards }) => {
      const carillon = new Instance(runtime, withShards(shards));
      await carillon.start();
      try {
        const me = await carillon.me("x1");
        for (let round = 0; round < 10; round++) {
          const event = {
            id: `breath-${round}`,
            type: "task_assigned",
            recipients: ["x1"],
            data: { task: { title: "Call" }, actorName: "Kim" },
          };
          await carillon.api("POST", "/v1/events", event);
          const { id } = (await me("GET", "/inbox")).body.data[0];
          const bell = await BellSocket.connect(carillon, (await me("POST", "/socket-ticket")).body.ticket);
          bell.send({ type: "hello", after: 0 });
          bell.send({ type: "read", ids: [id] });
          await until(() => ["sync", "state"].every((type) => bell.frames.some((frame) => frame.type === type)), "sync and mark are heard");
          const inbox = createInbox(0);
          for (const frame of bell.frames) receive(inbox, frame, "now");
          expect({ unread: inbox.unread, isRead: inbox.items.get(id)!.readAt !== null }, `round ${round}`).toEqual({
            unread: 0,
            isRead: true,
          });
          bell.close();
        }
      } finally {
        await carillon.dispose();
      }
    },
    120_000,
  );
});
