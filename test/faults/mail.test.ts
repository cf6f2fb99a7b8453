import { describe, expect, test } from "vitest";
import type { Delivery } from "@carillon/shared/ledger";
import { Instance, SHAPES, sleep, until, withShards } from "../harness/instance.ts";
import { nameIn } from "../harness/shards.ts";
import { POINTS, startDeadlyMailServer, type DeadlyMailServer, type Point } from "./deadly-mail-server.ts";
import { EmailChannel } from "./email-channel.ts";

/** A lease of a minute, and the time for the timer, the queue and the mail itself. */
const RESENT_WITHIN_MS = 75_000;
const DIES_WITHIN_MS = 10_000;

/** Who is told at each point. Of two people of one shard the first is already settled when the second is claimed. */
const peopleAt = (point: Point, shards: number): string[] =>
  point === "claim" ? ["claim-first", "claim-second"].map((name) => nameIn(0, shards, name)) : [point];

type Deaths = { server: DeadlyMailServer; deliveries: Map<string, Delivery>; slowestMs: number };

describe.concurrent("killed at each point of a delivery", () => {
  test.each(SHAPES)(
    "every mail is sent, at most once more than needed, and then it says so, on $runtime with $shards shards",
    async ({ runtime, shards }) => {
      const carillon = new Instance(runtime, withShards(shards));
      try {
        const deaths = await dieEverywhere(carillon, shards);
        const tell = (person: string) => storyOf(person, deaths);
        const [first, second] = peopleAt("claim", shards) as [string, string];
        console.log(`${runtime}, ${shards} shards: the last mail was resent ${deaths.slowestMs} ms after the kill`);

        // What was settled stays settled; what was only claimed or connected is in doubt and goes once.
        expect(tell(first)).toEqual({ state: "sent", outcomes: ["ok"], bodies: 1, messageIds: 1 });
        for (const person of ["connect", second])
          expect(tell(person), person).toEqual({ state: "sent", outcomes: ["ambiguous", "ok"], bodies: 1, messageIds: 1 });
        // Once the body is handed over nobody knows: it goes again, under the same Message-ID, and is flagged.
        for (const person of ["data", "answer"])
          expect(tell(person), person).toEqual({ state: "sent", outcomes: ["ambiguous", "ok"], bodies: 2, messageIds: 1 });
        // The answer was said and the process died while it may have been settling: either way, but never unannounced.
        const settle = tell("settle");
        expect(settle).toEqual({
          state: "sent",
          outcomes: settle.bodies === 1 ? ["ok"] : ["ambiguous", "ok"],
          bodies: settle.bodies,
          messageIds: 1,
        });
        expect((await carillon.api("GET", "/v1/ledger")).body).toMatchObject({ inFlight: 0, unaccounted: 0, sent: 6 });
        expect(deaths.slowestMs).toBeLessThan(RESENT_WITHIN_MS);
        await deaths.server.stop();
      } finally {
        await carillon.dispose();
      }
    },
    240_000,
  );
});

async function dieEverywhere(carillon: Instance, shards: number): Promise<Deaths> {
  await carillon.start();
  const server = await startDeadlyMailServer(carillon);
  await (await EmailChannel.of(carillon)).use({ port: server.port });
  const diedAt = new Map<string, number>();
  for (const point of POINTS) {
    const email = await EmailChannel.of(carillon);
    const dead = server.killAt(point);
    const people = peopleAt(point, shards);
    await email.tell(`at-${point}`, people);
    await Promise.race([dead, sleep(DIES_WITHIN_MS).then(() => Promise.reject(new Error(`Nobody came to the point ${point}`)))]);
    for (const person of people) diedAt.set(person, Date.now());
    await carillon.start();
  }
  const email = await EmailChannel.of(carillon);
  const deliveries = new Map<string, Delivery>();
  let slowestMs = 0;
  for (const [person, died] of diedAt) {
    await until(async () => (await email.mailOf(person)).state === "sent", `the mail to ${person} is sent`, RESENT_WITHIN_MS + 20_000);
    deliveries.set(person, await email.mailOf(person));
    const last = server.handedOver.findLast(({ to }) => to === `${person}@example.com`);
    slowestMs = Math.max(slowestMs, (last?.at ?? Infinity) - died);
  }
  return { server, deliveries, slowestMs };
}

/** What the log says of a person's mail, and what the server saw of it. */
function storyOf(person: string, { server, deliveries }: Deaths) {
  const { id, state, attempts } = deliveries.get(person)!;
  const bodies = server.handedOver.filter(({ delivery }) => delivery === id);
  for (const attempt of attempts) expect(attempt.ambiguous, person).toBe(attempt.outcome === "ambiguous");
  return {
    state,
    outcomes: attempts.map(({ outcome }) => outcome),
    bodies: bodies.length,
    messageIds: new Set(bodies.map(({ messageId }) => messageId)).size,
  };
}
