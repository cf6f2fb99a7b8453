import { DurableObject } from "cloudflare:workers";
import { Shard } from "@carillon/worker/shard/shard";
import type { Done, Step } from "./cost.ts";

type Cursor = SqlStorageCursor<Record<string, SqlStorageValue>>;

/** A real shard in a real Durable Object, which does what it is told and says what that cost. */
export class CountedShard extends DurableObject {
  #cursors: Cursor[] = [];
  #statements = 0;
  #now = Date.UTC(2026, 10, 23, 9);
  readonly #shard: Shard;
  #ringsAt: number | null = null;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as never);
    const exec = (query: string, ...values: unknown[]) => {
      const cursor = ctx.storage.sql.exec(query, ...values);
      this.#statements++;
      this.#cursors.push(cursor);
      return cursor;
    };
    this.#shard = new Shard({
      sql: { exec: exec as never, transaction: (work) => ctx.storage.transactionSync(work) },
      clock: { now: () => this.#now },
      org: "acme",
      shard: 0,
      isListening: () => true,
    });
  }

  override async fetch(request: Request): Promise<Response> {
    const { steps, now } = await request.json<{ steps: Step[]; now?: number }>();
    if (now !== undefined) this.#now = now;
    return Response.json(steps.map((step) => this.#do(step)));
  }

  #do({ call, args, times }: Step): Done {
    this.#cursors = [];
    this.#statements = 0;
    let alarms = 0;
    let answer: unknown = null;
    const rows = { read: 0, written: 0 };
    const text = times === undefined ? "" : JSON.stringify(args);
    for (let n = 0; n < (times ?? 1); n++) {
      const values = times === undefined ? args : (JSON.parse(text.replaceAll("#", String(n))) as unknown[]);
      answer = this.ctx.storage.transactionSync(() => {
        const result = (this.#shard[call] as (...values: unknown[]) => unknown)(...values);
        this.#shard.beforeCommit();
        return result;
      });
      this.#shard.takeTold();
      alarms += this.#arm();
      for (const cursor of this.#cursors) {
        rows.read += cursor.rowsRead;
        rows.written += cursor.rowsWritten;
      }
      this.#cursors = [];
    }
    return {
      answer,
      cost: { statements: this.#statements, rowsRead: rows.read, rowsWritten: rows.written + alarms, alarms },
    };
  }

  /** As the real shell does it: only an earlier alarm is set. */
  #arm(): number {
    const alarm = this.#shard.takeAlarm();
    if (alarm === null || (this.#ringsAt !== null && this.#ringsAt <= alarm)) return 0;
    this.#ringsAt = alarm;
    return 1;
  }
}

type Bindings = { SHARD: DurableObjectNamespace<CountedShard> };

export default {
  fetch(request, { SHARD }) {
    const url = new URL(request.url);
    if (url.pathname === "/ready") return new Response("ready");
    return SHARD.get(SHARD.idFromName(url.pathname)).fetch(request);
  },
} satisfies ExportedHandler<Bindings>;
