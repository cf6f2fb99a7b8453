import { parseArgs } from "node:util";
import type { Runtime } from "../harness/instance.ts";
import { seeds } from "../properties/seeds.ts";
import { describeBellRun, runBells } from "./bell.ts";
import { describeReport, runCampaign } from "./campaign.ts";

/** 10,000 accepts over 200 kills is what reliability.md asks for; on workerd, which starts slower, a tenth of it. */
const CAMPAIGNS: { runtime: Runtime; accepts: number; kills: number; crowds: number }[] = [
  { runtime: "deno", accepts: 10_000, kills: 200, crowds: 5 },
  { runtime: "workers", accepts: 1_000, kills: 20, crowds: 3 },
];
const BELLS: { runtime: Runtime; items: number; kills: number }[] = [
  { runtime: "deno", items: 10_000, kills: 3 },
  { runtime: "workers", items: 1_000, kills: 2 },
];

/**
 * `npm run test:faults`: the long campaigns, one after the other. `--only deno` or `--only workers` takes one runtime, `--shards 4`
 * an organisation of so many shards, `--accepts` and `--kills` another size.
 */
async function run(): Promise<void> {
  const options = { only: { type: "string" }, shards: { type: "string" }, accepts: { type: "string" }, kills: { type: "string" } } as const;
  const { only, shards = "1", accepts, kills } = parseArgs({ options }).values;
  const [seed = 0] = seeds("faults", 1);
  const isWanted = ({ runtime }: { runtime: Runtime }) => only === undefined || only === runtime;
  const trials = [
    ...CAMPAIGNS.filter(isWanted).map((order) => async () => {
      const size = { accepts: Number(accepts ?? order.accepts), kills: Number(kills ?? order.kills) };
      const report = await runCampaign({ ...order, ...size, shards: Number(shards), seed });
      return { words: describeReport(report), isGood: report.wrong.length === 0 && report.events === size.accepts };
    }),
    ...BELLS.filter(isWanted).map((order) => async () => {
      const report = await runBells({ ...order, shards: Number(shards), seed });
      return { words: describeBellRun(report), isGood: report.wrong.length === 0 };
    }),
  ];
  let passed = 0;
  for (const trial of trials) passed += (await tell(trial)) ? 1 : 0;
  const failed = trials.length - passed;
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}

async function tell(trial: () => Promise<{ words: string; isGood: boolean }>): Promise<boolean> {
  try {
    const { words, isGood } = await trial();
    console.log(`${isGood ? "ok      " : "FAILED  "}${words}`);
    return isGood;
  } catch (error) {
    console.log(`FAILED  ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return false;
  }
}

await run();
