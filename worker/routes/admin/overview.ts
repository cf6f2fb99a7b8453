import * as z from "zod";
import { CHANNELS, type Channel } from "@carillon/shared/channels";
import { ledgerSchema, type Ledger } from "@carillon/shared/ledger";
import type { ChannelOverview, Overview } from "@carillon/shared/overview";
import { showChannel } from "../../settings/channels.ts";
import { readSettings } from "../../settings/store.ts";
import type { Ports } from "../../ports.ts";
import { route, type Identity, type Route } from "../route.ts";
import { channelViewSchema } from "./channels.ts";

const overviewSchema = z.object({
  since: z.string(),
  channels: z.array(channelViewSchema.extend({ volume: ledgerSchema })),
  saved: z.object({ routing: z.boolean(), quietHours: z.boolean() }),
});

const HOUR_MS = 3_600_000;
const HOURS = 24;

export const overviewRoutes: Route[] = [
  route({
    method: "GET",
    path: "/admin/api/overview",
    caller: { kind: "admin", role: "viewer" },
    summary: "How all channels stand, what each was given in the last 24 hours, and what was ever saved.",
    answer: { schema: overviewSchema, description: "The overview" },
    async handle({ c, ports, who }) {
      // The volume is kept by the hour: the one that runs and the 23 before it.
      const since = (Math.floor(ports.clock.now() / HOUR_MS) - HOURS + 1) * HOUR_MS;
      const [settings, volume, views] = await Promise.all([
        readSettings(ports, who.org, who.version),
        volumeSince(ports, who, since),
        Promise.all(CHANNELS.map((channel) => showChannel(ports, who, channel))),
      ]);
      return c.json({
        since: new Date(since).toISOString(),
        channels: views.map((view): ChannelOverview => ({ ...view, volume: volume[view.channel] })),
        // Both begin as version 1, which nobody has saved.
        saved: { routing: settings.routing.version > 1, quietHours: settings.quietHours.version > 1 },
      } satisfies Overview);
    },
  }),
];

async function volumeSince({ shards }: Ports, who: Identity, since: number): Promise<Record<Channel, Ledger>> {
  const [first, ...others] = await Promise.all(Array.from({ length: who.shards }, (_, shard) => shards.get(who.org, shard).volume(since)));
  const total = first!;
  for (const other of others) {
    for (const channel of CHANNELS) {
      for (const column of Object.keys(total[channel]) as (keyof Ledger)[]) total[channel][column] += other[channel][column];
    }
  }
  return total;
}
