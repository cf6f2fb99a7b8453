/** Where in the text a value stands, by its path, e.g. `properties.title.type`; the whole is the empty path. */
export type JsonText = { value: unknown; places: Map<string, number> };
export type JsonError = { place: number; message: string };

const LITERALS: Record<string, unknown> = { true: true, false: false, null: null };
const NUMBER = /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy;
const WORD = /\w+/y;
const BLANK = /[ \t\n\r]*/y;

/** JSON (RFC 8259) with the place of every value; browsers do not tell places, each in words of its own. */
export function readJson(text: string): JsonText | JsonError {
  let at = 0;
  const places = new Map<string, number>();
  try {
    const value = read([]);
    if (at < text.length) fail("Nothing may follow the end");
    return { value, places };
  } catch (error) {
    if (error instanceof Refused) return { place: error.place, message: error.message };
    throw error;
  }

  function read(path: string[]): unknown {
    take(BLANK);
    places.set(path.join("."), at);
    const value = text[at] === "{" ? readObject(path) : text[at] === "[" ? readList(path) : readScalar();
    take(BLANK);
    return value;
  }

  function readObject(path: string[]): object {
    const object: Record<string, unknown> = {};
    at++;
    take(BLANK);
    for (let isFirst = true; !isEnd("}", isFirst); isFirst = false) {
      take(BLANK);
      const start = at;
      const name = readText("A name in double quotes is expected");
      if (Object.hasOwn(object, name)) fail(`“${name}” is there twice`, start);
      take(BLANK);
      if (text[at++] !== ":") fail(`A colon is expected after “${name}”`, at - 1);
      Object.defineProperty(object, name, { value: read([...path, name]), enumerable: true, writable: true, configurable: true });
    }
    return object;
  }

  function readList(path: string[]): unknown[] {
    const list: unknown[] = [];
    at++;
    take(BLANK);
    while (!isEnd("]", list.length === 0)) list.push(read([...path, String(list.length)]));
    return list;
  }

  /** Whether the bracket closes here; otherwise the comma before the next entry is taken. */
  function isEnd(bracket: string, isFirst: boolean): boolean {
    if (text[at] === bracket) return at++ >= 0;
    if (!isFirst && text[at] !== ",") fail(at < text.length ? `A comma or ${bracket} is expected` : `${bracket} is missing`);
    if (!isFirst) at++;
    return false;
  }

  function readScalar(): unknown {
    if (text[at] === '"') return readText("");
    const number = take(NUMBER);
    if (number) return Number(number);
    const start = at;
    const word = take(WORD) ?? "";
    if (Object.hasOwn(LITERALS, word)) return LITERALS[word];
    return fail(
      start < text.length ? "A value is expected: text in double quotes, a number, true, false, null, { or [" : "A value is missing",
      start,
    );
  }

  function readText(expected: string): string {
    const start = at;
    const quoted = take(STRING);
    if (quoted !== null) return JSON.parse(quoted) as string;
    return fail(text[start] === '"' ? "This text has no end on its line, or an escape that JSON does not know" : expected, start);
  }

  function take(pattern: RegExp): string | null {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) return null;
    at = pattern.lastIndex;
    return found[0];
  }

  function fail(message: string, place = at): never {
    throw new Refused(place, message);
  }
}

class Refused extends Error {
  readonly place: number;
  constructor(place: number, message: string) {
    super(message);
    this.place = place;
  }
}

/** The line of a place, from 1. */
export const lineOf = (text: string, place: number): number => text.slice(0, place).split("\n").length;
