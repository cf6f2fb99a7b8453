import { spawn, spawnSync } from "node:child_process";
import { connect, type Socket } from "node:net";
import type { Reply } from "@carillon/worker/ports";
import { type Cleanup, folder } from "./harness.ts";

/** An error reply; compared by its words. */
export type ErrorReply = { error: string };
export type AnyReply = Reply | ErrorReply | AnyReply[];

export const hasRedis = (): boolean => spawnSync("redis-server", ["--version"]).status === 0;

/** A Redis of its own on a socket file, spoken to in RESP2 without a client that reshapes its answers. */
export async function realRedis(clean: Cleanup): Promise<(command: string[]) => Promise<AnyReply>> {
  const path = `${folder(clean)}/redis.sock`;
  const server = spawn("redis-server", ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no"], { stdio: "ignore" });
  clean.after(() => void server.kill("SIGKILL"));
  const socket = await open(path);
  clean.after(() => void socket.destroy());

  let received = Buffer.alloc(0);
  const waiting: ((reply: AnyReply) => void)[] = [];
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (let parsed = parse(received, 0); parsed; parsed = parse(received, 0)) {
      received = received.subarray(parsed.end);
      waiting.shift()?.(parsed.reply);
    }
  });
  return (command) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      socket.write(`*${command.length}\r\n${command.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join("")}`);
    });
}

async function open(path: string): Promise<Socket> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(path);
    const isOpen = await new Promise<boolean>((resolve) => socket.once("connect", () => resolve(true)).once("error", () => resolve(false)));
    if (isOpen) return socket;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("redis-server did not start");
}

/** One RESP2 reply from `at` on, or null while it is not whole. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function parse(bytes: Buffer, at: number): { reply: AnyReply; end: number } | null {
  const lineEnd = bytes.indexOf("\r\n", at);
  if (lineEnd === -1) return null;
  const line = bytes.toString("utf8", at + 1, lineEnd);
  const start = lineEnd + 2;
  switch (String.fromCharCode(bytes[at] ?? 0)) {
    case "+":
      return { reply: line, end: start };
    case "-":
      return { reply: { error: line }, end: start };
    case ":":
      return { reply: Number(line), end: start };
    case "$":
      return parseText(bytes, start, Number(line));
    case "*":
      return parseList(bytes, start, Number(line));
    default:
      throw new Error(`No RESP2 reply: ${line}`);
  }
}

function parseText(bytes: Buffer, start: number, length: number): { reply: AnyReply; end: number } | null {
  if (length === -1) return { reply: null, end: start };
  const end = start + length + 2;
  return bytes.length < end ? null : { reply: bytes.toString("utf8", start, end - 2), end };
}

function parseList(bytes: Buffer, start: number, length: number): { reply: AnyReply; end: number } | null {
  if (length === -1) return { reply: null, end: start };
  const replies: AnyReply[] = [];
  let end = start;
  for (let n = 0; n < length; n++) {
    const item = parse(bytes, end);
    if (!item) return null;
    replies.push(item.reply);
    end = item.end;
  }
  return { reply: replies, end };
}
