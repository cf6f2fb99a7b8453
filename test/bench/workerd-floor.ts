import { DurableObject, env, waitUntil } from "cloudflare:workers";

type Bindings = { OBJECT: DurableObjectNamespace<Floor> };

/** A row in a table of its own, one call, one transaction. */
export class Floor extends DurableObject {
  readonly #sql = this.ctx.storage.sql;

  constructor(ctx: DurableObjectState, bindings: unknown) {
    super(ctx, bindings as never);
    this.#sql.exec("CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY, body TEXT)");
  }

  insert(body: string): void {
    this.#sql.exec("INSERT INTO event (body) VALUES (?)", body);
  }
}

/** The least that ingest can cost on workerd: the store is asked, a row is written, and after the answer the queue is told. */
export default {
  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const rest = url.searchParams.get("rest");
    if (rest === null) return new Response("ready");
    const event = await request.text();
    await ask(`${rest}/pipeline`, [["HMGET", "org:acme", "version", "shards", "name", "key:first"]]);
    const { OBJECT } = env as unknown as Bindings;
    await OBJECT.get(OBJECT.idFromName("acme.0")).insert(event);
    waitUntil(ask(`${rest}/v2/batch`, [{ destination: "http://localhost/internal/jobs/deliver", body: '{"org":"acme","shard":0}' }]));
    return Response.json({ accepted: true }, { status: 202 });
  },
};

async function ask(url: string, body: unknown): Promise<unknown> {
  const headers = { authorization: "Bearer token", "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return answer.json();
}
