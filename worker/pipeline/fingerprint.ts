/** Four lanes of 32 bits. They tell a repeat from a mistake; nobody who may post gains by a collision of their own events. */
const SEEDS = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];

/** A fingerprint of a JSON value, 32 hex digits: the same for the same value, in whatever order its keys stand. One pass a lane, no text is made. */
export function fingerprintOf(value: unknown): string {
  return SEEDS.map((seed) => (lane(value, seed) >>> 0).toString(16).padStart(8, "0")).join("");
}

const TAG = { text: 1, number: 2, list: 3, object: 4, true: 5, false: 6, null: 7 };

function lane(value: unknown, seed: number): number {
  if (typeof value === "string") return ofText(value, seed ^ TAG.text);
  if (typeof value === "number") return ofText(String(value), seed ^ TAG.number);
  if (Array.isArray(value)) return ofList(value, seed);
  if (typeof value === "object" && value !== null) return ofObject(value as Record<string, unknown>, seed);
  return mix(seed, value === true ? TAG.true : value === false ? TAG.false : TAG.null);
}

function ofText(text: string, seed: number): number {
  let hash = mix(seed, text.length);
  for (let index = 0; index < text.length; index++) hash = Math.imul(((hash << 5) | (hash >>> 27)) ^ text.charCodeAt(index), 0x27220a95);
  return finish(hash);
}

function ofList(list: unknown[], seed: number): number {
  let hash = mix(seed ^ TAG.list, list.length);
  for (const item of list) hash = mix(hash, lane(item, seed));
  return hash;
}

/** A sum, so that the order of the keys is of no account. A field without a value is none. */
function ofObject(fields: Record<string, unknown>, seed: number): number {
  let sum = 0;
  let count = 0;
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value === undefined) continue;
    sum = (sum + mix(ofText(name, seed), lane(value, seed))) | 0;
    count++;
  }
  return mix(mix(seed ^ TAG.object, count), sum);
}

const mix = (hash: number, value: number): number => finish(Math.imul(hash, 0x9e3779b1) ^ value);

/** MurmurHash3's last step: every bit of the input changes half of the output. */
function finish(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
