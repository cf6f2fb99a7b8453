import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { BellSocket } from "../harness/bell-socket.ts";
import type { Instance } from "../harness/instance.ts";
import { post, type Target } from "./load.ts";
import { median, type Measured } from "./process.ts";

/** Posts one event at a time and waits for it on a socket. */
export type Latency = { p50(count: number): Promise<number>; close(): void };

let serial = 0;

function measure(target: Target, listen: (heard: (text: string) => void) => void, close: () => void): Latency {
  const waiting = new Map<string, () => void>();
  listen((text) => {
    const mark = /mark-\d+/.exec(text)?.[0];
    if (mark) waiting.get(mark)?.();
  });
  return {
    close,
    async p50(count) {
      const times: number[] = [];
      for (let index = 0; index < count; index++) {
        const mark = `mark-${serial++}`;
        const heard = new Promise<void>((resolve) => waiting.set(mark, resolve));
        const started = performance.now();
        await Promise.all([post(target, target.body(serial).replaceAll("MARK", mark)), heard]);
        times.push(performance.now() - started);
        waiting.delete(mark);
      }
      return median(times);
    },
  };
}

const body = (recipient: string) => (n: number) =>
  JSON.stringify({
    id: `push-${n}-${process.pid}`,
    type: "task_assigned",
    recipients: [recipient],
    data: { task: { title: "MARK" }, actorName: "Kim" },
  });

export const latencies = {
  /** Beside `idle` sockets of other people that say nothing. */
  async carillon(server: Measured, carillon: Instance, idle: number): Promise<Latency> {
    const crowd: BellSocket[] = [];
    for (let index = 0; index < idle; index += 50) {
      const some = Array.from({ length: Math.min(50, idle - index) }, (_, offset) =>
        BellSocket.open(carillon, `idle-${Math.floor((index + offset) / 15)}`),
      );
      crowd.push(...(await Promise.all(some)));
    }
    const bell = await BellSocket.open(carillon, "listener");
    const target: Target = {
      server,
      path: "/v1/events",
      headers: { authorization: `Bearer ${carillon.credentials.apiKey}` },
      body: body("listener"),
    };
    return measure(
      target,
      (heard) => bell.onText(heard),
      () => [bell, ...crowd].forEach((one) => one.close()),
    );
  },

  async floor(server: Measured): Promise<Latency> {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/socket`);
    await new Promise((resolve) => socket.once("open", resolve));
    return measure(
      { server, path: "/push", headers: {}, body: body("x") },
      (heard) => void socket.on("message", (data) => heard(String(data))),
      () => socket.close(),
    );
  },

  async peer(server: Measured): Promise<Latency> {
    const socket = io(server.url, { query: { user: "listener" }, transports: ["websocket"] });
    await new Promise<void>((resolve) => socket.on("connect", resolve));
    return measure(
      { server, path: "/events", headers: {}, body: body("listener") },
      (heard) => void socket.on("item", heard),
      () => void socket.close(),
    );
  },
};
