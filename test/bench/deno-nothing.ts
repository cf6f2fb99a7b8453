// Carillon as `npm start` serves it, but for its mail channel, which takes every message and does nothing with it.
import { getHeapStatistics } from "node:v8";
import { channels } from "@carillon/worker/channels/all";
import { serve } from "@carillon/worker/runtime/deno";

const [data = "", bootstrapToken = ""] = Deno.args;
channels.email.open = () => ({ send: async () => ({ kind: "ok" }), close: async () => undefined });

const environment = {
  CARILLON_PUBLIC_URL: "http://localhost:8787",
  CARILLON_SETTINGS_KEYS: JSON.stringify({ k1: btoa("k".repeat(32)) }),
  CARILLON_BOOTSTRAP_TOKEN: bootstrapToken,
  CARILLON_ALLOW_PRIVATE_HOSTS: "1",
};
const { port } = await serve(environment, { hostname: "127.0.0.1", port: 0, data, pages: data });
Deno.addSignalListener("SIGUSR2", () => {
  (globalThis as { gc?: () => void }).gc?.(); // See `tidy` in process.ts.
  const { total_allocated_bytes: allocated } = getHeapStatistics() as { total_allocated_bytes?: number };
  Deno.writeTextFileSync(`${data}/allocated`, String(allocated));
});
console.log(`ready ${port}`);
