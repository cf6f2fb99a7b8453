import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FIRST_PAGE, openGrown, rareWord, type Grown } from "./grown.ts";
import { median } from "./process.ts";
import { checkControl, judged, told, type Effort, type Row } from "./report.ts";

const GOAL = 1.3;
/** How long one operation is repeated for a figure, ms. */
const SPAN_MS = 40;
const WARM_SPANS = 10;
/** Log rows of an event: ten people on five channels. */
const PEOPLE = 10;
const ROWS_OF_EVENT = PEOPLE * 5;
const CROWD = 100;
/** Their mails fail, two hundred in all, however long the log is. */
const FAILING = Array.from({ length: PEOPLE }, (_, n) => `failing-${n}`);

/** What is asked, of a shard with `count` events in it. */
type Asked = Record<string, (shard: Grown, count: number) => unknown>;

const page = { ...FIRST_PAGE, user: "reader" };
const INBOX: Asked = {
  "the list": (shard) => shard.ask((one) => one.inbox(page)),
  "the list, unread only": (shard) => shard.ask((one) => one.inbox({ ...page, filter: "unread" })),
  "an item read, and unread again": (shard) => {
    const { data } = shard.ask((one) => one.inbox({ ...page, limit: 1 }));
    for (const mark of ["read", "unread"] as const) shard.ask((one) => one.mark({ user: "reader", mark, ids: [data[0]!.id] }));
  },
  "search, one hit": (shard, count) => shard.ask((one) => one.inbox({ ...page, q: rareWord(count / 2) })),
  "search, everything is a hit": (shard) => shard.ask((one) => one.inbox({ ...page, q: "customer" })),
};

const query = { state: null, channel: null, type: null, user: null, from: null, to: null, q: null, limit: 50, cursor: null };
const LOG: Asked = {
  "the log": (shard) => shard.ask((one) => one.deliveries(query)),
  "the log of a person": (shard) => shard.ask((one) => one.deliveries({ ...query, user: "u7" })),
  "the log, failed": (shard) => shard.ask((one) => one.deliveries({ ...query, state: "failed" })),
  "the log, search, one hit": (shard, count) => shard.ask((one) => one.deliveries({ ...query, q: rareWord(count / 2) })),
  "the log, search, everything is a hit": (shard) => shard.ask((one) => one.deliveries({ ...query, q: "customer" })),
};

/** B10: what a page costs must not depend on how much there is: 100 to 100,000 items of a person, 10⁴ to 10⁶ rows of the log. */
export async function growth(effort: Effort): Promise<Row[]> {
  const items = [100, effort.isShort ? 10_000 : 100_000] as const;
  const logRows = [10_000, effort.isShort ? 100_000 : 1_000_000] as const;
  const folder = mkdtempSync(join(tmpdir(), "carillon-growth-"));
  const grown = (name: string, count: number): Sized => ({ shard: openGrown(join(folder, `${name}.db`)), count });
  const inboxes: Pair = [grown("few-items", items[0]), grown("many-items", items[1])];
  const logs: Pair = [grown("few-rows", logRows[0] / ROWS_OF_EVENT), grown("many-rows", logRows[1] / ROWS_OF_EVENT)];
  try {
    for (const { shard, count } of inboxes) shard.fill(count, () => ["reader"]);
    for (const { shard, count } of logs) {
      shard.introduce(FAILING);
      shard.fill(count, (n) => (n < FAILING.length ? FAILING : crowdOf(n)));
      shard.failAll();
    }
    const words = ([few, many]: readonly [number, number]) => `${few.toLocaleString("en")} → ${many.toLocaleString("en")}`;
    return [...compare(INBOX, inboxes, `${words(items)} items`, effort), ...compare(LOG, logs, `${words(logRows)} rows`, effort)];
  } finally {
    for (const { shard } of [...inboxes, ...logs]) shard.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Sized = { shard: Grown; count: number };
type Pair = [few: Sized, many: Sized];

const crowdOf = (n: number): string[] => Array.from({ length: PEOPLE }, (_, index) => `u${(n * PEOPLE + index) % CROWD}`);

function compare(asked: Asked, [few, many]: Pair, words: string, effort: Effort): Row[] {
  const control: number[] = [];
  const rows = Object.entries(asked).map(([name, ask]) => {
    const all: { few: number; many: number }[] = [];
    for (let warm = 0; warm < WARM_SPANS; warm++) for (const sized of [few, many]) microsOf(sized, ask);
    for (let round = 0; round < effort.rounds; round++) {
      const first = microsOf(few, ask);
      const there = microsOf(many, ask);
      const back = microsOf(many, ask);
      const second = microsOf(few, ask);
      control.push(first / second);
      all.push({ few: (first + second) / 2, many: (there + back) / 2 });
    }
    const micros = (key: "few" | "many") => median(all.map((one) => one[key])).toFixed(0);
    const ratio = median(all.map((one) => one.many / one.few));
    const title = `B10 ${name}, ${words}`;
    // A word's own list of hits is as long as there are hits; the law is about pages.
    const line = name.includes("search") ? told(title, `${ratio.toFixed(2)} ×`) : judged(title, ratio, "≤", GOAL);
    return [line, told("   each", `${micros("few")} → ${micros("many")} µs`)];
  });
  checkControl(median(control), effort);
  return rows.flat();
}

/** The CPU of one, in this thread, by as many as fit into a span: a disk or a neighbour that is slow just now says nothing here. */
function microsOf({ shard, count }: Sized, ask: Asked[string]): number {
  const cpu = process.threadCpuUsage();
  const started = performance.now();
  let done = 0;
  for (; performance.now() - started < SPAN_MS; done++) ask(shard, count);
  const { user, system } = process.threadCpuUsage(cpu);
  return (user + system) / done;
}
