import { type Bytes } from "../../../embedded/store/bytes.ts";
import { CommandError } from "../../../embedded/store/command.ts";
import type { Reply } from "../../../ports.ts";

/** A reply in which single items may be errors, as in that of EXEC. */
export type RawReply = Bytes | number | null | CommandError | RawReply[];

/** A command as a client writes it. https://redis.io/docs/latest/develop/reference/protocol-spec/ */
export const encodeCommand = (command: readonly Bytes[]): Bytes =>
  `*${command.length}\r\n${command.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join("")}`;

/** A reply as a server writes it. `isStatus`: a string is a status such as `+OK`. */
export function encodeReply(reply: Reply | CommandError, isStatus = false): Bytes {
  if (reply instanceof CommandError) return `-${reply.message}\r\n`;
  if (reply === null) return "$-1\r\n";
  if (typeof reply === "number") return `:${reply}\r\n`;
  if (Array.isArray(reply)) return `*${reply.length}\r\n${reply.map((item) => encodeReply(item)).join("")}`;
  return isStatus ? `+${reply}\r\n` : `$${reply.length}\r\n${reply}\r\n`;
}

/** Reads replies from a stream, however it is cut. */
export class ReplyReader {
  #received: Buffer = Buffer.alloc(0);

  /** The replies that are whole by now. */
  *read(chunk: Buffer): Generator<RawReply> {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    for (let parsed = parse(this.#received, 0); parsed; parsed = parse(this.#received, 0)) {
      this.#received = this.#received.subarray(parsed.end);
      yield parsed.reply;
    }
  }
}

type Parsed = { reply: RawReply; end: number };

/** One reply from `at` on, or null while it is not whole. */
function parse(bytes: Buffer, at: number): Parsed | null {
  const lineEnd = bytes.indexOf("\r\n", at);
  if (lineEnd === -1) return null;
  const line = bytes.toString("latin1", at + 1, lineEnd);
  const start = lineEnd + 2;
  switch (bytes[at]) {
    case 0x2b: // +
      return { reply: line, end: start };
    case 0x2d: // -
      return { reply: new CommandError(line), end: start };
    case 0x3a: // :
      return { reply: Number(line), end: start };
    case 0x24: // $
      return parseText(bytes, start, Number(line));
    case 0x2a: // *
      return parseList(bytes, start, Number(line));
    default:
      throw new Error(`No RESP2 reply: ${line}`);
  }
}

function parseText(bytes: Buffer, start: number, length: number): Parsed | null {
  if (length === -1) return { reply: null, end: start };
  const end = start + length + 2;
  return bytes.length < end ? null : { reply: bytes.toString("latin1", start, end - 2), end };
}

function parseList(bytes: Buffer, start: number, length: number): Parsed | null {
  if (length === -1) return { reply: null, end: start };
  const replies: RawReply[] = [];
  let end = start;
  for (let n = 0; n < length; n++) {
    const item = parse(bytes, end);
    if (!item) return null;
    replies.push(item.reply);
    end = item.end;
  }
  return { reply: replies, end };
}
