import * as z from "zod";
import { Unavailable } from "../errors.ts";
import { observed } from "../observed.ts";
import { readOrgs, type Org } from "../settings/org.ts";
import type { Ports } from "../ports.ts";
import type { ShardMetrics } from "../shard/metrics.ts";
import { orgFamilies, timingFamily, type OrgMetrics } from "./metrics/families.ts";
import { OPEN_METRICS, openMetrics, type Family } from "./metrics/openmetrics.ts";
import { route, type Route } from "./route.ts";

/** As in package.json, which a test holds it to. */
export const VERSION = "0.1.0";

/** So many shards are asked at the same time. */
const ASKED_AT_ONCE = 32;

const querySchema = z.object({ org: z.string().max(40).optional() });

export const metricsRoutes: Route[] = [
  route<undefined, z.infer<typeof querySchema>>({
    method: "GET",
    path: "/metrics",
    caller: { kind: "operator", token: "metrics" },
    summary: "OpenMetrics, of all organisations or of one. Needs the deployment's metrics token.",
    query: querySchema,
    answer: { type: OPEN_METRICS, description: "The metrics" },
    async handle({ c, ports, query }) {
      const families = [buildInfo(), ...(await storeFamilies(ports, query.org)), ...processFamilies()];
      return c.body(openMetrics(families), 200, { "content-type": OPEN_METRICS });
    },
  }),
];

const buildInfo = (): Family => ({
  name: "carillon_build",
  type: "info",
  help: "What runs here.",
  samples: [{ suffix: "_info", labels: { version: VERSION, runtime: navigator.userAgent }, value: 1 }],
});

/** Without the store nobody knows which organisations there are; what the process knows of itself is told all the same. */
async function storeFamilies(ports: Ports, only: string | undefined): Promise<Family[]> {
  const orgs = await readOrgs(ports).catch((error: unknown) => {
    if (error instanceof Unavailable) return null;
    throw error;
  });
  const reachable: Family = {
    name: "carillon_store_reachable",
    type: "gauge",
    help: "Whether the store with settings and keys answered; without it nothing else about organisations is told.",
    samples: [{ value: orgs ? 1 : 0 }],
  };
  if (!orgs) return [reachable];
  const asked = orgs.filter(({ org }) => only === undefined || org === only);
  return [reachable, ...orgFamilies(await askShards(ports, asked))];
}

/** One call a shard. */
async function askShards({ shards }: Ports, orgs: Org[]): Promise<OrgMetrics[]> {
  const found: OrgMetrics[] = orgs.map((org) => ({ org: org.org, shards: Array.from({ length: org.shards }, () => null) }));
  const places = found.flatMap(({ org, shards: answers }) => answers.map((_, shard) => ({ org, shard, answers })));
  for (let from = 0; from < places.length; from += ASKED_AT_ONCE) {
    await Promise.all(
      places.slice(from, from + ASKED_AT_ONCE).map(async ({ org, shard, answers }) => {
        answers[shard] = await orNull(shards.get(org, shard).metrics());
      }),
    );
  }
  return found;
}

async function orNull(asked: Promise<ShardMetrics>): Promise<ShardMetrics | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof Unavailable) return null;
    throw error;
  }
}

const processFamilies = (): Family[] => [
  timingFamily(
    "carillon_http_request_duration_seconds",
    "Requests by route and class of status, and how long their answers took. Of this process; on Workers of one isolate of many.",
    observed.requests.all(),
  ),
  timingFamily(
    "carillon_attempt_duration_seconds",
    "Tries at providers by channel and outcome, and how long they took. Of this process; on Workers of one isolate of many.",
    observed.attempts.all(),
  ),
];
