import { EXTERNAL_CHANNELS, type Channel, type ExternalChannel } from "@carillon/shared/channels";
import { eventSchema, toEvent } from "@carillon/shared/events";
import type { Release } from "@carillon/shared/settings";
import { openSql, type HostSql } from "@carillon/worker/adapters/node-sqlite";
import type { Outcome } from "@carillon/worker/channels/channel";
import type { Claim, Served, Wake } from "@carillon/worker/shard/calls";
import { publicId } from "@carillon/worker/shard/ledger/cells";
import { Shard } from "@carillon/worker/shard/shard";
import { rulesWith } from "../harness/rules.ts";
import { pick, randomFrom, whole } from "./seeds.ts";

export const T0 = Date.UTC(2026, 10, 23, 9);
export const PEOPLE = ["u1", "u2", "u3", "u4"];

/** How long a job may be silent before what it was sending is in doubt, ms. */
const LEASE = 60_000;
const DAY = 86_400_000;
const TEMPLATE = { name: "crm_task", language: "en" };
const RELEASES: Release[] = ["all", "all", "all", "urgent", "digest", "digest", { dropOlderThanDays: 0.0005 }, { dropOlderThanDays: 1 }];

export type Accepted = {
  event: string;
  number: number;
  person: string;
  at: number;
  isLater: boolean;
  isUrgent: boolean;
  expiresAt: number | null;
};
/** A message that has left: the delivery that it was claimed for, and all those that it tells of. */
export type Sent = { delivery: string; attempt: number; tells: string[]; person: string };
/** With the version of the settings that it goes by to its end. */
type Job = { at: number; number: string; version: number; claim: Claim; claimedAt: number };

/**
 * A shard with one external channel, all of whose surroundings fail: its process dies, its turns are rolled back, the queue loses,
 * doubles and shuffles wake-ups, jobs die before, between and after their sends, the provider tells of messages late and twice.
 * What leaves is written down as it leaves.
 */
export class World {
  readonly channel: ExternalChannel;
  readonly accepted: Accepted[] = [];
  readonly sent: Sent[] = [];
  /** Told later by the provider that it did not arrive: the delivery and the try. */
  readonly refused = new Set<string>();
  readonly cancelled = new Set<string>();
  readonly releases: { at: number; choice: Release }[] = [];
  readonly #random: () => number;
  #sql: HostSql = openSql(":memory:");
  #shard: Shard;
  #now = T0;
  #isOn = true;
  /** From then on nothing fails any more. */
  #isCalm = false;
  #version = 1;
  #jobs: Job[] = [];
  #wakes: Wake[] = [];
  #ringsAt: number | null = null;
  #events = 0;
  #number = 0;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
    this.channel = pick(this.#random, EXTERNAL_CHANNELS);
    this.#shard = this.#open();
    this.#call((shard) => shard.apply(this.#rules()));
    this.#call((shard) =>
      shard.putUsers(PEOPLE.map((id) => ({ id, fields: { email: `${id}@example.com`, phone: "+4915112345601", whatsappOptIn: true } }))),
    );
    for (const id of PEOPLE)
      this.#call((shard) => shard.putBrowser(id, { endpoint: `https://push.example.com/${id}`, p256dh: "key", auth: "auth" }));
  }

  /** One thing happens. */
  act(): void {
    const random = this.#random;
    this.#now += whole(random, 0, 3_000);
    const dice = random();
    if (dice < 0.25) this.#accept();
    else if (dice < 0.42) this.#bring();
    else if (dice < 0.72) this.#step(this.#answer(), this.#death());
    else if (dice < 0.79) this.#toggle(pick(random, RELEASES));
    else if (dice < 0.84) this.#hear();
    else if (dice < 0.88) this.#crash();
    else if (dice < 0.92) this.#ring();
    else if (dice < 0.93) this.#cancel();
    else if (dice < 0.94) this.#call((shard) => shard.templateUnusable(TEMPLATE, { why: "Paused", remedy: "Wait." }));
    else if (dice < 0.96) this.#help();
    else if (dice < 0.99) this.#now += LEASE + 1_000;
    else this.#now += whole(random, 3_600_000, 2 * DAY);
  }

  /** Lets everything come to its end: the queue brings what it has, the timer rings when it was asked to, every message arrives. */
  drain(): void {
    this.#isCalm = true;
    if (!this.#isOn) this.#toggle("all");
    this.#call((shard) => shard.templateUsable(null));
    for (let steps = 0; steps < 20_000; steps++) {
      const due = this.#wakes.findIndex(({ at }) => at <= this.#now);
      const next = Math.min(this.#ringsAt ?? Infinity, ...this.#wakes.map(({ at }) => at));
      if (this.#jobs.length > 0) this.#step({ kind: "ok" }, "none");
      else if (due >= 0) this.#begin(this.#wakes.splice(due, 1)[0]!);
      else if (next === Infinity) return;
      else {
        this.#now = Math.max(this.#now, next);
        this.#ring();
      }
    }
    throw new Error("It never comes to an end");
  }

  get now(): number {
    return this.#now;
  }

  get sql(): HostSql {
    return this.#sql;
  }

  get shard(): Shard {
    return this.#shard;
  }

  /** Goes on with a copy of the database, where neither the queue nor any job knows of it. */
  moveTo(sql: HostSql): void {
    this.#sql = sql;
    this.#shard = this.#open();
    this.#wakes = [];
    this.#jobs = [];
    this.#ringsAt = this.#shard.nextAlarm();
  }

  ledger(from: number | null, to: number | null) {
    return this.#shard.ledger({ from, to });
  }

  /** What the log says of the deliveries of this channel. */
  deliveriesOf(event: string) {
    return this.#shard.event(event)!.deliveries.filter(({ channel }) => channel === this.channel);
  }

  // ---- what may happen

  #accept(): void {
    const random = this.#random;
    const people = PEOPLE.filter(() => random() < 0.5);
    if (people.length === 0) return;
    const number = this.#events++;
    const isLater = random() < 0.1;
    const isUrgent = random() < 0.2;
    const expiresAt = random() < 0.1 ? this.#now + whole(random, 100_000, 3 * 3_600_000) : null;
    const input = {
      id: `e${number}`,
      type: "task_assigned",
      recipients: people,
      data: { task: { title: `Task ${number}` } },
      ...(isUrgent ? { priority: "high" } : {}),
      ...(isLater ? { deliverAt: new Date(this.#now + whole(random, 1_000, 90_000)).toISOString() } : {}),
      ...(expiresAt === null ? {} : { expiresAt: new Date(expiresAt).toISOString() }),
    };
    const event = toEvent(eventSchema.parse(input), input.id);
    const accept = () => this.#call((shard) => shard.accept({ version: this.#version, events: [{ event, hash: input.id }] }));
    accept();
    if (random() < 0.2) accept(); // The CRM did not hear the answer.
    this.accepted.push(...people.map((person) => ({ event: input.id, number, person, at: this.#now, isLater, isUrgent, expiresAt })));
  }

  /** The queue brings one of the wake-ups that it has: in any order, early or late, some twice and some never. */
  #bring(): void {
    if (this.#wakes.length === 0) return;
    const index = whole(this.#random, 0, this.#wakes.length - 1);
    const wake = this.#wakes[index]!;
    if (this.#random() >= 0.1) this.#wakes.splice(index, 1);
    if (this.#random() >= 0.05) this.#begin(wake);
  }

  #begin({ at, number }: Wake): void {
    const job = { at, number };
    const version = this.#version;
    this.#take(
      this.#call((shard) => shard.begin({ version, channel: this.channel, job })),
      { ...job, version },
    );
  }

  /** One job sends what it has claimed, settles it and claims the next; or dies before, between or after. */
  #step(outcome: Outcome, death: "none" | "before-send" | "before-settle"): void {
    if (this.#jobs.length === 0) return;
    const job = pick(this.#random, this.#jobs);
    const isTaken = outcome.kind === "ok" || outcome.kind === "ambiguous";
    if (death !== "before-send" && isTaken) this.#send(job.claim);
    this.#jobs.splice(this.#jobs.indexOf(job), 1);
    if (death !== "none") return;
    const { at, number, version, claim } = job;
    const isLast = this.#random() < 0.1;
    const settled = { version, channel: this.channel, job: { at, number }, claim: claim.id, outcome, ms: 1, isLast };
    this.#take(
      this.#call((shard) => shard.next(settled)),
      { at, number, version },
    );
  }

  #take(served: Served | { behind: true }, job: Omit<Job, "claim" | "claimedAt">): void {
    if ("behind" in served || !served.claim) return;
    if (job.version < this.#version) throw new Error("A job that goes by older settings was given a claim");
    if (!this.#isOn) throw new Error("A claim was given out after the channel had been switched off");
    const person = served.claim.message.to.id;
    const isServed = this.#jobs.some(({ claim, claimedAt }) => claim.message.to.id === person && claimedAt + LEASE > this.#now);
    if (isServed) throw new Error(`Two jobs are sending to ${person} at the same time`);
    this.#jobs.push({ ...job, claim: served.claim, claimedAt: this.#now });
  }

  #send({ message: { deliveryId, attempt = 0, to } }: Claim): void {
    const bundle = this.#query<{ bundle: string | null }>(`SELECT bundle FROM delivery WHERE id = ?`, numberIn(deliveryId))[0]!.bundle;
    const tells = bundle === null ? [deliveryId] : (JSON.parse(bundle) as number[]).map((id) => publicId(0, id));
    this.sent.push({ delivery: deliveryId, attempt, tells, person: to.id });
  }

  /** An admin turns the switch; the call may come twice, and one of an older version may come after it. */
  #toggle(choice: Release): void {
    const older = this.#rules();
    this.#isOn = !this.#isOn;
    this.#version++;
    const releases: Partial<Record<Channel, Release>> = this.#isOn ? { [this.channel]: choice } : {};
    if (this.#isOn) this.releases.push({ at: this.#now, choice });
    const rules = this.#rules();
    this.#call((shard) => shard.apply(rules, releases));
    if (this.#random() < 0.2) this.#call((shard) => shard.apply(rules, releases));
    if (this.#random() < 0.1) this.#call((shard) => shard.apply(older, { [this.channel]: "all" }));
    const waiting = this.#query<{ n: number }>(
      `SELECT count(*) AS n FROM delivery WHERE channel = ? AND due IS NOT NULL AND lease IS NULL`,
      ["in-app", ...EXTERNAL_CHANNELS].indexOf(this.channel),
    );
    if (!this.#isOn && waiting[0]!.n > 0) throw new Error("Something still waits to be sent after the channel was switched off");
  }

  /** The provider tells of a message that it took: in any order, now and then twice. */
  #hear(): void {
    if (this.sent.length === 0) return;
    const { delivery, attempt } = pick(this.#random, this.sent);
    const state = pick(this.#random, ["sent", "delivered", "delivered", "read", "failed"] as const);
    const outcome =
      state === "failed" ? pick<Outcome | null>(this.#random, [{ kind: "retry" }, { kind: "permanent", code: "30007" }, null]) : null;
    if (state === "failed") this.refused.add(`${delivery} ${attempt}`);
    for (let times = this.#random() < 0.3 ? 2 : 1; times > 0; times--) {
      this.#call((shard) => shard.receipt({ id: delivery, attempt, state, said: null, outcome }));
    }
  }

  /** An admin sends again what has failed, by several clicks; or a template or the whole channel is found to be usable again. */
  #help(): void {
    const failed = this.#query<{ id: number }>(`SELECT id FROM delivery WHERE state = 8 LIMIT 1`)[0];
    if (failed) for (let clicks = 0; clicks < 3; clicks++) this.#call((shard) => shard.retry([publicId(0, failed.id)]));
    this.#call((shard) => (this.#random() < 0.5 ? shard.clearFault(this.channel) : shard.templateUsable(TEMPLATE)));
  }

  /** The CRM calls an event off; what is on its way goes on. */
  #cancel(): void {
    if (this.accepted.length === 0) return;
    const { event } = pick(this.#random, this.accepted);
    this.#call((shard) => shard.cancel(event));
    this.cancelled.add(event);
  }

  /** The process dies: what is in memory is gone, what was committed stays; jobs elsewhere may live on. */
  #crash(): void {
    this.#shard = this.#open();
    if (this.#random() < 0.5) this.#jobs = [];
  }

  #ring(): void {
    if (this.#ringsAt === null || this.#ringsAt > this.#now) return;
    this.#ringsAt = null;
    this.#call((shard) => shard.alarm());
    this.#arm(this.#shard.nextAlarm());
  }

  #answer(): Outcome {
    const inDoubt: Outcome = { kind: "ambiguous" };
    const notNow: Outcome[] = [
      { kind: "retry" },
      { kind: "retry", unreachable: true },
      { kind: "retry", restMs: 30_000 },
      { kind: "retry", restMs: null },
    ];
    const never: Outcome = { kind: "permanent", code: "30007" };
    const fault: Outcome = { kind: "fault", said: "Authenticate", ...(this.channel === "whatsapp" ? { template: TEMPLATE } : {}) };
    const dice = this.#random();
    return dice < 0.6 ? { kind: "ok" } : dice < 0.75 ? inDoubt : dice < 0.92 ? pick(this.#random, notNow) : dice < 0.96 ? never : fault;
  }

  #death() {
    return pick(this.#random, ["none", "none", "none", "none", "before-send", "before-settle"] as const);
  }

  // ---- around the shard

  /** One call in its transaction, and what it leaves to be done outside. Now and then the commit fails, and the caller comes again. */
  #call<Answer>(work: (shard: Shard) => Answer): Answer {
    for (;;) {
      this.#sql.begin();
      const answer = work(this.#shard);
      const fails = !this.#isCalm && this.#random() < 0.03;
      if (!fails || this.#random() < 0.5) this.#shard.beforeCommit();
      if (fails) {
        this.#sql.rollback();
        this.#shard.forget();
        continue;
      }
      this.#sql.commit();
      this.#shard.takeTold();
      this.#arm(this.#shard.takeAlarm());
      if (typeof answer === "object" && answer !== null && "wakes" in answer) this.#publish(answer.wakes as Wake[]);
      return answer;
    }
  }

  /** Hands wake-ups to the queue, which may not take them; or it takes them and the shard does not hear of it. */
  #publish(wakes: Wake[]): void {
    if (wakes.length === 0) return;
    const luck = this.#isCalm ? 1 : this.#random();
    if (luck < 0.05) return;
    if (luck < 0.1) return this.#call((shard) => shard.missed(wakes));
    this.#wakes.push(...wakes);
    const later = wakes.filter(({ at }) => at > this.#now);
    if (later.length > 0 && luck > 0.2) this.#call((shard) => shard.confirm(later));
  }

  #arm(at: number | null): void {
    if (at !== null) this.#ringsAt = Math.min(this.#ringsAt ?? Infinity, at);
  }

  #query<Row>(query: string, ...bindings: (string | number)[]): Row[] {
    return this.#sql.exec<Row & Record<string, never>>(query, ...bindings).toArray();
  }

  #open(): Shard {
    const clock = { now: () => this.#now };
    return new Shard({ sql: this.#sql, clock, org: "acme", shard: 0, random: this.#random, randomId: () => `w${this.#number++}` });
  }

  #rules() {
    const rules = rulesWith("in-app", this.channel);
    const gates = { ...rules.gates, [this.channel]: this.#isOn ? ("on" as const) : ("off" as const) };
    return { ...rules, version: this.#version, gates, templates: { task_assigned: { en: TEMPLATE } } };
  }
}

const numberIn = (publicId: string): number => Number.parseInt(publicId.slice(2), 36);
