import { DurableObject, env, waitUntil } from "cloudflare:workers";
import { SOCKET_CLOSE, SOCKET_PROTOCOL, type ServerFrame } from "@carillon/shared/inbox";
import { LIMITS } from "@carillon/shared/limits";
import { offeredTicket } from "@carillon/shared/socket-ticket";
import { queueReceiver, upstashQueue } from "../adapters/upstash-qstash.ts";
import { upstashStore } from "../adapters/upstash-redis.ts";
import { createApp } from "../app.ts";
import { channels } from "../channels/all.ts";
import { Unavailable } from "../errors.ts";
import { configureLog, log } from "../log.ts";
import { Courier, forOrder } from "../pipeline/courier.ts";
import type { Background, Outside, Ports, Sql } from "../ports.ts";
import { createVault } from "../settings/vault.ts";
import type { ShardCalls } from "../shard/calls.ts";
import { Shard, type SyncCalls, type Work } from "../shard/shard.ts";
import { assetType } from "./asset-types.ts";
import { readEnvironment } from "./environment.ts";
import { Held } from "./held.ts";
import { rearmAll } from "../pipeline/rearm.ts";

type Bindings = { SHARD: DurableObjectNamespace<ShardObject>; ASSETS: Fetcher } & Record<string, string>;
const bindings = env as unknown as Bindings;

/** After its credential has run out, a socket has so long to bring a new ticket. */
const RENEW_GRACE_MS = 60_000;

const environment = readEnvironment(bindings);
const clock = { now: () => Date.now() };
configureLog(environment.log, clock);
const background: Background = (work) =>
  waitUntil(work.catch((error: unknown) => log("error", "background work failed", { error: String(error) })));

const outside = makeOutside();
const app = createApp(outside);
const ports: Ports = { ...outside, channels, self: app };

export default {
  fetch: (request) => app(request as unknown as Request, request.headers.get("cf-connecting-ip") ?? undefined) as never,
  scheduled: () => rearmAll(ports),
} satisfies ExportedHandler<Bindings>;

function makeOutside(): Outside {
  const { redis, qstash, config } = environment;
  if (!redis || !qstash) throw new Error("On Workers, UPSTASH_REDIS_REST_URL and QSTASH_TOKEN with their companions are needed.");
  const receiver = queueReceiver(qstash);
  return {
    clock,
    store: upstashStore(redis),
    queue: upstashQueue({
      ...qstash,
      destination: `${config.publicUrl}/internal/jobs/deliver`,
      failureUrl: `${config.publicUrl}/internal/jobs/failed`,
    }),
    shards: { get: (org, shard) => remoteCalls(stubOf(org, shard)) },
    vault: createVault(environment.settingsKeys),
    background,
    config,
    async asset(path) {
      const type = assetType(path);
      const found = type === null ? null : await bindings.ASSETS.fetch(`http://assets${path}`);
      if (!type || !found?.ok) return null;
      return new Response(found.body as unknown as BodyInit, { headers: { "content-type": type } });
    },
    async socket(request, org, shard) {
      const answer = await stubOf(org, shard).fetch(request as never);
      // A stub's answer has immutable headers; what opens a socket is made anew.
      return new Response(answer.body as unknown as BodyInit, answer as never) as Response;
    },
    isFromQueue: (request, body) =>
      receiver({
        body,
        signature: request.headers.get("upstash-signature") ?? "",
        url: `${config.publicUrl}${new URL(request.url).pathname}`,
      }),
  };
}

const stubOf = (org: string, shard: number) => bindings.SHARD.get(bindings.SHARD.idFromName(`${org}.${shard}`));

/** The calls of a shard that lives in another process. */
function remoteCalls(stub: DurableObjectStub<ShardObject>): ShardCalls {
  return new Proxy({} as ShardCalls, {
    get:
      (_, name: keyof SyncCalls) =>
      async (...args: unknown[]) => {
        try {
          return await (stub as unknown as { call(name: string, args: unknown[]): Promise<unknown> }).call(name, args);
        } catch (error) {
          throw new Unavailable("shard", error);
        }
      },
  });
}

/** `visibleAt` is when its tab last said that it is looked at; null when it is not. */
type Attached = { person: string; until: number; visibleAt: number | null };

/** One shard in a Durable Object: a thin shell around the pure core, its sockets hibernate. */
export class ShardObject extends DurableObject<Bindings> {
  readonly #shard: Shard;
  readonly #org: string;
  readonly #number: number;
  readonly #courier: Courier;
  readonly #held = new Held(() => this.#shard.heldMs());
  #ringsAt: number | null = null;
  /** What the answer of the call just made waits for; null for nothing. */
  #inOrder: Promise<void> | null = null;
  #frames = new WeakMap<WebSocket, number[]>();

  constructor(ctx: DurableObjectState, bindings: Bindings) {
    super(ctx, bindings);
    const [, org = "", number = "0"] = /^(.*)\.(\d+)$/.exec(ctx.id.name ?? "") ?? [];
    if (org === "") throw new Error("A shard is named <org>.<number>");
    this.#org = org;
    this.#number = Number(number);
    // To itself a shard speaks without a call, which would be billed.
    const own = new Proxy({} as ShardCalls, {
      get:
        (_, name: keyof SyncCalls) =>
        async (...args: unknown[]) =>
          this.call(name, args),
    });
    const isOwn = (other: string, shard: number) => other === org && shard === this.#number;
    this.#courier = new Courier({
      ...outside,
      shards: { get: (other, shard) => (isOwn(other, shard) ? own : outside.shards.get(other, shard)) },
    });
    const sql: Sql = {
      exec: (query, ...values) => ctx.storage.sql.exec(query, ...values) as never,
      transaction: (work) => ctx.storage.transactionSync(work),
    };
    this.#shard = new Shard({
      sql,
      clock,
      org,
      shard: this.#number,
      isListening: (person) => ctx.getWebSockets(person).length > 0,
      isWatching: (person) => this.#isWatching(person),
      countSockets: () => ctx.getWebSockets().length,
    });
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
    void ctx.blockConcurrencyWhile(async () => {
      this.#ringsAt = await ctx.storage.getAlarm();
    });
  }

  call(name: keyof SyncCalls, args: unknown[]): unknown {
    const held = name === "transfer" ? null : this.#held.wait();
    if (held) return held.then(() => this.call(name, args));
    const answer = this.#run(() => {
      this.#shard.admit(name);
      return (this.#shard[name] as (...args: unknown[]) => unknown)(...args);
    });
    return this.#inOrder ? this.#inOrder.then(() => answer) : answer;
  }

  override async fetch(request: Request): Promise<Response> {
    await this.#held.wait();
    const ticket = offeredTicket(request.headers.get("sec-websocket-protocol"));
    const person = ticket === null ? null : this.#run(() => this.#shard.redeem(ticket));
    if (person === null)
      return Response.json(
        {
          type: "about:blank",
          title: "Not signed in",
          status: 401,
          code: "ticket.invalid",
          detail: "The ticket is missing, used or expired.",
        },
        { status: 401, headers: { "content-type": "application/problem+json" } },
      );
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.ctx.acceptWebSocket(server, [person]);
    server.serializeAttachment({ person, until: clock.now() + LIMITS.tokenSeconds * 1_000, visibleAt: null } satisfies Attached);
    const others = this.ctx.getWebSockets(person);
    if (others.length > LIMITS.socketsPerPerson) others.at(-1)?.close(SOCKET_CLOSE.tooMany, "too many sockets");
    return new Response(null, { status: 101, webSocket: client, headers: { "sec-websocket-protocol": SOCKET_PROTOCOL } });
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void | Promise<void> {
    const held = this.#held.wait();
    return held ? held.then(() => this.#hear(socket, data)) : this.#hear(socket, data);
  }

  #hear(socket: WebSocket, data: string | ArrayBuffer): void {
    if (typeof data !== "string" || data.length > LIMITS.socketFrameBytes) return socket.close(SOCKET_CLOSE.tooLarge, "frame too large");
    const now = clock.now();
    const frames = [...(this.#frames.get(socket) ?? []).filter((at) => now - at < 1_000), now];
    this.#frames.set(socket, frames);
    if (frames.length > LIMITS.socketFramesPerSecond) return socket.close(SOCKET_CLOSE.tooMany, "too many frames");
    const attached = socket.deserializeAttachment() as Attached;
    const own = this.#shard.frameOfSocket(data);
    if (own?.type === "visible") return socket.serializeAttachment({ ...attached, visibleAt: own.yes ? now : null } satisfies Attached);
    if (own) return this.#renew(socket, attached, own.ticket);
    for (const frame of this.#run(() => this.#shard.frame(attached.person, data))) this.#send(socket, frame);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    socket.close(code === 1005 || code === 1006 ? 1000 : code);
  }

  /** Must never throw: an alarm that keeps throwing is dropped for ever. */
  override async alarm(): Promise<void> {
    await this.#held.wait();
    this.#ringsAt = null;
    try {
      await this.#do(this.#run(() => this.#shard.alarm()));
    } catch (error) {
      this.#complain("a shard's timer failed", error);
    } finally {
      const next = this.#shard.nextAlarm();
      if (next !== null) this.#arm(next);
    }
  }

  /** Never rejects: what could not be done comes up again with the timer. */
  async #do(work: Work): Promise<void> {
    try {
      await this.#courier.run(this.#org, this.#number, work);
    } catch (error) {
      this.#complain("a shard's work outside failed", error);
    }
  }

  #complain(message: string, error: unknown): void {
    log("error", message, { org: this.#org, shard: this.#number, error: String(error) });
  }

  /** One call, one transaction. Frames and answers leave only after the disk has it: the runtime holds them back until then. */
  #run<Answer>(work: () => Answer): Answer {
    let answer: Answer;
    try {
      answer = this.ctx.storage.transactionSync(() => {
        const result = work();
        this.#shard.beforeCommit();
        return result;
      });
    } catch (error) {
      this.#shard.forget();
      throw error;
    }
    for (const { person, frame } of this.#shard.takeTold()) for (const socket of this.ctx.getWebSockets(person)) this.#send(socket, frame);
    const left = this.#shard.takeWork();
    const done = left && this.#do(left);
    if (done) this.ctx.waitUntil(done);
    this.#inOrder = done && left.carry.length > 0 ? forOrder(done) : null;
    const alarm = this.#shard.takeAlarm();
    if (alarm !== null) this.#arm(alarm);
    return answer;
  }

  /** Nothing is sent on an expired credential; the client comes back with a new one and resumes. */
  #send(socket: WebSocket, frame: ServerFrame): void {
    const { until } = socket.deserializeAttachment() as Attached;
    const now = clock.now();
    if (socket.readyState !== WebSocket.READY_STATE_OPEN) return;
    if (now > until + RENEW_GRACE_MS) return socket.close(SOCKET_CLOSE.unauthorized, "ticket expired");
    if (now > until) socket.send(JSON.stringify({ type: "renew" } satisfies ServerFrame));
    socket.send(JSON.stringify(frame));
  }

  #renew(socket: WebSocket, attached: Attached, ticket: string): void {
    if (this.#run(() => this.#shard.redeem(ticket)) !== attached.person) return socket.close(SOCKET_CLOSE.unauthorized, "ticket invalid");
    socket.serializeAttachment({ ...attached, until: clock.now() + LIMITS.tokenSeconds * 1_000 } satisfies Attached);
  }

  /** Pings are answered by the runtime without waking us; it remembers when. */
  #isWatching(person: string): boolean {
    const since = clock.now() - LIMITS.visibleSeconds * 1_000;
    return this.ctx.getWebSockets(person).some((socket) => {
      const { visibleAt } = socket.deserializeAttachment() as Attached;
      if (visibleAt === null) return false;
      const heardAt = [visibleAt, this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0, ...(this.#frames.get(socket) ?? [])];
      return Math.max(...heardAt) >= since;
    });
  }

  #arm(at: number): void {
    if (this.#ringsAt !== null && this.#ringsAt <= at) return;
    this.#ringsAt = at;
    void this.ctx.storage.setAlarm(at);
  }
}
