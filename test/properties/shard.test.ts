import { expect, test } from "vitest";
import type { Rules } from "@carillon/shared/decide";
import { defaultRouting } from "@carillon/shared/event-types";
import { initialQuietHours } from "@carillon/shared/quiet-hours";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { openSql, type HostSql } from "@carillon/worker/adapters/node-sqlite";
import type { OutcomeKind } from "@carillon/worker/channels/channel";
import type { Claim } from "@carillon/worker/shard/calls";
import { Shard } from "@carillon/worker/shard/shard";
import { pick, randomFrom, seeds, whole } from "./seeds.ts";

const T0 = Date.UTC(2026, 10, 23, 9);
const PEOPLE = ["u1", "u2", "u3", "u4"];

/** A shard whose process dies and comes back, whose turns are rolled back, and whose mail is written down as it is sent. */
class World {
  readonly random: () => number;
  readonly sql: HostSql = openSql(":memory:");
  shard: Shard;
  now = T0;
  version = 1;
  isOn = true;
  accepted: { id: string; person: string }[] = [];
  /** Every mail that left the house, in order. */
  sent: { event: string; person: string; isAgain: boolean }[] = [];
  jobs: { number: string; claim: Claim }[] = [];
  #number = 0;

  constructor(seed: number) {
    this.random = randomFrom(seed);
    this.shard = this.#open();
    this.turn(() => this.shard.apply(this.#rules()));
  }

  /** One call in its transaction; now and then the commit fails and the caller comes again. */
  turn<Answer>(work: () => Answer): Answer {
    for (;;) {
      this.sql.begin();
      const answer = work();
      this.shard.beforeCommit();
      if (this.random() < 0.03) {
        this.sql.rollback();
        this.shard.forget();
        continue;
      }
      this.sql.commit();
      this.shard.takeTold();
      return answer;
    }
  }

  accept(): void {
    const id = `e${this.accepted.length}`;
    const people = PEOPLE.filter(() => this.random() < 0.5);
    if (people.length === 0) return;
    const input = {
      id,
      type: "task_assigned",
      recipients: people.map((person) => ({ id: person, email: `${person}@example.com` })),
      ...(this.random() < 0.1 ? { deliverAt: new Date(this.now + whole(this.random, 1_000, 90_000)).toISOString() } : {}),
    };
    const event = toEvent(eventSchema.parse(input), id);
    const call = () => this.shard.accept({ version: this.version, events: [{ event, hash: id }] });
    this.turn(call);
    if (this.random() < 0.2) this.turn(call); // The CRM did not hear the answer.
    if (!("deliverAt" in input)) this.accepted.push(...people.map((person) => ({ id, person })));
    else this.accepted.push(...people.map((person) => ({ id: `${id}+`, person })));
  }

  begin(): void {
    const number = `job${this.#number++}`;
    const served = this.turn(() => this.shard.begin({ version: this.version, channel: "email", job: { at: this.now, number } }));
    if (!("behind" in served) && served.claim) this.jobs.push({ number, claim: served.claim });
  }

  /** One job sends its claim and settles it; or dies before, between or after. */
  step(kind: OutcomeKind, death: "none" | "before-send" | "before-settle"): void {
    const job = this.jobs.length > 0 ? pick(this.random, this.jobs) : null;
    if (!job) return;
    if (death !== "before-send" && kind !== "retry") {
      const { event, to } = job.claim.message;
      this.sent.push({ event: event.id, person: to.id, isAgain: job.claim.attempt > 1 });
    }
    if (death !== "none") {
      this.jobs.splice(this.jobs.indexOf(job), 1);
      return;
    }
    const { number, claim } = job;
    const served = this.turn(() =>
      this.shard.next({
        version: this.version,
        channel: "email",
        job: { at: this.now, number },
        claim: claim.id,
        outcome: { kind },
        ms: 1,
        isLast: false,
      }),
    );
    if (served.claim) job.claim = served.claim;
    else this.jobs.splice(this.jobs.indexOf(job), 1);
  }

  toggle(): void {
    this.isOn = !this.isOn;
    this.version++;
    this.turn(() => this.shard.apply(this.#rules()));
  }

  /** The process dies: what is in memory is gone, what was committed stays. */
  crash(): void {
    this.shard = this.#open();
    if (this.random() < 0.5) this.jobs = [];
  }

  drain(): void {
    if (!this.isOn) this.toggle();
    for (let round = 0; round < 300; round++) {
      this.now += 600_000; // Past the longest back-off in the end.
      this.turn(() => this.shard.alarm());
      this.begin();
      while (this.jobs.length > 0) this.step("ok", "none");
    }
  }

  balance() {
    const tally = this.shard.ledger({ from: null, to: null });
    const counted = this.shard.ledger({ from: T0 + 1 - 3_600_000, to: T0 + 3_599_999 });
    return { tally, counted };
  }

  #open(): Shard {
    return new Shard({
      sql: this.sql,
      clock: { now: () => this.now },
      org: "acme",
      shard: 0,
      random: this.random,
      randomId: () => `w${this.#number++}`,
    });
  }

  #rules(): Rules {
    return {
      version: this.version,
      gates: { "in-app": "on", email: this.isOn ? "on" : "off", sms: "unset", whatsapp: "unset", push: "unset" },
      cells: defaultRouting(),
      quietHours: initialQuietHours(),
      silentInQuietHours: true,
    };
  }
}

for (const seed of seeds("shard under random schedules", 60)) {
  test(`nothing is lost, doubled unannounced or out of order under random switching, deaths and repeats (seed ${seed})`, () => {
    const world = new World(seed);
    for (let act = 0; act < 250; act++) {
      const dice = world.random();
      world.now += whole(world.random, 0, 3_000);
      if (dice < 0.3) world.accept();
      else if (dice < 0.5) world.begin();
      else if (dice < 0.8)
        world.step(
          pick(world.random, ["ok", "ok", "ok", "retry", "ambiguous"]),
          pick(world.random, ["none", "none", "none", "none", "before-send", "before-settle"]),
        );
      else if (dice < 0.86) world.toggle();
      else if (dice < 0.9) world.crash();
      else if (dice < 0.95) world.turn(() => world.shard.alarm());
      else world.now += 61_000;
      if (act % 25 === 0) expect(world.shard.ledger({ from: null, to: null }).unaccounted).toBe(0);
    }
    world.drain();

    const ledger = world.shard.ledger({ from: null, to: null });
    const log = world.accepted.map(({ id, person }) => {
      const event = world.shard.event(id.replace("+", ""))!;
      return event.deliveries.find((delivery) => delivery.user === person && delivery.channel === "email")!;
    });
    expect(ledger).toMatchObject({ accepted: world.accepted.length * 5, held: 0, parked: 0, inFlight: 0, unaccounted: 0 });
    expect(world.balance().counted).toEqual(world.balance().tally);

    // Every delivery ended as sent, or failed after as many tries as are allowed; each send beyond the first was announced as ambiguous.
    for (const delivery of log) {
      const sends = world.sent.filter((mail) => mail.event === delivery.event && mail.person === delivery.user).length;
      const doubts = delivery.attempts.filter((attempt) => attempt.ambiguous).length;
      if (delivery.state === "sent") expect(sends, delivery.id).toBeGreaterThanOrEqual(1);
      else expect([delivery.state, delivery.attempts.length >= 8], delivery.id).toEqual(["failed", true]);
      expect(sends, delivery.id).toBeLessThanOrEqual(doubts + 1);
    }

    // Retries and scheduled ones aside, first sends to a person keep the order of acceptance.
    for (const person of PEOPLE) {
      const order = world.sent
        .filter(
          (mail) => mail.person === person && !mail.isAgain && world.accepted.some((one) => one.id === mail.event && one.person === person),
        )
        .map((mail) => Number(mail.event.slice(1)));
      const retried = new Set(
        log
          .filter((delivery) => delivery.user === person && delivery.attempts.length > 1)
          .map((delivery) => Number(delivery.event.slice(1))),
      );
      const first = order.filter((number) => !retried.has(number));
      expect(first, person).toEqual([...first].sort((a, b) => a - b));
    }
  });
}
