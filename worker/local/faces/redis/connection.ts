import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Bytes, toBytes } from "../../../embedded/store/bytes.ts";
import { CommandError } from "../../../embedded/store/command.ts";
import { Unavailable } from "../../../errors.ts";
import { encodeCommand, type RawReply, ReplyReader } from "./resp.ts";

/** A connection to a Redis server. */
export type Connection = {
  /** Writes the commands at once and answers their replies, in order. Rejects with Unavailable if the connection ends meanwhile. */
  send(commands: readonly (readonly Bytes[])[]): Promise<RawReply[]>;
  /** Writes a command that nobody waits for: whatever comes of it is heard. */
  tell(command: readonly Bytes[]): void;
  close(): void;
};

const PATIENCE_MS = 5_000;

type Listening = {
  /** Gets what nobody waits for: a subscription's messages. */
  heard?: (reply: RawReply) => void;
  /** The connection is lost, or closed. */
  ended?: () => void;
};

/**
 * Connects to `redis://[user:password@]host[:port][/database]`, `rediss://…` or `unix:///path`. Rejects with Unavailable if nobody answers there, or not to this password.
 */
export async function connectRedis(url: string, { heard, ended }: Listening = {}): Promise<Connection> {
  const socket = open(new URL(url));
  const reader = new ReplyReader();
  const waiting: PromiseWithResolvers<RawReply>[] = [];
  let problem: Unavailable | null = null;

  const end = (cause: unknown) => {
    if (problem) return;
    problem = new Unavailable("store", cause);
    for (const { reject } of waiting.splice(0)) reject(problem);
    socket.destroy();
    ended?.();
  };
  socket.on("error", end);
  socket.on("close", () => end(new Error("Redis has closed the connection")));
  socket.on("data", (chunk: Buffer) => {
    try {
      for (const reply of reader.read(chunk)) {
        const asked = waiting.shift();
        if (asked) asked.resolve(reply);
        else heard?.(reply);
      }
    } catch (error) {
      end(error);
    }
  });

  const connection: Connection = {
    async send(commands) {
      if (problem) throw problem;
      const replies = commands.map(() => {
        const reply = Promise.withResolvers<RawReply>();
        waiting.push(reply);
        return reply.promise;
      });
      socket.write(commands.map(encodeCommand).join(""), "latin1");
      return Promise.all(replies);
    },
    tell: (command) => void socket.write(encodeCommand(command), "latin1"),
    close: () => end(new Error("Closed")),
  };

  socket.setTimeout(PATIENCE_MS, () => end(new Error("Redis does not answer")));
  await signIn(connection, new URL(url));
  socket.setTimeout(0);
  return connection;
}

function open(url: URL): Socket {
  if (url.protocol === "unix:") return connectPlain(decodeURIComponent(url.pathname));
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1") || "127.0.0.1";
  const port = Number(url.port || 6379);
  if (url.protocol === "redis:") return connectPlain({ host, port, noDelay: true });
  if (url.protocol === "rediss:") return connectTls({ host, port, servername: host });
  throw new Unavailable("store", new Error(`REDIS_URL must begin with redis://, rediss:// or unix://, not ${url.protocol}`));
}

async function signIn(connection: Connection, { username, password, pathname, protocol }: URL): Promise<void> {
  const commands: Bytes[][] = [["PING"]];
  const words = [username, password].map(decodeURIComponent).map(toBytes);
  const database = protocol === "unix:" ? "" : pathname.slice(1);
  if (database !== "") commands.unshift(["SELECT", toBytes(database)]);
  if (password !== "") commands.unshift(["AUTH", ...words.filter((word) => word !== "")]);
  const refused = (await connection.send(commands)).find((reply) => reply instanceof CommandError);
  if (!refused) return;
  connection.close();
  throw new Unavailable("store", refused);
}
