import { allocation } from "./allocation.ts";
import { broadcast } from "./broadcast.ts";
import { decide } from "./decide.ts";
import { fanOut, fanOutSent } from "./fan-out.ts";
import { growth } from "./growth.ts";
import { idleSockets } from "./idle.ts";
import { ingestOnWorkers } from "./ingest-workers.ts";
import { ingest } from "./ingest.ts";
import { mail } from "./mail.ts";
import { push } from "./push.ts";
import { queue } from "./queue.ts";
import { replan } from "./replan.ts";
import { report, type Effort, type Row } from "./report.ts";
import { ROOT, startServers, type Servers } from "./servers.ts";
import { soak } from "./soak.ts";
import { start } from "./start.ts";
import { webPush } from "./web-push.ts";

/** The scenarios by name. Those of the first kind share their servers. */
const COMPARED = { b1: ingest, b3: push } satisfies Record<string, (servers: Servers, effort: Effort) => Promise<Row[]>>;
const ALONE = {
  b2: ingestOnWorkers,
  b4: fanOut,
  b5: fanOutSent,
  b6: queue,
  b7: mail,
  b8: idleSockets,
  b9: webPush,
  b10: growth,
  b11: soak,
  allocation,
  broadcast,
  decide,
  replan,
  start,
} satisfies Record<string, (effort: Effort) => Promise<Row[]>>;
const NAMES = [...Object.keys(COMPARED), ...Object.keys(ALONE)];

/** More than any scenario takes, besides those minutes that are asked for. */
const LONGEST_MINUTES = 20;
/** Then the sandbox still has every mail that it took. */
const MOST_MINUTES = 60;

/**
 * `npm run bench -- --only b1,replan --short`: the goals of performance, measured side by side. Without `--only` all of them.
 * `--minutes` is how long b11 goes on, ten unless told otherwise.
 */
async function bench(args: string[]): Promise<void> {
  const isShort = args.includes("--short");
  const valueOf = (option: string) => (args.includes(option) ? (args[args.indexOf(option) + 1] ?? "") : null);
  const minutes = Number(valueOf("--minutes") ?? (isShort ? 0.5 : 10));
  if (!(minutes > 0 && minutes <= MOST_MINUTES)) throw new Error(`--minutes is a number up to ${MOST_MINUTES}`);
  const effort: Effort = { isShort, rounds: isShort ? 2 : 10, minutes };
  const wanted = valueOf("--only")?.split(",") ?? NAMES;
  const unknown = wanted.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0) throw new Error(`There is no ${unknown.join()}; there are ${NAMES.join()}`);

  const rows: Row[] = [];
  const compared = Object.entries(COMPARED).filter(([name]) => wanted.includes(name));
  if (compared.length > 0) {
    const servers = await startServers();
    try {
      for (const [name, measure] of compared) rows.push(...(await bounded(name, effort, measure(servers, effort))));
    } finally {
      await servers.stop();
    }
  }
  for (const [name, measure] of Object.entries(ALONE)) {
    if (wanted.includes(name)) rows.push(...(await bounded(name, effort, measure(effort))));
  }
  report(rows, ROOT, effort);
}

/**
 * A scenario that fails is a row of its own, so that the others' figures are told all the same; one that does not end by itself is
 * ended, with every process that we have started.
 */
async function bounded(name: string, { minutes }: Effort, measured: Promise<Row[]>): Promise<Row[]> {
  const late = () => {
    console.error(`${name} did not end in time`);
    process.exit(1);
  };
  const timer = setTimeout(late, (LONGEST_MINUTES + minutes) * 60_000);
  try {
    return await measured;
  } catch (error) {
    console.error(error);
    return [{ name: `${name} gave no figure`, value: "see above", goal: "–", isMet: false }];
  } finally {
    clearTimeout(timer);
  }
}

await bench(process.argv.slice(2));
