import type { Pace } from "@carillon/shared/pace";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { initialSettings } from "@carillon/shared/settings";
import { openSql, type HostSql } from "@carillon/worker/adapters/node-sqlite";
import type { Message, Outcome } from "@carillon/worker/channels/channel";
import { Unavailable } from "@carillon/worker/errors";
import { deliver } from "@carillon/worker/pipeline/deliver";
import { shardOf } from "@carillon/worker/pipeline/place";
import { publish } from "@carillon/worker/pipeline/publish";
import type { Job, Ports } from "@carillon/worker/ports";
import { rulesOf } from "@carillon/worker/settings/rules";
import type { ShardCalls } from "@carillon/worker/shard/calls";
import { Shard } from "@carillon/worker/shard/shard";
import { pick, randomFrom, whole } from "./seeds.ts";

const T0 = Date.UTC(2026, 10, 23, 9);

export type World = {
  seed: number;
  shards: number;
  pace: Pace;
  /** How long one message takes at the provider, ms. */
  sendMs: [from: number, to: number];
  /** How long a call of a shard and a way through the queue take, ms. */
  callMs?: [from: number, to: number];
  queueMs?: [from: number, to: number];
};

export type Sent = { at: number; shard: number; event: string; person: string; attempt: string };

/**
 * The real job loop, real shards and their timers on a clock of their own: an hour passes in a moment. Jobs die, commits fail, the
 * provider slows us down, as a test says.
 */
export class PacedWorld {
  readonly random: () => number;
  readonly sent: Sent[] = [];
  /** Deliveries that did not get through at once. */
  readonly retried = new Set<string>();
  /** The most sessions that were open at the same time. */
  mostConnections = 0;
  connections = 0;
  now = T0;
  isCommitFailing = () => false;
  answer: (message: Message) => Outcome = () => ({ kind: "ok" });
  readonly #world: Required<World>;
  readonly #settings: object;
  #timers: { at: number; n: number; run: () => void }[] = [];
  #n = 0;
  #hosts: Host[] = [];
  #runs = new Set<Run>();

  constructor(world: World) {
    this.#world = { callMs: [0, 3], queueMs: [5, 60], ...world };
    this.random = randomFrom(world.seed);
    const settings = initialSettings();
    settings.shards = world.shards;
    settings.version = 1;
    const email = { host: "mail.example.com", port: 587, fromAddress: "crm@acme.example", pace: world.pace };
    settings.channels.email = { ...settings.channels.email, enabled: true, settings: email };
    this.#settings = settings;
    for (let shard = 0; shard < world.shards; shard++) {
      const host: Host = { shard: null as never, sql: openSql(":memory:"), alarm: null };
      this.#hosts.push(host);
      this.#open(shard);
      this.#turn(shard, (one) => one.apply(rulesOf(settings)));
    }
  }

  /** Accepts an event for people, each at their own shard. */
  accept(id: string, people: string[], more: object = {}): void {
    for (const [shard, some] of Map.groupBy(people, (person) => shardOf(person, this.#world.shards))) {
      const recipients = some.map((person) => ({ id: person, email: `${person}@example.com` }));
      const input = { id, type: "task_assigned", recipients, data: { task: { title: id } }, ...more };
      const event = toEvent(eventSchema.parse(input), id);
      const answer = this.#turn(shard, (one) => one.accept({ version: 1, events: [{ event, hash: id }] }));
      if ("behind" in answer) throw new Error("behind");
      void this.#publish(shard, answer.wakes);
    }
  }

  /** A job dies where it stands, and its connection with it. False if none is at work. */
  killJob(): boolean {
    const run = this.#runs.size > 0 ? pick(this.random, [...this.#runs]) : null;
    if (run) this.#end(run);
    return run !== null;
  }

  /** Everything dies and is started again; what the queue has, it brings. */
  crash(): void {
    for (const run of this.#runs) this.#end(run);
    for (let shard = 0; shard < this.#world.shards; shard++) {
      this.#open(shard);
      this.#turn(shard, (one) => one.rearm());
    }
  }

  at(instant: number, run: () => void): void {
    this.#timers.push({ at: instant, n: this.#n++, run });
  }

  /** Lets time pass until nothing is left to happen for so long, or until then. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await new Promise((done) => setImmediate(done));
      this.#timers.sort((a, b) => a.at - b.at || a.n - b.n);
      const [next] = this.#timers;
      if (!next || next.at > end) break;
      this.#timers.shift();
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }

  /** Lets time pass until everything was sent; fails after so long. */
  async drain(most: number): Promise<void> {
    for (const end = this.now + most; this.ledger().waiting > 0;) {
      if (this.now > end) throw new Error(`${this.ledger().waiting} still wait after ${most} ms`);
      await this.pass(500);
    }
  }

  ledger() {
    const all = this.#hosts.map(({ shard }) => shard.ledger({ from: null, to: null }));
    const sum = (part: "inFlight" | "held" | "parked" | "unaccounted" | "sent" | "failed") =>
      all.reduce((total, one) => total + one[part], 0);
    return {
      waiting: sum("inFlight") + sum("held") + sum("parked"),
      unaccounted: sum("unaccounted"),
      sent: sum("sent"),
      failed: sum("failed"),
    };
  }

  #open(number: number): void {
    const host = this.#hosts[number]!;
    const { random } = this;
    const randomId = () => `w${this.#n++}`;
    host.shard = new Shard({ sql: host.sql, clock: { now: () => this.now }, org: "acme", shard: number, random, randomId });
    host.alarm = null;
  }

  /** One call in its transaction; a commit that fails is rolled back, and the caller comes again. */
  #turn<Answer>(number: number, work: (shard: Shard) => Answer): Answer {
    const host = this.#hosts[number]!;
    for (;;) {
      host.sql.begin();
      const answer = work(host.shard);
      host.shard.beforeCommit();
      if (this.isCommitFailing()) {
        host.sql.rollback();
        host.shard.forget();
        continue;
      }
      host.sql.commit();
      host.shard.takeTold();
      this.#arm(number, host.shard.takeAlarm());
      return answer;
    }
  }

  #arm(number: number, at: number | null): void {
    const host = this.#hosts[number]!;
    if (at === null || (host.alarm !== null && host.alarm <= at)) return;
    host.alarm = at;
    this.at(at, () => {
      if (host.alarm !== at) return;
      host.alarm = null;
      const { wakes } = this.#turn(number, (shard) => shard.alarm());
      this.#arm(
        number,
        this.#turn(number, (shard) => shard.nextAlarm()),
      );
      void this.#publish(number, wakes);
    });
  }

  #publish(shard: number, wakes: Parameters<typeof publish>[3]): Promise<void> {
    return publish(this.#portsOf(null), "acme", shard, wakes);
  }

  #start(job: Job): void {
    const run: Run = { isDead: false, sessions: 0 };
    this.#runs.add(run);
    const ended = () => void this.#runs.delete(run);
    deliver(this.#portsOf(run), job, (ms) => this.#sleep(ms, run)).then(ended, (error: unknown) => {
      ended();
      if (!(error instanceof Unavailable)) throw error;
      this.at(this.now + 1_000, () => this.#start(job));
    });
  }

  #end(run: Run): void {
    run.isDead = true;
    this.connections -= run.sessions;
    this.#runs.delete(run);
  }

  /** Never resolves for a run that has died meanwhile. */
  #sleep(ms: number, run: Run | null): Promise<void> {
    return new Promise((done) => this.at(this.now + ms, () => run?.isDead !== true && done()));
  }

  #some([from, to]: [number, number]): number {
    return whole(this.random, from, to);
  }

  #portsOf(run: Run | null): Ports {
    const { callMs, queueMs, sendMs } = this.#world;
    const call =
      (shard: number, name: keyof ShardCalls) =>
      async (...args: never[]) => {
        if (run) await this.#sleep(this.#some(callMs), run);
        const answer: unknown = this.#turn(shard, (one) => (one[name] as (...args: never[]) => unknown).apply(one, args));
        if (run) await this.#sleep(this.#some(callMs), run);
        return answer;
      };
    const open = () => {
      if (!run) throw new Error("Nobody sends");
      run.sessions++;
      this.mostConnections = Math.max(this.mostConnections, ++this.connections);
      return {
        send: async (message: Message): Promise<Outcome> => {
          const { deliveryId, event, to } = message;
          const outcome = this.answer(message);
          if (outcome.kind === "ok")
            this.sent.push({ at: this.now, shard: Number(deliveryId.split("-")[0]), event: event.id, person: to.id, attempt: deliveryId });
          else this.retried.add(deliveryId);
          await this.#sleep(this.#some(sendMs), run);
          return outcome;
        },
        close: async () => {
          run.sessions--;
          this.connections--;
        },
      };
    };
    return {
      clock: { now: () => this.now },
      store: {
        run: async (...commands: [string][]) =>
          commands.map(([name]) => (name === "HMGET" ? ["1", String(this.#world.shards), "Acme"] : JSON.stringify(this.#settings))),
      },
      shards: { get: (_org: string, shard: number) => new Proxy({}, { get: (_, name: keyof ShardCalls) => call(shard, name) }) },
      queue: {
        maxDelay: 7 * 86_400_000,
        publish: async (jobs: Job[]) => {
          for (const job of jobs) {
            const times = this.isCommitFailing() ? 2 : 1; // Now and then a job comes twice.
            for (let n = 0; n < times; n++) this.at(Math.max(job.at, this.now) + this.#some(queueMs), () => this.#start(job));
          }
        },
        isReady: async () => true,
      },
      background: (work: Promise<unknown>) => void work,
      config: { publicUrl: "http://localhost", allowPrivateHosts: true, standIns: {} },
      vault: { signingKey: async () => new Uint8Array(32) },
      channels: { email: { open } },
    } as unknown as Ports;
  }
}

type Host = { shard: Shard; sql: HostSql; alarm: number | null };
type Run = { isDead: boolean; sessions: number };

/** The most messages in any second. */
export function busiestSecond(sent: Sent[]): number {
  let most = 0;
  let from = 0;
  sent.forEach(({ at }, index) => {
    while (sent[from]!.at <= at - 1_000) from++;
    most = Math.max(most, index - from + 1);
  });
  return most;
}

/** Messages a second from the first to the last. */
export const rateOf = (sent: Sent[]): number => ((sent.length - 1) * 1_000) / (sent.at(-1)!.at - sent[0]!.at);
