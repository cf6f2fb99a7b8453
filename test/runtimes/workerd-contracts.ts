import { DurableObject, env } from "cloudflare:workers";
import type { Sql } from "@carillon/worker/ports";
import { contractRunner, type Order } from "./contract-runner.ts";

type Bindings = { OBJECT: DurableObjectNamespace<Scratch> };

const inWorker = contractRunner({
  sql: () => {
    throw new Error("SQL is asked of the object");
  },
});

/** An empty Durable Object for each duty of the SQL contract. */
export class Scratch extends DurableObject {
  override fetch(request: Request): Promise<Response> {
    const { storage } = this.ctx;
    const sql = {
      exec: (query: string, ...values: unknown[]) => storage.sql.exec(query, ...values),
      transaction: <T>(work: () => T) => storage.transactionSync(work),
    } as unknown as Sql;
    return contractRunner({ sql: () => sql })(request as never) as never;
  }
}

export default {
  async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname !== "/run") return inWorker(request as never) as never;
    const order = await request.clone().json<Order>();
    if (order.suite !== "sql") return inWorker(request as never) as never;
    const { OBJECT } = env as unknown as Bindings;
    return OBJECT.get(OBJECT.newUniqueId()).fetch(request);
  },
};
