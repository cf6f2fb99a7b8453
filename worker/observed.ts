/** Upper bounds of the buckets, seconds. What takes longer stands in the last, which has no bound. */
export const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** How often something took how long: `buckets` has one count more than there are bounds, each for itself. */
export type Timing = { labels: Record<string, string>; buckets: number[]; seconds: number; count: number };

/** Durations by the values of some labels, counted since the process began. */
export class Timings {
  readonly #names: readonly string[];
  #series = new Map<string, Timing>();

  constructor(...names: string[]) {
    this.#names = names;
  }

  /** `values` in the order of the names. */
  note(ms: number, ...values: string[]): void {
    const key = values.join("\n");
    let series = this.#series.get(key);
    if (!series) {
      const labels = Object.fromEntries(this.#names.map((name, index) => [name, values[index]!]));
      this.#series.set(key, (series = { labels, buckets: Array.from({ length: BUCKETS.length + 1 }, () => 0), seconds: 0, count: 0 }));
    }
    const seconds = Math.max(0, ms) / 1_000;
    const bucket = BUCKETS.findIndex((bound) => seconds <= bound);
    series.buckets[bucket < 0 ? BUCKETS.length : bucket]!++;
    series.seconds += seconds;
    series.count++;
  }

  all(): Timing[] {
    return [...this.#series.values()];
  }
}

/** What this process has done since it began; on Workers each isolate knows only of itself. */
export const observed = {
  requests: new Timings("method", "route", "status"),
  attempts: new Timings("channel", "outcome"),
};
