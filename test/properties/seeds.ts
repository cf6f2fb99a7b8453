/** Numbers from 0 to 1 that follow from a seed, so that a failure can be repeated (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The seeds of a run: `SEED=…` repeats one, otherwise they are new and printed. */
export function seeds(name: string, count: number): number[] {
  const given = process.env.SEED;
  const first = given === undefined ? Math.floor(Math.random() * 1_000_000_000) : Number(given);
  const all = Array.from({ length: given === undefined ? count : 1 }, (_, index) => first + index);
  console.log(`${name}: seeds ${all[0]} … ${all.at(-1)} (SEED=<n> repeats one)`);
  return all;
}

export const pick = <Item>(random: () => number, items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
export const whole = (random: () => number, from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
