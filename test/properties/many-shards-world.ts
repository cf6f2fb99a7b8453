import { setImmediate } from "node:timers/promises";
import { channels } from "@carillon/worker/channels/all";
import type { Message, Outcome, Session } from "@carillon/worker/channels/channel";
import { Unavailable } from "@carillon/worker/errors";
import { deliver } from "@carillon/worker/pipeline/deliver";
import { homeOf } from "@carillon/worker/pipeline/place";
import type { Job, Ports } from "@carillon/worker/ports";
import { startApp, type House } from "../harness/app.ts";
import { pick, randomFrom, whole } from "./seeds.ts";

export const SHARDS = 4;
export const PEOPLE = Array.from({ length: 10 }, (_, n) => `p${n}`);
/** How long a job may be silent before what it was sending is in doubt, ms. */
const LEASE = 60_000;
/** A shard's timer rings at least so often, ms. */
const SWEEP = 30_000;

export type Accepted = { event: string; number: number; home: number; people: string[]; isLater: boolean };
export type Sent = { delivery: string; event: string; person: string };
/** A mail that the provider has, and has not answered; `answer` is what the job waits for, for ever if the job has died. */
type Sending = Sent & { at: number; answer: (outcome: Outcome) => void };

/**
 * An organisation of four shards with one channel, worked by the real app, jobs and courier, while shards can't be reached, lose their
 * memory, wake-ups are lost, doubled and shuffled, jobs die before, in and after a send, and an admin turns the switch through all of it.
 */
export class ManyShards {
  readonly accepted: Accepted[] = [];
  readonly sent: Sent[] = [];
  readonly cancelled = new Set<string>();
  readonly #house: House;
  readonly #ports: Ports;
  readonly #admin: Record<string, string>;
  readonly #random: () => number;
  /** What goes wrong; in a fair world only jobs die, providers refuse and wake-ups get lost, and all shards are there all the time. */
  readonly #isFair: boolean;
  #isCalm = false;
  /** "off" once that was answered with 200, until somebody asks for "on". */
  #gate: "on" | "off" | "between" = "on";
  #wakes: Job[] = [];
  #sending: Sending[] = [];
  /** Jobs that do something just now, instead of waiting for the provider. */
  #atWork = 0;
  #broken: string | null = null;

  private constructor(house: House, admin: Record<string, string>, random: () => number, isFair: boolean) {
    this.#house = house;
    this.#admin = admin;
    this.#random = random;
    this.#isFair = isFair;
    const open = (): Session => ({ send: (message) => this.#send(message), close: async () => {} });
    this.#ports = { ...house.outside, channels: { ...channels, email: { ...channels.email, open } }, self: house.app };
  }

  static async open(seed: number, isFair: boolean): Promise<ManyShards> {
    const house = await startApp({ shards: SHARDS });
    const admin = await house.signIn("owner");
    const settings = { host: "smtp.example.com", port: 587, username: "crm", encryption: "tls", fromAddress: "crm@example.com" };
    await house.call("PUT", "/admin/api/channels/email", { version: 1, settings, secrets: { password: "secret" } }, admin);
    await house.call("POST", "/admin/api/channels/email/enable", {}, admin);
    const users = PEOPLE.map((id) => ({ id, email: `${id}@example.com` }));
    await house.call("POST", "/v1/users/bulk", { users }, house.key);
    return new ManyShards(house, admin, randomFrom(seed), isFair);
  }

  /** One thing happens. */
  async act(): Promise<void> {
    const random = this.#random;
    this.#house.clock.pass(whole(random, 0, 2_000));
    this.#house.shards.away = new Set(
      !this.#isFair && random() < 0.3 ? PEOPLE.slice(0, SHARDS).flatMap((_, n) => (random() < 0.4 ? [n] : [])) : [],
    );
    const dice = random();
    if (dice < 0.27) await this.#post();
    else if (dice < 0.5) this.#bring();
    else if (dice < 0.77) this.#answer();
    else if (dice < 0.84) await this.#turn(this.#gate === "off" ? "enable" : "disable");
    else if (dice < 0.9) await this.#ring(whole(random, 0, SHARDS - 1));
    else if (dice < 0.94) this.#crash();
    else if (dice < 0.96) await this.#cancel();
    else this.#house.clock.pass(LEASE + 1_000);
    await this.#rest();
  }

  /** Lets everything come to its end: nobody is away, wake-ups arrive, timers ring, every mail is taken. */
  async drain(): Promise<void> {
    this.#isCalm = true;
    this.#house.shards.away = new Set();
    for (let tries = 0; this.#gate !== "on"; tries++) {
      if (tries > 20) throw new Error("The channel can't be switched on");
      await this.#turn("enable");
      await this.#ringAll();
    }
    for (let round = 0; !(await this.#isDone()); round++) {
      if (round > 5_000) throw new Error("It never comes to an end");
      for (const sending of this.#sending.splice(0)) sending.answer({ kind: "ok" });
      for (const job of this.#wakes.splice(0)) this.#run(job);
      await this.#rest();
      if (this.#sending.length === 0) {
        this.#house.clock.pass(SWEEP);
        await this.#ringAll();
      }
    }
  }

  ledger = async () => (await this.#get("/v1/ledger")) as Record<string, number>;
  deliveries = async (event: string) => (await this.#get(`/v1/events/${event}`)).deliveries;
  inbox = async (person: string): Promise<string[]> => {
    const { body } = await this.#house.call("GET", "/v1/me/inbox?filter=all&limit=100", undefined, await this.#house.bell(person));
    return body.data.map((item: { event: string }) => item.event);
  };

  // ---- what may happen

  /** A CRM posts one event, or two in a batch, and again until they are accepted; now and then it did not hear the answer. */
  async #post(): Promise<void> {
    const random = this.#random;
    const number = this.accepted.length;
    const events = Array.from({ length: random() < 0.2 ? 2 : 1 }, (_, n) => {
      const people = PEOPLE.filter(() => random() < 0.3);
      const isLater = random() < 0.1;
      const deliverAt = new Date(this.#house.clock.now() + whole(random, 1_000, 90_000)).toISOString();
      const recipients = people.length > 0 ? people : [pick(random, PEOPLE)];
      const id = `e${number + n}`;
      return { id, type: "task_assigned", recipients, data: { task: { title: `Call ${id}` } }, ...(isLater ? { deliverAt } : {}) };
    });
    const body = events.length > 1 ? { events } : events[0];
    for (let tries = 0, times = random() < 0.2 ? 2 : 1; times > 0; tries++) {
      const { status } = await this.#house.call("POST", "/v1/events", body, this.#house.key);
      if (status !== 202 && status !== 503) throw new Error(`A post was answered ${status}`);
      if (status === 202) times--;
      // Sooner or later the home is there.
      if (tries > 3) this.#house.shards.away = new Set();
    }
    for (const [n, { id, recipients, deliverAt }] of events.entries())
      this.accepted.push({ event: id, number: number + n, home: homeOf(id, SHARDS), people: recipients, isLater: deliverAt !== undefined });
  }

  /** The queue brings a wake-up: in any order, some twice and some never. */
  #bring(): void {
    if (this.#wakes.length === 0) return;
    const index = whole(this.#random, 0, this.#wakes.length - 1);
    const job = this.#wakes[index]!;
    if (this.#random() >= 0.1) this.#wakes.splice(index, 1);
    if (this.#random() >= 0.05) this.#run(job);
  }

  #run(job: Job): void {
    this.#atWork++;
    deliver(this.#ports, job)
      .catch((error: unknown) => {
        // The queue comes again with a job that was answered 503.
        if (error instanceof Unavailable) this.#wakes.push(job);
        else this.#broken ??= `A job threw ${String(error)}`;
      })
      .finally(() => this.#atWork--);
  }

  /** The provider takes a mail; the job dies before it has sent it, or while it does. */
  async #send({ deliveryId, event, to }: Message): Promise<Outcome> {
    const now = this.#house.clock.now();
    if (this.#gate === "off") this.#broken ??= `${deliveryId} was sent after "off" had been answered`;
    const isServed = this.#sending.some(({ person, at }) => person === to.id && at + LEASE > now);
    if (isServed) this.#broken ??= `Two jobs are sending to ${to.id} at the same time`;
    const death = this.#isCalm ? 1 : this.#random();
    const sent = { delivery: deliveryId, event: event.id, person: to.id };
    if (death >= 0.05) this.sent.push(sent);
    this.#atWork--;
    return new Promise((resolve) => {
      const answer = (outcome: Outcome): void => {
        this.#atWork++;
        resolve(outcome);
      };
      if (death >= 0.1) this.#sending.push({ ...sent, at: now, answer });
    });
  }

  /** The provider answers one of those that it has. What it refuses it has not taken. */
  #answer(): void {
    if (this.#sending.length === 0) return;
    const [sending] = this.#sending.splice(whole(this.#random, 0, this.#sending.length - 1), 1) as [Sending];
    const dice = this.#random();
    if (dice < 0.8) return sending.answer({ kind: "ok" });
    if (dice < 0.9) return sending.answer({ kind: "ambiguous" });
    this.sent.splice(
      this.sent.findLastIndex(({ delivery }) => delivery === sending.delivery),
      1,
    );
    sending.answer({ kind: "retry" });
  }

  async #turn(act: "enable" | "disable"): Promise<void> {
    // Whoever comes while a change is still to be finished waits for it; here shard 0 finishes it first.
    if (this.#gate === "between") {
      this.#house.shards.away = new Set();
      await this.#ringAll();
    }
    if (act === "enable") this.#gate = "between";
    const { status } = await this.#house.call("POST", `/admin/api/channels/email/${act}`, { release: "all" }, this.#admin);
    if (status === 200) this.#gate = act === "enable" ? "on" : "off";
    else if (status === 503 || status === 409) this.#gate = "between";
    else throw new Error(`${act} was answered ${status}`);
  }

  async #cancel(): Promise<void> {
    if (this.accepted.length === 0) return;
    const { event } = pick(this.#random, this.accepted);
    // A 503 may have cancelled a part of it.
    this.cancelled.add(event);
    await this.#house.call("POST", `/v1/events/${event}/cancel`, undefined, this.#house.key);
  }

  /** The process of a shard dies: what was in its memory is gone, what was committed stays. */
  #crash(): void {
    if (!this.#isFair) this.#house.shards.crash("acme", whole(this.#random, 0, SHARDS - 1));
  }

  async #ring(shard: number): Promise<void> {
    if (!this.#house.shards.away.has(shard)) await this.#house.shards.ring("acme", shard);
  }

  async #ringAll(): Promise<void> {
    for (let shard = 0; shard < SHARDS; shard++) await this.#ring(shard);
    await this.#rest();
  }

  /** Until nothing goes on any more but what waits for a provider's answer; what was published is with the queue. */
  async #rest(): Promise<void> {
    do {
      await this.#house.settle();
      await setImmediate();
    } while (this.#atWork > 0);
    await this.#house.settle();
    const jobs = this.#house.queue.take();
    this.#wakes.push(...(this.#isCalm ? jobs : jobs.filter(() => this.#random() >= 0.05)));
    if (this.#broken !== null) throw new Error(this.#broken);
  }

  async #isDone(): Promise<boolean> {
    const { inFlight, parked, held } = await this.ledger();
    return inFlight === 0 && parked === 0 && held === 0 && this.#sending.length === 0;
  }

  async #get(path: string) {
    const { status, body } = await this.#house.call("GET", path, undefined, this.#house.key);
    if (status !== 200) throw new Error(`${path} was answered ${status}`);
    return body;
  }
}
