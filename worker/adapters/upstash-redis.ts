import { errors, Redis } from "@upstash/redis/cloudflare";
import { Unavailable } from "../errors.ts";
import type { Command, Reply, Store } from "../ports.ts";

/** Measured against how long a caller of ours waits for a 202; Upstash answers within its region in a few milliseconds. */
const PATIENCE_MS = 800;

/** May be asked twice. Anything else might be carried out twice when only its answer was lost. */
const READS = new Set([
  "GET",
  "MGET",
  "HGET",
  "HMGET",
  "HGETALL",
  "HKEYS",
  "HVALS",
  "HLEN",
  "HEXISTS",
  "SMEMBERS",
  "SISMEMBER",
  "SCARD",
  "ZRANGE",
  "ZRANGEBYSCORE",
  "ZSCORE",
  "ZCARD",
  "EXISTS",
  "TTL",
  "PTTL",
  "TYPE",
  "PING",
]);

/** A command of ours that the server refuses to understand: a mistake, and no reason to try again. */
const OWN_MISTAKE = /^(EXECABORT|ERR (unknown command|wrong number of arguments|syntax error|Command is not available))/;

/**
 * The store port over Upstash's REST API (https://upstash.com/docs/redis/features/restapi): one request per call. Reads are tried
 * twice within the patience, writes once.
 */
export function upstashStore({ url, token, patienceMs = PATIENCE_MS }: { url: string; token: string; patienceMs?: number }): Store {
  const redis = new Redis({
    url,
    token,
    automaticDeserialization: false, // Text stays text: "007" and "1e5" are no numbers.
    enableAutoPipelining: false, // It would break a turn's commands into two requests whose order is open.
    enableTelemetry: false,
    responseEncoding: false, // Our values are valid Unicode, and the client's base64 drops a leading byte order mark.
    retry: { retries: 0 },
    signal: () => AbortSignal.timeout(patienceMs),
  });

  const once = async (commands: Command[], isAtomic: boolean): Promise<Reply[]> => {
    const pipeline = isAtomic ? redis.multi() : redis.pipeline();
    // The only door to plain commands; the named methods each have their own shape of arguments and answers.
    for (const command of commands) pipeline["chain"]({ command, deserialize: asItIs });
    const answers = await pipeline.exec<Reply[]>({ keepErrors: true });
    return answers.map(({ result, error }) => {
      if (error) throw new ReplyError(error);
      return result ?? null;
    });
  };

  const patiently = async (commands: Command[], isAtomic: boolean): Promise<Reply[]> => {
    if (commands.length === 0) return [];
    const isRead = commands.every(([name]) => READS.has(name.toUpperCase()));
    const giveUpAt = performance.now() + patienceMs / 2;
    try {
      return await once(commands, isAtomic);
    } catch (error) {
      const problem = classify(error);
      if (!isRead || problem instanceof ReplyError || performance.now() > giveUpAt) throw problem;
    }
    try {
      return await once(commands, isAtomic);
    } catch (error) {
      throw classify(error);
    }
  };

  return {
    run: (...commands) => patiently(commands, false),
    atomic: (...commands) => patiently(commands, true),
    async isReady() {
      return patiently([["PING"]], false).then(
        () => true,
        () => false,
      );
    },
  };
}

/** An error reply of one command, in Redis's words. */
class ReplyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ReplyError";
  }
}

/** The client's own messages repeat the command, values and all; none of that may reach a log. */
function classify(error: unknown): ReplyError | Unavailable {
  if (error instanceof ReplyError) return error;
  if (error instanceof errors.UpstashJSONParseError) return new Unavailable("store", new Error("The answer was not whole"));
  if (!(error instanceof errors.UpstashError)) return new Unavailable("store", error);
  const [words = ""] = error.message.split(", command was:");
  return OWN_MISTAKE.test(words) ? new ReplyError(words) : new Unavailable("store", new Error(words));
}

const asItIs = (reply: Reply): Reply => reply;
