import { WebSocket } from "ws";
import type { ClientFrame, ServerFrame } from "@carillon/shared/inbox";
import { until, type Instance } from "./instance.ts";

/** A bell's socket, as a browser opens it, which remembers every frame. */
export class BellSocket {
  readonly frames: ServerFrame[] = [];
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => {
      const text = String(data);
      if (text !== "pong") this.frames.push(JSON.parse(text) as ServerFrame);
    });
    socket.on("error", () => socket.terminate());
  }

  /** Opens a socket of a person and says hello; resolves after the sync. */
  static async open(carillon: Instance, user: string, after = 0): Promise<BellSocket> {
    const me = await carillon.me(user);
    const bell = await BellSocket.connect(carillon, (await me("POST", "/socket-ticket")).body.ticket);
    bell.send({ type: "hello", after });
    await until(() => bell.frames.some((frame) => frame.type === "sync"), "the sync comes");
    return bell;
  }

  static async connect(carillon: Instance, ticket: string): Promise<BellSocket> {
    const socket = new WebSocket(`${carillon.credentials.url.replace("http", "ws")}/v1/me/socket`, ["carillon.v1", `ticket.${ticket}`]);
    const bell = new BellSocket(socket);
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return bell;
  }

  onText(hear: (text: string) => void): void {
    this.#socket.on("message", (data) => hear(String(data)));
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(frame: ClientFrame): void {
    this.say(JSON.stringify(frame));
  }

  say(text: string): void {
    this.#socket.send(text);
  }

  close(): void {
    this.#socket.close();
  }
}
