import type { Bytes } from "./bytes.ts";
import { CommandError, type Commands, parseIndex, span, syntaxError } from "./command.ts";
import type { Keyspace } from "./keyspace.ts";

/** Bits of strings, the highest of each byte first. */
export const BITS: Commands = {
  getbit: {
    arity: 3,
    run(keyspace, [key = "", offset = ""]) {
      const at = parseOffset(offset);
      return bitOf(keyspace.string(key) ?? "", at);
    },
  },
  setbit: {
    arity: 4,
    run(keyspace, [key = "", offset = "", bit = ""]) {
      const at = parseOffset(offset);
      if (bit !== "0" && bit !== "1") throw new CommandError("ERR bit is not an integer or out of range");
      const value = keyspace.string(key) ?? "";
      const before = bitOf(value, at);
      const index = at >> 3;
      const padded = value.padEnd(index + 1, "\0");
      const mask = 0x80 >> (at & 7);
      const byte = bit === "1" ? padded.charCodeAt(index) | mask : padded.charCodeAt(index) & ~mask;
      keyspace.changeString(key, padded.slice(0, index) + String.fromCharCode(byte) + padded.slice(index + 1));
      return before;
    },
  },
  bitcount: { arity: -2, run: count },
  bitpos: { arity: -3, run: position },
  bitop: { arity: -4, run: operate },
};

const OFFSET_MOST = 2 ** 32 - 1;

function parseOffset(text: Bytes): number {
  const problem = () => new CommandError("ERR bit offset is not an integer or out of range");
  const offset = parseIndex(text, problem);
  if (offset < 0 || offset > OFFSET_MOST) throw problem();
  return offset;
}

const bitOf = (value: Bytes, at: number): 0 | 1 => ((value.charCodeAt(Math.floor(at / 8)) & (0x80 >> (at & 7))) === 0 ? 0 : 1);

type Span = { from: number; to: number };

/** From a first to a last bit or byte as bits, `from` included and `to` not; an end before the beginning means the beginning. */
function bitSpan(length: number, first: number, last: number, isBits: boolean): Span {
  const size = isBits ? length * 8 : length;
  const { from, to } = span(size, first, Math.max(last, -size));
  return isBits ? { from, to } : { from: from * 8, to: to * 8 };
}

function readUnit(unit: Bytes = "BYTE"): boolean {
  const name = unit.toUpperCase();
  if (name !== "BIT" && name !== "BYTE") throw syntaxError();
  return name === "BIT";
}

function count(keyspace: Keyspace, [key = "", start, end, unit, ...rest]: Bytes[]): number {
  const value = keyspace.string(key);
  if (value === null) return 0;
  if (rest.length > 0 || (start !== undefined && end === undefined)) throw syntaxError();
  const [first, last] = [parseIndex(start ?? "0"), parseIndex(end ?? "-1")];
  if (first < 0 && last < 0 && first > last) return 0;
  const { from, to } = bitSpan(value.length, first, last, readUnit(unit));
  let bits = 0;
  for (let at = from; at < to; at++) bits += bitOf(value, at);
  return bits;
}

/** https://redis.io/docs/latest/commands/bitpos/ ; without an end, zeros go on behind the string. */
function position(keyspace: Keyspace, [key = "", bit = "", start = "0", end, unit, ...rest]: Bytes[]): number {
  const wanted = parseIndex(bit);
  if (wanted !== 0 && wanted !== 1) throw new CommandError("ERR The bit argument must be 1 or 0.");
  const value = keyspace.string(key);
  if (value === null) return wanted === 1 ? -1 : 0;
  if (rest.length > 0) throw syntaxError();
  const [first, isBits] = [parseIndex(start), readUnit(unit)];
  const { from, to } = bitSpan(value.length, first, parseIndex(end ?? "-1"), isBits);
  for (let at = from; at < to; at++) if (bitOf(value, at) === wanted) return at;
  return wanted === 0 && end === undefined && from < to ? value.length * 8 : -1;
}

const OPERATIONS: Record<string, (one: number, other: number) => number> = {
  AND: (one, other) => one & other,
  OR: (one, other) => one | other,
  XOR: (one, other) => one ^ other,
};

function operate(keyspace: Keyspace, [name = "", to = "", ...keys]: Bytes[]): number {
  const operation = OPERATIONS[name.toUpperCase()];
  const isNot = name.toUpperCase() === "NOT";
  if (!operation && !isNot) throw syntaxError();
  if (isNot && keys.length !== 1) throw new CommandError("ERR BITOP NOT must be called with a single source key.");
  const values = keys.map((key) => keyspace.string(key) ?? "");
  const length = Math.max(...values.map((value) => value.length));
  const bytes = Array.from({ length }, (_, index) => {
    const column = values.map((value) => (index < value.length ? value.charCodeAt(index) : 0));
    return operation ? column.reduce(operation) : ~(column[0] ?? 0) & 0xff;
  });
  if (length === 0) keyspace.remove(to);
  else keyspace.setString(to, bytes.map((byte) => String.fromCharCode(byte)).join(""), null);
  return length;
}
