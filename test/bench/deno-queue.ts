// The embedded queue alone, on a file, an fsync before each publish is answered; its handler does nothing.
import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { embeddedQueue } from "@carillon/worker/embedded/queue";
import { drained } from "./drained.ts";

const [file = ":memory:"] = Deno.args;
const sql = openSql(file);
const drain = drained();
const queue = embeddedQueue({
  sql,
  clock: { now: () => Date.now() },
  async handle() {
    drain.one();
    return { ok: true };
  },
});
/** A job that was handled is removed with the end of its turn. */
const LAST_COMMIT_MS = 20;
let serial = 0;
const publish = () => queue.publish([{ org: "acme", shard: 0, channel: "email", at: Date.now(), number: String(serial++) }]);

Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(`ready ${port}`) }, async (request) => {
  const count = Number(new URL(request.url).pathname.slice(1));
  const perSecond = await drain.run(count, publish);
  await new Promise((done) => setTimeout(done, LAST_COMMIT_MS));
  const left = sql.exec<{ n: number }>("SELECT count(*) AS n FROM message").toArray()[0]!.n;
  return Response.json({ perSecond, left });
});
