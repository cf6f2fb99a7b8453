import { serve } from "../runtime/deno.ts";

const data = Deno.env.get("CARILLON_DATA") ?? ".local";
const port = Number(Deno.env.get("CARILLON_PORT") ?? 8787);
const pages = new URL("../../admin-ui/dist", import.meta.url).pathname;
const server = await serve(Deno.env.toObject(), { hostname: "127.0.0.1", port, data, pages }).catch((error: unknown) => {
  const isTaken = error instanceof Deno.errors.AddrInUse;
  console.error(isTaken ? `Port ${port} is taken; CARILLON_PORT=<another> moves Carillon.` : String(error));
  Deno.exit(1);
});

let isStopping = false;
async function stop(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  await server.stop();
  Deno.exit(0);
}
for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, () => void stop());

// The end of standard input says that whoever started us is gone, however it went.
for await (const _ of Deno.stdin.readable);
await stop();
