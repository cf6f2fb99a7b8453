import type { QueueEngine } from "../../../embedded/queue/engine.ts";
import type { Clock, Sql } from "../../../ports.ts";
import { flowLane } from "./admission.ts";
import { type Flow, readPeriod } from "./options.ts";
import { Refused } from "./refused.ts";
import { type Call, orMissing, type Route } from "./route.ts";

/** What an operator has decided about a key; 0 is "not pinned". */
type Decided = { paused: number; parallelism: number; rate: number; period: number };
/** What is under way for a key, and what its messages asked for last. */
type Running = { active: number; begun: number; periodStart: number; asked: Omit<Flow, "key"> };

const SCHEMA = `CREATE TABLE IF NOT EXISTS flow (key TEXT PRIMARY KEY, paused INTEGER NOT NULL, parallelism INTEGER NOT NULL, rate INTEGER NOT NULL, period INTEGER NOT NULL) WITHOUT ROWID`;
const UNDECIDED: Decided = { paused: 0, parallelism: 0, rate: 0, period: 0 };

/**
 * How many attempts with one key may be under way, and begin within a period. Each message brings its own limits; pinned ones win. The
 * counts begin anew with the process.
 */
export class FlowControl {
  readonly #sql: Sql;
  readonly #running = new Map<string, Running>();
  readonly #decided: Map<string, Decided>;

  constructor(sql: Sql) {
    sql.exec(SCHEMA);
    this.#sql = sql;
    const rows = sql.exec<Decided & { key: string }>("SELECT key, paused, parallelism, rate, period FROM flow").toArray();
    this.#decided = new Map(rows.map(({ key, ...decided }) => [key, decided]));
  }

  /** Counts an attempt if it may begin. "wait" is until another one is over, or somebody decides otherwise. */
  enter(flow: Flow, now: number): "go" | "wait" | { until: number } {
    const running = this.of(flow.key);
    running.asked = { parallelism: flow.parallelism, rate: flow.rate, periodMs: flow.periodMs };
    const decided = this.decided(flow.key);
    const { parallelism, rate, periodMs } = limits(running, decided);
    if (decided.paused) return "wait";
    if (parallelism > 0 && running.active >= parallelism) return "wait";
    if (now >= running.periodStart + periodMs) Object.assign(running, { begun: 0, periodStart: now });
    if (rate > 0 && running.begun >= rate) return { until: running.periodStart + periodMs };
    running.active++;
    running.begun++;
    return "go";
  }

  left(key: string): void {
    this.of(key).active--;
  }

  of(key: string): Running {
    const known = this.#running.get(key) ?? { active: 0, begun: 0, periodStart: 0, asked: { parallelism: 0, rate: 0, periodMs: 1_000 } };
    this.#running.set(key, known);
    return known;
  }

  decided(key: string): Decided {
    return this.#decided.get(key) ?? UNDECIDED;
  }

  decide(key: string, change: Partial<Decided>): void {
    const decided = { ...this.decided(key), ...change };
    const { paused, parallelism, rate, period } = decided;
    this.#sql.exec(
      "INSERT OR REPLACE INTO flow (key, paused, parallelism, rate, period) VALUES (?, ?, ?, ?, ?)",
      key,
      paused,
      parallelism,
      rate,
      period,
    );
    this.#decided.set(key, decided);
  }

  keys(): string[] {
    return [...new Set([...this.#running.keys(), ...this.#decided.keys()])].sort();
  }
}

function limits({ asked }: Running, pinned: Decided): Omit<Flow, "key"> {
  return {
    parallelism: pinned.parallelism || asked.parallelism,
    rate: pinned.rate || asked.rate,
    periodMs: pinned.rate > 0 ? pinned.period : asked.periodMs,
  };
}

/** https://upstash.com/docs/qstash/features/flowcontrol */
export function flowRoutes({ flows, engine, clock }: { flows: FlowControl; engine: QueueEngine; clock: Clock }): Route[] {
  return [
    ["GET", /^\/v2\/(?:flowControl)\/?$/, list],
    [
      "GET",
      /^\/v2\/flowControl\/([^/]+)$/,
      ({ rest }) => view(orMissing(flows.keys().includes(rest) ? rest : null, "flow control key", rest)),
    ],
    ["POST", /^\/v2\/flowControl\/([^/]+)\/pause$/, ({ rest }) => decide(rest, { paused: 1 })],
    ["POST", /^\/v2\/flowControl\/([^/]+)\/resume$/, ({ rest }) => decide(rest, { paused: 0 })],
    ["POST", /^\/v2\/flowControl\/([^/]+)\/pin$/, pin],
    ["POST", /^\/v2\/flowControl\/([^/]+)\/unpin$/, unpin],
    ["POST", /^\/v2\/flowControl\/([^/]+)\/resetRate$/, resetRate],
  ];

  function list({ query }: Call): object[] {
    const search = query.get("search") ?? "";
    return flows
      .keys()
      .filter((key) => key.includes(search))
      .map(view);
  }

  function decide(key: string, change: Partial<Decided>): Response {
    flows.decide(key, change);
    engine.reconsider(flowLane(key));
    return new Response(null);
  }

  function pin({ rest, query }: Call): Response {
    const [parallelism, rate, period] = ["parallelism", "rate", "period"].map((name) => query.get(name));
    if (!parallelism && !rate) throw new Refused(400, "provide at least one of parallelism and rate");
    return decide(rest, {
      ...(parallelism ? { parallelism: positive(parallelism, "parallelism") } : {}),
      ...(rate ? { rate: positive(rate, "rate"), period: readPeriod(period ?? "1s") } : {}),
    });
  }

  function unpin({ rest, query }: Call): Response {
    return decide(rest, {
      ...(query.get("parallelism") === "true" ? { parallelism: 0 } : {}),
      ...(query.get("rate") === "true" ? { rate: 0, period: 0 } : {}),
    });
  }

  function resetRate({ rest }: Call): Response {
    Object.assign(flows.of(rest), { begun: 0, periodStart: clock.now() });
    engine.reconsider(flowLane(rest));
    return new Response(null);
  }

  function view(key: string): object {
    const running = flows.of(key);
    const decided = flows.decided(key);
    const { parallelism, rate, periodMs } = limits(running, decided);
    return {
      flowControlKey: key,
      waitListSize: engine.waitingIn(flowLane(key)),
      parallelismMax: parallelism,
      parallelismCount: running.active,
      rateMax: rate,
      rateCount: clock.now() < running.periodStart + periodMs ? running.begun : 0,
      ratePeriod: periodMs / 1000,
      ratePeriodStart: Math.floor(running.periodStart / 1000),
      isPaused: decided.paused === 1,
      isPinnedParallelism: decided.parallelism > 0,
      isPinnedRate: decided.rate > 0,
    };
  }
}

function positive(text: string, name: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Refused(400, `invalid ${name}: ${text}`);
  return number;
}
