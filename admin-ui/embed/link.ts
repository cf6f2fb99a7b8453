import type { ClientFrame, ServerFrame } from "@carillon/shared/inbox";

export type LinkStatus = "connecting" | "live" | "waiting" | "closed";

/** The part of a WebSocket that the link uses. */
export type Socket = Pick<WebSocket, "send" | "close" | "onopen" | "onmessage" | "onclose">;

export type LinkPorts = {
  /** Gets what an attempt needs and opens a socket. Rejects when that is not possible now. */
  open(): Promise<Socket>;
  /** A fresh ticket for a socket that goes on. */
  ticket(): Promise<string>;
  /** The revision to resume from. */
  resume(): number;
  /** Takes a frame in; true when the answer to hello is not complete and another hello is due. */
  onFrame(frame: ServerFrame): boolean;
  onStatus(status: LinkStatus, problem: unknown): void;
  isVisible(): boolean;
  now(): number;
  /** 0 ≤ x < 1. */
  random(): number;
};

export type Link = {
  /** Tries at once instead of waiting; a live link is probed, because a laptop that slept does not know its socket is dead. */
  retry(): void;
  tellVisible(): void;
  close(): void;
};

const PING_EVERY = 25_000; // within the 45 s for which the server believes that a tab is visible
const ANSWER_WITHIN = 10_000;
const HELLO_EVERY = 125; // the server takes ten frames a second
const FIRST_WAIT = 500;
const LONGEST_WAIT = 30_000;
const STEADY_AFTER = 5_000; // a link that lived shorter did not end the trouble

/** Full jitter: any wait up to the bound, so that a thousand bells do not come back at once. */
export function backOff(tries: number, random: number): number {
  return random * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** tries);
}

/** Keeps one socket open for as long as it is wanted. */
export function keepLink(ports: LinkPorts): Link {
  let status: LinkStatus = "connecting";
  let socket: Socket | null = null;
  /** Counts attempts, so that what comes late from an abandoned one is ignored. */
  let round = 0;
  let tries = 0;
  let openedAt = Infinity;
  let helloAt = -Infinity;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let beat: ReturnType<typeof setInterval> | undefined;
  let deadline: ReturnType<typeof setTimeout> | undefined;
  let greeting: ReturnType<typeof setTimeout> | undefined;

  void open();
  return { retry, tellVisible, close };

  async function open(): Promise<void> {
    const mine = ++round;
    clearTimeout(waiting);
    become("connecting");
    try {
      const opened = await ports.open();
      if (mine === round) attach(opened, mine);
      else opened.close();
    } catch (problem) {
      if (mine === round) waitAndRetry(problem);
    }
  }

  function attach(opened: Socket, mine: number): void {
    socket = opened;
    expectAnswer();
    opened.onopen = () => {
      if (mine !== round) return;
      openedAt = ports.now();
      hello();
      tellVisible();
      beat = setInterval(ping, PING_EVERY);
    };
    opened.onmessage = (message: MessageEvent<string>) => {
      if (mine !== round) return;
      clearTimeout(deadline);
      if (message.data === "pong") return;
      take(JSON.parse(message.data) as ServerFrame);
    };
    opened.onclose = (event: CloseEvent) => {
      if (mine === round) drop(new Error(event.reason || `The connection was closed (${event.code})`));
    };
  }

  function take(frame: ServerFrame): void {
    const wantsMore = ports.onFrame(frame);
    if (frame.type === "renew") void renew(round);
    if (frame.type !== "sync") return;
    if (wantsMore) greeting = setTimeout(hello, Math.max(0, helloAt + HELLO_EVERY - ports.now()));
    else become("live");
  }

  function hello(): void {
    helloAt = ports.now();
    say({ type: "hello", after: ports.resume() });
    expectAnswer();
  }

  async function renew(mine: number): Promise<void> {
    try {
      const ticket = await ports.ticket();
      if (mine === round) say({ type: "renew", ticket });
    } catch (problem) {
      if (mine === round) drop(problem);
    }
  }

  function ping(): void {
    socket?.send("ping");
    expectAnswer();
  }

  function expectAnswer(): void {
    clearTimeout(deadline);
    deadline = setTimeout(() => drop(new Error("The server does not answer")), ANSWER_WITHIN);
  }

  function say(frame: ClientFrame): void {
    socket?.send(JSON.stringify(frame));
  }

  function tellVisible(): void {
    if (openedAt !== Infinity) say({ type: "visible", yes: ports.isVisible() });
  }

  function retry(): void {
    if (status === "waiting") void open();
    else if (status === "live") ping();
  }

  function drop(problem: unknown): void {
    if (ports.now() - openedAt > STEADY_AFTER) tries = 0;
    release();
    waitAndRetry(problem);
  }

  function waitAndRetry(problem: unknown): void {
    waiting = setTimeout(open, backOff(tries++, ports.random()));
    become("waiting", problem);
  }

  function release(): void {
    round++;
    openedAt = Infinity;
    for (const timer of [waiting, beat, deadline, greeting]) clearTimeout(timer);
    socket?.close();
    socket = null;
  }

  function become(next: LinkStatus, problem: unknown = null): void {
    if (next === status && problem === null) return;
    status = next;
    ports.onStatus(status, problem);
  }

  function close(): void {
    release();
    become("closed");
  }
}
