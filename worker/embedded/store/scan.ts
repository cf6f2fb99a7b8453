import type { Bytes } from "./bytes.ts";
import { CommandError, parseIndex, syntaxError } from "./command.ts";
import { matches } from "./glob.ts";

type Options = { cursor: number; pattern: Bytes; count: number; kind: string | null };

const COUNT = 10;

/** `cursor [MATCH pattern] [COUNT n] [TYPE kind]`; the kind for SCAN only. */
export function readScan([cursor = "", ...args]: Bytes[], mayHaveKind: boolean): Options {
  if (!/^\d{1,20}$/.test(cursor)) throw new CommandError("ERR invalid cursor");
  const options: Options = { cursor: Number(cursor), pattern: "*", count: COUNT, kind: null };
  for (let at = 0; at < args.length; at += 2) {
    const [name, value] = [(args[at] ?? "").toUpperCase(), args[at + 1]];
    if (value === undefined) throw syntaxError();
    if (name === "MATCH") options.pattern = value;
    else if (name === "COUNT") {
      options.count = parseIndex(value);
      if (options.count < 1) throw syntaxError();
    } else if (name === "TYPE" && mayHaveKind) options.kind = value.toLowerCase();
    else throw syntaxError();
  }
  return options;
}

/**
 * One step of a scan: what is there from its beginning to its end is answered, whatever comes and goes meanwhile. The order is that of
 * a hash of the names, and a cursor is the hash that comes next; so nothing has to be remembered.
 */
export function scan(names: Iterable<Bytes>, { cursor, pattern, count }: Options): { next: string; found: Bytes[] } {
  const ahead: { name: Bytes; rank: number }[] = [];
  for (const name of names) {
    const rank = rankOf(name);
    if (rank >= cursor) ahead.push({ name, rank });
  }
  ahead.sort((one, other) => one.rank - other.rank);
  const last = ahead[Math.min(count, ahead.length) - 1]?.rank ?? 0;
  const step = ahead.filter(({ rank }) => rank <= last);
  return {
    next: step.length < ahead.length ? String(last + 1) : "0",
    found: step.map(({ name }) => name).filter((name) => matches(pattern, name)),
  };
}

/** FNV-1a, 32 bits. */
function rankOf(name: Bytes): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
