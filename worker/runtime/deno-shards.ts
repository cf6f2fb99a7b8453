import { SOCKET_CLOSE, SOCKET_PROTOCOL, type ServerFrame } from "@carillon/shared/inbox";
import { LIMITS } from "@carillon/shared/limits";
import { openSql, type HostSql } from "../adapters/node-sqlite.ts";
import { AppError, Unavailable, unauthorized } from "../errors.ts";
import { log } from "../log.ts";
import { forOrder } from "../pipeline/courier.ts";
import type { Clock, Shards } from "../ports.ts";
import type { ShardCalls } from "../shard/calls.ts";
import { Shard, type SyncCalls, type Work } from "../shard/shard.ts";

/** Longer timers fire at once on Deno; a timer therefore sleeps an hour at the most and looks again. */
const LONGEST_SLEEP_MS = 3_600_000;
/** After its credential has run out, a socket has so long to bring a new ticket. */
const RENEW_GRACE_MS = 60_000;

/** How soon it is looked again whether a shard is still held. */
const HELD_LOOK_MS = 3;

/** A steady stream of calls may not put their commit off for ever. */
const MOST_TURNS = 64;

type Deps = {
  /** Where the databases lie, one file a shard. */
  folder: string;
  clock: Clock;
  /** Does what a shard leaves to be done outside of it. */
  work(org: string, shard: number, work: Work): Promise<void>;
};

/** The shards of all organisations in this process, over node:sqlite. */
export class DenoShards implements Shards {
  readonly #deps: Deps;
  #hosts = new Map<string, ShardHost>();

  constructor(deps: Deps) {
    this.#deps = deps;
    Deno.mkdirSync(deps.folder, { recursive: true });
  }

  get(org: string, shard: number): ShardCalls {
    return this.host(org, shard).calls;
  }

  host(org: string, shard: number): ShardHost {
    const name = `${org}.${shard}`;
    let host = this.#hosts.get(name);
    if (!host) this.#hosts.set(name, (host = new ShardHost(this.#deps, org, shard, `${this.#deps.folder}/${name}.db`)));
    return host;
  }

  close(): void {
    for (const host of this.#hosts.values()) host.close();
    this.#hosts.clear();
  }
}

type Waiting = { run: () => unknown; resolve: (answer: never) => void; reject: (error: unknown) => void };
type Open = { socket: WebSocket; person: string; until: number; frames: number[]; isVisible: boolean; heardAt: number };

/**
 * One shard with its file, its sockets and its timer. All calls of one turn of the event loop share a transaction; every answer and
 * every frame of that turn waits for its commit. A commit that fails answers Unavailable to all.
 */
export class ShardHost {
  readonly calls: ShardCalls;
  readonly #deps: Deps;
  readonly #org: string;
  readonly #number: number;
  readonly #sql: HostSql;
  readonly #shard: Shard;
  #waiting: Waiting[] = [];
  #sockets = new Map<string, Set<Open>>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #ringsAt: number | null = null;

  constructor(deps: Deps, org: string, number: number, file: string) {
    this.#deps = deps;
    this.#org = org;
    this.#number = number;
    this.#sql = openSql(file);
    this.#shard = new Shard({
      sql: this.#sql,
      clock: deps.clock,
      org,
      shard: number,
      isListening: (person) => this.#sockets.has(person),
      isWatching: (person) => this.#isWatching(person),
      countSockets: () => [...this.#sockets.values()].reduce((sum, { size }) => sum + size, 0),
    });
    this.calls = callsOf(this.#shard, (run, name) => (name === "transfer" ? this.#alone(run) : this.#enqueue(run)));
    void this.#enqueue(() => this.#shard.rearm());
  }

  /** Opens a socket for whoever holds this ticket. The upgrade is answered only after the ticket is durably used up. */
  async connect(request: Request, ticket: string): Promise<Response> {
    const person = await this.#enqueue(() => this.#shard.redeem(ticket));
    if (person === null) throw unauthorized("ticket.invalid", "The ticket is missing, used or expired.");
    // Deno finds the protocol only where the offered ones stand apart by a comma and a blank, so the answer is written by hand.
    const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 90 });
    response.headers.set("sec-websocket-protocol", SOCKET_PROTOCOL);
    const now = this.#deps.clock.now();
    const open: Open = { socket, person, until: now + LIMITS.tokenSeconds * 1_000, frames: [], isVisible: false, heardAt: now };
    socket.onopen = () => this.#add(open);
    socket.onmessage = (event) => this.#hear(open, event.data);
    socket.onclose = socket.onerror = () => this.#remove(open);
    return response;
  }

  /** Everything that the wall clock says should have happened by now. For tests that own the clock, and after a long sleep. */
  ring(): void {
    this.#arm(this.#deps.clock.now());
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const open of [...this.#sockets.values()].flatMap((set) => [...set])) open.socket.close(SOCKET_CLOSE.restart, "restart");
    this.#flush();
    this.#sql.close();
  }

  #enqueue<Answer>(run: () => Answer): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => this.#wait({ run, resolve, reject }));
  }

  /** A step of a backup or a restore waits for nobody: it may be what all others wait for. */
  #alone<Answer>(run: () => Answer): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => this.#carryOut([{ run, resolve, reject }]));
  }

  /** `resolve` is called in the order of the calls, before the frames of those that came later leave. */
  #wait<Answer>(call: { run: () => Answer; resolve: (answer: Answer) => void; reject: (error: unknown) => void }): void {
    this.#waiting.push(call as Waiting);
    if (this.#waiting.length === 1) setImmediate(() => this.#gather(1, 0));
  }

  /** Lets a turn's end come once no further call has joined, because a commit costs more than all the calls in it. */
  #gather(known: number, turns: number): void {
    const heldMs = this.#shard.heldMs();
    if (heldMs > 0) setTimeout(() => this.#gather(0, MOST_TURNS), Math.min(heldMs, HELD_LOOK_MS));
    else if (this.#waiting.length > known && turns < MOST_TURNS) setImmediate(() => this.#gather(this.#waiting.length, turns + 1));
    else this.#flush();
  }

  #flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length > 0) this.#carryOut(batch);
  }

  #carryOut(batch: Waiting[]): void {
    const after: (() => void)[] = [];
    try {
      this.#sql.begin();
      for (const call of batch) {
        try {
          const answer = call.run();
          const told = this.#shard.takeTold();
          const work = this.#shard.takeWork();
          after.push(() => {
            for (const { person, frame } of told) this.#tell(person, frame);
            const done = work && this.#do(work);
            if (done && work.carry.length > 0) void forOrder(done).then(() => call.resolve(answer as never));
            else call.resolve(answer as never);
          });
        } catch (error) {
          if (batch.length > 1) throw new OneFailed(call, error);
          throw error;
        }
      }
      this.#shard.beforeCommit();
      this.#sql.commit();
    } catch (error) {
      this.#sql.rollback();
      this.#shard.forget();
      this.#shard.takeAlarm();
      if (error instanceof OneFailed) {
        // A call that throws undoes the turn; the others of the turn are carried out again without it.
        error.call.reject(error.reason);
        this.#waiting.unshift(...batch.filter((call) => call !== error.call));
        this.#flush();
        return;
      }
      const reason = batch.length === 1 && !isDatabaseFailure(error) ? error : new Unavailable("shard", error);
      for (const call of batch) call.reject(reason);
      return;
    }
    for (const tell of after) tell();
    const alarm = this.#shard.takeAlarm();
    if (alarm !== null) this.#arm(alarm);
  }

  #tell(person: string, frame: ServerFrame): void {
    const sockets = this.#sockets.get(person);
    if (!sockets) return;
    const text = JSON.stringify(frame);
    for (const open of sockets) this.#send(open, text);
  }

  /** Nothing is sent on an expired credential; the client comes back with a new one and resumes. */
  #send(open: Open, text: string): void {
    const now = this.#deps.clock.now();
    if (open.socket.readyState !== WebSocket.OPEN) return;
    if (now > open.until + RENEW_GRACE_MS) return open.socket.close(SOCKET_CLOSE.unauthorized, "ticket expired");
    if (now > open.until) open.socket.send(JSON.stringify({ type: "renew" } satisfies ServerFrame));
    open.socket.send(text);
  }

  #isWatching(person: string): boolean {
    const since = this.#deps.clock.now() - LIMITS.visibleSeconds * 1_000;
    return [...(this.#sockets.get(person) ?? [])].some(({ isVisible, heardAt }) => isVisible && heardAt >= since);
  }

  #hear(open: Open, data: unknown): void {
    open.heardAt = this.#deps.clock.now();
    if (data === "ping") return open.socket.send("pong");
    if (typeof data !== "string" || data.length > LIMITS.socketFrameBytes)
      return open.socket.close(SOCKET_CLOSE.tooLarge, "frame too large");
    const now = open.heardAt;
    open.frames = [...open.frames.filter((at) => now - at < 1_000), now];
    if (open.frames.length > LIMITS.socketFramesPerSecond) return open.socket.close(SOCKET_CLOSE.tooMany, "too many frames");
    const own = this.#shard.frameOfSocket(data);
    if (own?.type === "visible") {
      open.isVisible = own.yes;
      return;
    }
    if (own) {
      void this.#renew(open, own.ticket);
      return;
    }
    // A sync must not be overtaken by the frame of a later mark, so it leaves in its turn and not when a promise is looked at.
    this.#wait({
      run: () => this.#shard.frame(open.person, data),
      resolve: (frames) => frames.forEach((frame) => this.#send(open, JSON.stringify(frame))),
      reject: () => open.socket.close(1011, "try again"),
    });
  }

  async #renew(open: Open, ticket: string): Promise<void> {
    const person = await this.#enqueue(() => this.#shard.redeem(ticket)).catch(() => null);
    if (person !== open.person) return open.socket.close(SOCKET_CLOSE.unauthorized, "ticket invalid");
    open.until = this.#deps.clock.now() + LIMITS.tokenSeconds * 1_000;
  }

  #add(open: Open): void {
    let sockets = this.#sockets.get(open.person);
    if (!sockets) this.#sockets.set(open.person, (sockets = new Set()));
    sockets.add(open);
    if (sockets.size > LIMITS.socketsPerPerson) {
      const [oldest] = sockets;
      oldest!.socket.close(SOCKET_CLOSE.tooMany, "too many sockets");
    }
  }

  #remove(open: Open): void {
    const sockets = this.#sockets.get(open.person);
    sockets?.delete(open);
    if (sockets?.size === 0) this.#sockets.delete(open.person);
  }

  #arm(at: number): void {
    if (this.#ringsAt !== null && this.#ringsAt <= at) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#ringsAt = at;
    const sleep = Math.min(Math.max(at - this.#deps.clock.now(), 0), LONGEST_SLEEP_MS);
    this.#timer = setTimeout(() => void this.#ring(), sleep);
  }

  /** Never rejects, and is armed again whatever happens. */
  async #ring(): Promise<void> {
    const isEarly = this.#ringsAt !== null && this.#deps.clock.now() < this.#ringsAt;
    const at = this.#ringsAt;
    this.#ringsAt = null;
    if (isEarly) return this.#arm(at!);
    try {
      await this.#do(await this.#enqueue(() => this.#shard.alarm()));
    } catch (error) {
      this.#complain("a shard's timer failed", error);
    } finally {
      await this.#enqueue(() => this.#shard.rearm()).catch(() => this.#arm(this.#deps.clock.now() + 5_000));
    }
  }

  /** Never rejects: what could not be done comes up again with the timer. */
  async #do(work: Work): Promise<void> {
    try {
      await this.#deps.work(this.#org, this.#number, work);
    } catch (error) {
      this.#complain("a shard's work outside failed", error);
    }
  }

  #complain(message: string, error: unknown): void {
    log("error", message, { org: this.#org, shard: this.#number, error: String(error) });
  }
}

class OneFailed extends Error {
  readonly call: Waiting;
  readonly reason: unknown;
  constructor(call: Waiting, reason: unknown) {
    super("One call of a turn failed");
    this.call = call;
    this.reason = reason;
  }
}

/** The shard's calls as others make them: at the end of this turn, in one transaction with the turn's others. */
function callsOf(shard: Shard, enqueue: <Answer>(run: () => Answer, name: keyof SyncCalls) => Promise<Answer>): ShardCalls {
  const made = new Map<keyof SyncCalls, (...args: never[]) => Promise<unknown>>();
  const make = (name: keyof SyncCalls) => {
    const call = shard[name] as (...args: never[]) => unknown;
    const run = (args: never[]) => {
      shard.admit(name);
      return call.apply(shard, args);
    };
    return (...args: never[]) => enqueue(() => run(args), name);
  };
  return new Proxy({} as ShardCalls, {
    get(_, name: keyof SyncCalls | "then") {
      if (name === "then") return undefined; // A promise would be asked for it; the shard is not one.
      let call = made.get(name);
      if (!call) made.set(name, (call = make(name)));
      return call;
    },
  });
}

/** A full disk or a broken file is not the caller's mistake. */
const isDatabaseFailure = (error: unknown): boolean => !(error instanceof AppError) && error instanceof Error && "errcode" in error;
