import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { BellSocket } from "../harness/bell-socket.ts";
import { startNothing } from "./nothing.ts";
import { median, residentMiB, tidy, type Measured } from "./process.ts";
import { judged, told, type Effort, type Row } from "./report.ts";
import { spawnDeno, spawnPeer, startRedis } from "./servers.ts";

/** Opened before anything is measured, so that what the first of them costs once is not shared among the others. */
const FIRST = 300;
const AT_ONCE = 50;

type Closing = { close(): void };
/** Opens the socket of the nth person. */
type Open = (n: number) => Promise<Closing>;

/** B8: resident memory for each idle socket, everybody another person; after a garbage collection before and after they were opened. */
export async function idleSockets({ isShort, rounds }: Effort): Promise<Row[]> {
  const count = isShort ? 1_000 : 5_000;
  const all: { ours: number; floor: number; peer: number }[] = [];
  for (let round = 0; round < Math.ceil(rounds / 3); round++)
    all.push({ ours: await ofCarillon(count), floor: await ofFloor(count), peer: await ofPeer(count) });
  const kibibytes = (name: "ours" | "floor" | "peer") => median(all.map((one) => one[name]));
  return [
    told(`B8 an idle socket, ${count.toLocaleString("en")} of as many people`, `${kibibytes("ours").toFixed(1)} KiB`),
    told("   bare Deno | socket.io", `${kibibytes("floor").toFixed(1)} | ${kibibytes("peer").toFixed(1)} KiB`),
    judged("B8 against bare Deno", median(all.map(({ ours, floor }) => ours / floor)), "≤", 1.3),
    told(
      "   bare Deno against socket.io, which nobody on Deno can be below",
      `${median(all.map(({ floor, peer }) => floor / peer)).toFixed(2)} ×`,
    ),
    judged("B8 against socket.io", median(all.map(({ ours, peer }) => ours / peer)), "≤", 0.6),
  ];
}

async function ofCarillon(count: number): Promise<number> {
  const { carillon, ours } = await startNothing();
  try {
    return await perSocket(ours, count, (n) => BellSocket.open(carillon, `idle-${n}`));
  } finally {
    ours.stop();
    await carillon.dispose();
  }
}

async function ofFloor(count: number): Promise<number> {
  const floor = await spawnDeno("deno-floor.ts");
  try {
    return await perSocket(floor, count, async () => {
      const socket = new WebSocket(`${floor.url.replace("http", "ws")}/socket`);
      await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
      // One that has never been spoken on has no buffers yet; the others have said hello.
      socket.send(JSON.stringify({ type: "hello", after: 0 }));
      await new Promise((resolve) => socket.once("message", resolve));
      return socket;
    });
  } finally {
    floor.stop();
  }
}

async function ofPeer(count: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "carillon-idle-"));
  const redis = await startRedis(folder);
  const peer = await spawnPeer(redis);
  try {
    return await perSocket(peer, count, async (n) => {
      const socket = io(peer.url, { query: { user: `idle-${n}` }, transports: ["websocket"], forceNew: true, reconnection: false });
      await new Promise<void>((resolve, reject) => socket.on("connect", resolve).on("connect_error", reject));
      return socket;
    });
  } finally {
    peer.stop();
    redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** KiB of the server's process. What serves a socket in Redis is not counted, to the peer's favour. */
async function perSocket({ pids: [pid] }: Measured, count: number, open: Open): Promise<number> {
  const sockets: Closing[] = [];
  const openTo = async (until: number) => {
    while (sockets.length < until) {
      const from = sockets.length;
      sockets.push(...(await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => open(from + index)))));
    }
  };
  await openTo(FIRST);
  await tidy(pid!);
  const before = residentMiB(pid!);
  await openTo(FIRST + count);
  await tidy(pid!);
  const each = ((residentMiB(pid!) - before) * 1_024) / count;
  for (const socket of sockets) socket.close();
  return each;
}
