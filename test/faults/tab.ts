import { WebSocket } from "ws";
import { createInbox, receive, type Inbox } from "../../admin-ui/embed/inbox.ts";
import type { ClientFrame, ServerFrame } from "@carillon/shared/inbox";
import { sleep, type Instance } from "../harness/instance.ts";

/** A tab with the bell's own view of the inbox over a socket that is cut at will, and comes back by itself. */
export class Tab {
  readonly user: string;
  readonly inbox: Inbox = createInbox(0);
  cuts = 0;
  connections = 0;
  readonly #carillon: Instance;
  readonly #random: () => number;
  readonly #life: Promise<void>;
  #socket: WebSocket | null = null;
  #isClosed = false;

  constructor(carillon: Instance, user: string, random: () => number) {
    this.#carillon = carillon;
    this.user = user;
    this.#random = random;
    this.#life = this.#live();
  }

  /** The line breaks without a goodbye. */
  cut(): void {
    if (!this.isOpen) return;
    this.cuts++;
    this.#socket?.terminate();
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Says it if there is a line to say it over; false if there is none. */
  say(frame: ClientFrame): boolean {
    if (!this.isOpen) return false;
    this.#socket!.send(JSON.stringify(frame));
    return true;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#socket?.terminate();
    await this.#life;
  }

  async #live(): Promise<void> {
    while (!this.#isClosed) {
      const ticket = await this.#ticket();
      if (ticket !== null) await this.#connect(ticket);
      await sleep(20 + this.#random() * 150);
    }
  }

  /** Null while nobody answers. */
  async #ticket(): Promise<string | null> {
    try {
      const me = await this.#carillon.me(this.user);
      return (await me("POST", "/socket-ticket")).body.ticket ?? null;
    } catch {
      return null; // The process was killed; the next try finds it again.
    }
  }

  /** Resolves when the line is gone, whatever has cut it. */
  async #connect(ticket: string): Promise<void> {
    const gone = Promise.withResolvers<void>();
    const socket = new WebSocket(`${this.#carillon.credentials.url.replace("http", "ws")}/v1/me/socket`, [
      "carillon.v1",
      `ticket.${ticket}`,
    ]);
    this.#socket = socket;
    socket.on("error", () => socket.terminate());
    socket.on("close", () => gone.resolve());
    socket.on("open", () => {
      this.connections++;
      this.inbox.isCaughtUp = false;
      this.say({ type: "hello", after: this.inbox.resume });
    });
    socket.on("message", (data) => this.#hear(JSON.parse(String(data)) as ServerFrame));
    await gone.promise;
  }

  #hear(frame: ServerFrame): void {
    receive(this.inbox, frame, new Date().toISOString());
    if (frame.type === "sync" && !this.inbox.isCaughtUp) this.say({ type: "hello", after: this.inbox.resume });
  }
}
