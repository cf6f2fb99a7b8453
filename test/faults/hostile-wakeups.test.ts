import { describe, expect, test } from "vitest";
import { SHAPES, sleep, until } from "../harness/instance.ts";
import { startOutside } from "../harness/outside.ts";
import { startTcpProxy } from "../harness/tcp-proxy.ts";
import { randomFrom, seeds, whole } from "../properties/seeds.ts";
import { takeAccount } from "./account.ts";
import { Crm, type Posted } from "./crm.ts";
import { startHostileQstash } from "./hostile-qstash.ts";

const EVENTS = 60;
const PEOPLE = 8;
/** What lost its wake-up twice in a row is found by the second sweep. */
const LATEST_MS = 60_000;
const BUSY_MACHINE_MS = 30_000;
const [seed = 0] = seeds("hostile wake-ups", 1);

describe.concurrent("a queue that loses, doubles, delays and hurries wake-ups (I15)", () => {
  test.each(SHAPES)(
    "everything is sent once, nothing before its time, on $runtime with $shards shards",
    { timeout: 240_000 },
    async ({ runtime, shards }) => {
      const random = randomFrom(seed);
      const { carillon, qstash, stop } = await startOutside(runtime, shards, {
        redis: startTcpProxy,
        qstash: (port) => startHostileQstash(port, random),
      });
      try {
        const crm = new Crm(carillon);
        const dueAt = new Map<string, number>();
        for (let n = 0; n < EVENTS; n++) {
          const event = makeEvent(`e${n}`, whole(random, 0, PEOPLE - 1), random() < 0.3 ? Date.now() + whole(random, 1_500, 5_000) : null);
          dueAt.set(event.id, event.deliverAt === undefined ? 0 : Date.parse(event.deliverAt));
          await crm.post([event]);
          await sleep(whole(random, 0, 120));
        }
        const isDone = async () => {
          const { inFlight, held } = (await carillon.api("GET", "/v1/ledger")).body;
          return inFlight === 0 && held === 0;
        };
        await until(isDone, "all is sent", LATEST_MS + BUSY_MACHINE_MS);
        await sleep(1_000); // What comes twice has come.
        console.log(`${runtime}, ${shards} shards: wake-ups ${JSON.stringify(qstash.fates)}`);
        expect(await takeAccount(carillon, crm.accepted)).toMatchObject({ wrong: [], lost: 0, doubled: 0, mails: EVENTS });
        expect(crm.complaints).toEqual([]);
        for (const { id } of crm.accepted) {
          const { deliveries } = (await carillon.api("GET", `/v1/events/${id}`)).body;
          const attempts = deliveries.find(({ channel }: { channel: string }) => channel === "email").attempts;
          expect(Date.parse(attempts[0].at), id).toBeGreaterThanOrEqual(dueAt.get(id)!);
        }
        const { lost, twice, late, early } = qstash.fates;
        expect(lost + twice + late + early).toBeGreaterThan(5);
      } finally {
        qstash.beCalm();
        await stop();
      }
    },
  );
});

function makeEvent(id: string, person: number, deliverAt: number | null): Posted & { deliverAt?: string } {
  return {
    id,
    type: "task_assigned",
    recipients: [{ id: `p${person}`, email: `p${person}@example.com` }],
    data: { task: { title: `Call ${id}` }, actorName: "Kim" },
    ...(deliverAt === null ? {} : { deliverAt: new Date(deliverAt).toISOString() }),
  };
}
