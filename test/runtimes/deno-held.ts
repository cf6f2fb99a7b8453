import { DenoShards } from "@carillon/worker/runtime/deno-shards";

const clock = { now: () => Date.now() };

/** What happens while a shard is held, in the order in which it does. */
async function heldShard(): Promise<string[]> {
  const shards = new DenoShards({ folder: Deno.makeTempDirSync(), clock, work: async () => {} });
  const shard = shards.get("acme", 0);
  const order: string[] = [];
  await shard.transfer({ act: "hold", ms: 10_000 });
  const calls = ["u1", "u2"].map((id) => shard.user(id).then(() => order.push(id)));
  await new Promise((later) => setTimeout(later, 100));
  await shard.transfer({ act: "begin", backup: "b1" });
  order.push("read");
  await shard.transfer({ act: "letGo" });
  await Promise.all(calls);
  shards.close();
  return order;
}

export default {
  fetch: async (request: Request) =>
    new URL(request.url).pathname === "/ready" ? new Response("ready") : Response.json(await heldShard()),
};
