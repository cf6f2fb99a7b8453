import * as z from "zod";
import { route, type Route } from "./route.ts";

export const healthRoutes: Route[] = [
  route({
    method: "GET",
    path: "/healthz",
    caller: { kind: "public" },
    summary: "Alive.",
    answer: { schema: z.object({ ok: z.boolean() }), description: "Alive" },
    handle: ({ c }) => c.json({ ok: true }),
  }),
  route({
    method: "GET",
    path: "/readyz",
    caller: { kind: "public" },
    summary: "Ready: store, queue, keys and time-zone data.",
    answer: { schema: z.object({ ok: z.boolean(), parts: z.record(z.string(), z.boolean()) }), description: "Ready" },
    async handle({ c, ports }) {
      const [store, queue, keys] = await Promise.all([
        ports.store.isReady(),
        ports.queue.isReady(),
        ports.vault.signingKey("readiness").then((key) => key.length > 0),
      ]);
      const parts = { store, queue, keys, zones: hasZones() };
      const ok = Object.values(parts).every(Boolean);
      return c.json({ ok, parts }, ok ? 200 : 503);
    },
  }),
];

/** Whether the runtime knows that Berlin has summer time. */
function hasZones(): boolean {
  const offset = (at: number) =>
    new Intl.DateTimeFormat("en", { timeZone: "Europe/Berlin", timeZoneName: "longOffset" })
      .formatToParts(at)
      .find((part) => part.type === "timeZoneName")?.value;
  return offset(Date.UTC(2026, 6, 1)) === "GMT+02:00" && offset(Date.UTC(2026, 0, 1)) === "GMT+01:00";
}
