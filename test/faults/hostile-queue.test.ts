import { expect, test } from "vitest";
import { defaultRouting } from "@carillon/shared/event-types";
import { initialQuietHours } from "@carillon/shared/quiet-hours";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { openSql, type HostSql } from "@carillon/worker/adapters/node-sqlite";
import type { Claim, Wake } from "@carillon/worker/shard/calls";
import { Shard } from "@carillon/worker/shard/shard";
import { pick, randomFrom, seeds, whole } from "../properties/seeds.ts";

const T0 = Date.UTC(2026, 10, 23, 9);
const PEOPLE = ["u1", "u2", "u3", "u4", "u5"];
const SCHEDULES = 2_000;
/** A delivery may be sent this much after it is due when the queue loses two wake-ups in a row (I15). */
const LATEST_MS = 60_000;
/** And this much after a queue that refused everything takes wake-ups again (I14). */
const RECOVERY_MS = 30_000;
/** More wake-ups lost in a row than this, and nothing could be promised. */
const MOST_LOST_IN_A_ROW = 2;

type Hostility = { loses: boolean; outage: { from: number; to: number } | null };
type Due = { due: number; sentAt: number[] };

/** One shard with its timer, workers that answer wake-ups, and a queue that means harm; all of it in virtual time. */
class World {
  now = T0;
  readonly deliveries = new Map<string, Due>();
  readonly shard: Shard;
  readonly #random: () => number;
  readonly #hostility: Hostility;
  readonly #sql: HostSql = openSql(":memory:");
  #agenda: { at: number; act: () => void }[] = [];
  #ringsAt: number | null = null;
  #lostInARow = 0;
  #number = 0;

  constructor(random: () => number, hostility: Hostility) {
    this.#random = random;
    this.#hostility = hostility;
    this.shard = new Shard({
      sql: this.#sql,
      clock: { now: () => this.now },
      org: "acme",
      shard: 0,
      random,
      randomId: () => `w${this.#number++}`,
    });
    this.#turn(() =>
      this.shard.apply({
        version: 1,
        gates: { "in-app": "on", email: "on", sms: "unset", whatsapp: "unset", push: "unset" },
        cells: defaultRouting(),
        quietHours: initialQuietHours(),
        silentInQuietHours: true,
      }),
    );
  }

  plan(at: number, act: () => void): void {
    this.#agenda.push({ at: Math.max(at, this.now), act });
  }

  run(): void {
    for (let step = 0; this.#agenda.length > 0; step++) {
      if (step > 20_000) throw new Error("The schedule does not come to an end");
      const next = this.#agenda.reduce((earliest, entry) => (entry.at < earliest.at ? entry : earliest));
      this.#agenda.splice(this.#agenda.indexOf(next), 1);
      this.now = Math.max(this.now, next.at);
      next.act();
    }
  }

  close(): void {
    this.#sql.close();
  }

  accept(id: string, people: string[], deliverAt: number | null): void {
    const recipients = people.map((person) => ({ id: person, email: `${person}@example.com` }));
    const input = {
      id,
      type: "task_assigned",
      recipients,
      ...(deliverAt === null ? {} : { deliverAt: new Date(deliverAt).toISOString() }),
    };
    const event = toEvent(eventSchema.parse(input), id);
    const answer = this.#turn(() => this.shard.accept({ version: 1, events: [{ event, hash: id }] }));
    for (const person of people) this.deliveries.set(`${id} ${person}`, { due: deliverAt ?? this.now, sentAt: [] });
    if (!("behind" in answer)) this.#publish(answer.wakes);
  }

  /** What the pipeline's publish does, against this queue. */
  #publish(wakes: Wake[]): void {
    if (wakes.length === 0) return;
    const { outage } = this.#hostility;
    if (outage && this.now >= outage.from && this.now < outage.to) return this.#turn(() => this.shard.missed(wakes));
    for (const wake of wakes) for (const at of this.#fate(wake)) this.plan(at, () => this.#begin(wake));
    const later = wakes.filter((wake) => wake.at > this.now);
    if (later.length > 0) this.#turn(() => this.shard.confirm(later));
  }

  /** When a wake-up arrives: not at all, late, twice, too early, or as it should. */
  #fate(wake: Wake): number[] {
    const dice = this.#random();
    const due = Math.max(wake.at, this.now) + whole(this.#random, 0, 500);
    const isForLater = wake.at > this.now; // Any of these may be lost: those for now stand in for them.
    if (this.#hostility.loses && dice < 0.5 && (isForLater || this.#lostInARow < MOST_LOST_IN_A_ROW)) {
      if (!isForLater) this.#lostInARow++;
      return dice < 0.35 ? [] : [due + whole(this.#random, 5_000, 200_000)];
    }
    if (!isForLater) this.#lostInARow = 0;
    if (dice < 0.65) return [due, due + whole(this.#random, 0, 90_000)];
    if (dice < 0.75) return [this.now + whole(this.#random, 0, Math.max(0, wake.at - this.now)), due];
    return [due];
  }

  #begin(wake: Wake): void {
    const job = { at: wake.at, number: wake.number };
    const served = this.#turn(() => this.shard.begin({ version: 1, channel: "email", job }));
    if ("behind" in served) throw new Error("The shard has the newest rules");
    this.#publish(served.wakes);
    if (served.claim) this.#send(wake, served.claim);
  }

  #send(wake: Wake, claim: Claim): void {
    const ms = whole(this.#random, 1, 400);
    this.plan(this.now + ms, () => {
      this.deliveries.get(`${claim.message.event.id} ${claim.message.to.id}`)!.sentAt.push(this.now);
      const served = this.#turn(() =>
        this.shard.next({
          version: 1,
          channel: "email",
          job: { at: wake.at, number: wake.number },
          claim: claim.id,
          outcome: { kind: "ok" },
          ms,
          // A job that ends early asks for another one, which a queue that loses may lose twice again.
          isLast: !this.#hostility.loses && this.#random() < 0.2,
        }),
      );
      this.#publish(served.wakes);
      if (served.claim) this.#send(wake, served.claim);
    });
  }

  #turn<Answer>(work: () => Answer): Answer {
    this.#sql.begin();
    const answer = work();
    this.shard.beforeCommit();
    this.#sql.commit();
    const alarm = this.shard.takeAlarm();
    if (alarm !== null) this.#arm(alarm);
    return answer;
  }

  /** As both runtimes do it: only ever earlier. */
  #arm(at: number): void {
    if (this.#ringsAt !== null && this.#ringsAt <= at) return;
    this.#ringsAt = at;
    this.plan(at, () => {
      if (this.#ringsAt !== at) return;
      this.#ringsAt = null;
      this.#publish(this.#turn(() => this.shard.alarm()).wakes);
      const next = this.shard.nextAlarm();
      if (next !== null) this.#arm(next);
    });
  }
}

const [first = 0] = seeds("hostile queue", 1);

test(`whatever the queue does, all that is due is sent once, in time and never early, over ${SCHEDULES} schedules`, () => {
  for (let seed = first; seed < first + SCHEDULES; seed++) {
    const random = randomFrom(seed);
    const isOutage = random() < 0.3;
    const from = T0 + whole(random, 0, 60_000);
    const outage = isOutage ? { from, to: from + whole(random, 1_000, 120_000) } : null;
    const world = new World(random, { loses: !isOutage, outage });
    for (let index = 0; index < whole(random, 1, 8); index++) {
      const people = PEOPLE.filter(() => random() < 0.4);
      const at = T0 + whole(random, 0, 90_000);
      const deliverAt = random() < 0.2 ? at + whole(random, 1_000, 120_000) : null;
      world.plan(at, () => world.accept(`e${index}`, people.length > 0 ? people : [pick(random, PEOPLE)], deliverAt));
    }
    world.run();

    for (const [name, { due, sentAt }] of world.deliveries) {
      const words = `${name} (SEED=${seed})`;
      expect(sentAt, words).toHaveLength(1);
      const late = sentAt[0]! - due;
      expect(late, words).toBeGreaterThanOrEqual(0);
      const lateAfterOutage = outage && sentAt[0]! >= outage.from ? Math.min(late, sentAt[0]! - outage.to) : late;
      expect(lateAfterOutage, words).toBeLessThanOrEqual(outage ? RECOVERY_MS : LATEST_MS);
    }
    const { inFlight, held, unaccounted } = world.shard.ledger({ from: null, to: null });
    expect({ inFlight, held, unaccounted }, `SEED=${seed}`).toEqual({ inFlight: 0, held: 0, unaccounted: 0 });
    world.close();
  }
}, 180_000);
