import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";

/** A file in an archive: under which name, and where it lies on the disk, or what is in it. */
export type Entry = { name: string; from: string } | { name: string; content: string };

/** POSIX ustar: blocks of 512 bytes, a header before each file, two empty ones at the end. `tar xzf` opens it. */
const BLOCK = 512;
const NAME_BYTES = 100;
/** What eleven octal digits can say. */
const MOST_BYTES = 8 ** 11 - 1;

/** Writes a gzipped tar for its owner's eyes only. */
export async function writeArchive(file: string, entries: Entry[]): Promise<void> {
  await pipeline(Readable.from(blocksOf(entries)), createGzip(), createWriteStream(file, { mode: 0o600 }));
}

async function* blocksOf(entries: Entry[]): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    const content = "content" in entry ? Buffer.from(entry.content) : null;
    const bytes = content?.byteLength ?? statSync((entry as { from: string }).from).size;
    yield headerOf(entry.name, bytes);
    if (content) yield content;
    else for await (const chunk of createReadStream((entry as { from: string }).from)) yield chunk as Buffer;
    yield Buffer.alloc(padding(bytes));
  }
  yield Buffer.alloc(2 * BLOCK);
}

const padding = (bytes: number): number => (BLOCK - (bytes % BLOCK)) % BLOCK;

function headerOf(name: string, bytes: number): Buffer {
  if (Buffer.byteLength(name) > NAME_BYTES || bytes > MOST_BYTES)
    throw new Error(`${name} is too long or too large for this kind of archive`);
  const header = Buffer.alloc(BLOCK);
  const put = (at: number, text: string) => header.write(text, at, "latin1");
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  header.write(name, 0, "utf8");
  put(100, octal(0o600, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(bytes, 11));
  put(136, octal(0, 11));
  put(148, " ".repeat(8));
  put(156, "0");
  put(257, "ustar\0");
  put(263, "00");
  put(
    148,
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      6,
    ),
  );
  return header;
}

/** Unpacks below a folder, and answers the SHA-256 of each file by its name. Throws for anything that is no whole archive of ours. */
export async function readArchive(file: string, folder: string): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  const reader = new Chunks(createReadStream(file).pipe(createGunzip()));
  for (;;) {
    const header = await reader.take(BLOCK);
    if (header.every((byte) => byte === 0)) return hashes;
    const name = header.toString("utf8", 0, NAME_BYTES).replace(/\0.*$/s, "");
    const bytes = Number.parseInt(header.toString("latin1", 124, 135), 8);
    if (header.toString("latin1", 257, 262) !== "ustar" || !/^([\w.-]+\/)?\w[\w.-]*$/.test(name) || name.includes("..") || !(bytes >= 0))
      throw new Error("This is no backup of Carillon");
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    hashes.set(name, await unpack(reader, bytes, createWriteStream(path, { mode: 0o600 })));
    await reader.take(padding(bytes));
  }
}

async function unpack(reader: Chunks, bytes: number, to: Writable): Promise<string> {
  const hash = createHash("sha256");
  const content = async function* () {
    for (let left = bytes; left > 0;) {
      const chunk = await reader.some(left);
      left -= chunk.byteLength;
      hash.update(chunk);
      yield chunk;
    }
  };
  await pipeline(Readable.from(content()), to);
  return hash.digest("hex");
}

export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** A stream from which one takes as many bytes as one wants. */
class Chunks {
  readonly #source: AsyncIterator<Buffer>;
  #left: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<unknown>) {
    this.#source = (source as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  /** At least one byte, at most so many. */
  async some(most: number): Promise<Buffer> {
    if (this.#left.byteLength === 0) {
      const { value, done } = await this.#source.next();
      if (done) throw new Error("The backup is cut short");
      this.#left = value;
    }
    const taken = this.#left.subarray(0, most);
    this.#left = this.#left.subarray(taken.byteLength);
    return taken;
  }

  async take(bytes: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = bytes; left > 0; left -= parts.at(-1)!.byteLength) parts.push(await this.some(left));
    return Buffer.concat(parts);
  }
}
