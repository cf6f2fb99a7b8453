import { textOf } from "../../../embedded/store.ts";
import { toText } from "../../../embedded/store/bytes.ts";
import { CommandError } from "../../../embedded/store/command.ts";
import type { Reply } from "../../../ports.ts";
import type { Answer, Command } from "./backend.ts";
import { encodeReply } from "./resp.ts";

/** How answers are written. Plain: JSON whose strings are UTF-8, with U+FFFD for what is none. */
export type Format = "plain" | "base64" | "resp2";

/** Answered with a status (`+OK`) where they answer with a string at all. */
const STATUSES = new Set("SET SETEX PSETEX MSET HMSET RENAME LSET LTRIM FLUSHDB FLUSHALL TYPE".split(" "));

/** The answer to one command, its error included. */
export function writeOne(command: Command, answer: Answer, format: Format): Response {
  const status = answer instanceof CommandError ? 400 : 200;
  if (format === "resp2") return octets(status, resp2(command, answer));
  return Response.json(item(answer, format), { status });
}

/** The answers to many, each error in its place. */
export function writeMany(commands: readonly Command[], answers: readonly Answer[], format: Format): Response {
  if (format !== "resp2") return Response.json(answers.map((answer) => item(answer, format)));
  return octets(200, `*${answers.length}\r\n${answers.map((answer, index) => resp2(commands[index] ?? [], answer)).join("")}`);
}

export const writeProblem = (status: number, error: string): Response => Response.json({ error }, { status });

const item = (answer: Answer, format: Format) =>
  answer instanceof CommandError ? { error: toText(answer.message) } : { result: format === "base64" ? toBase64(answer) : textOf(answer) };

/** Every string but an "OK" that is the whole reply. */
const toBase64 = (reply: Reply): Reply => (reply === "OK" ? reply : encodeAll(reply));
function encodeAll(reply: Reply): Reply {
  if (Array.isArray(reply)) return reply.map(encodeAll);
  return typeof reply === "string" ? Buffer.from(reply, "latin1").toString("base64") : reply;
}

function resp2([name = "", ...args]: Command, answer: Answer): string {
  const known = name.toUpperCase();
  return encodeReply(answer, STATUSES.has(known) || (known === "PING" && args.length === 0));
}

const octets = (status: number, bytes: string) =>
  new Response(Buffer.from(bytes, "latin1"), { status, headers: { "content-type": "application/octet-stream" } });
