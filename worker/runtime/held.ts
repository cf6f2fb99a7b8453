/** How soon it is looked again whether a shard is still held, ms: a hold is over within some round trips. */
const LOOK_MS = 3;

/** Lets everybody wait while a shard is held, and go on in the order in which they came. */
export class Held {
  readonly #heldMs: () => number;
  #over: Promise<void> | null = null;

  /** `heldMs`: for how much longer at most. */
  constructor(heldMs: () => number) {
    this.#heldMs = heldMs;
  }

  /** What to wait for; null for nothing. */
  wait(): Promise<void> | null {
    if (this.#over === null && this.#heldMs() > 0) this.#over = this.#end();
    return this.#over;
  }

  async #end(): Promise<void> {
    while (this.#heldMs() > 0) await new Promise((look) => setTimeout(look, LOOK_MS));
    this.#over = null;
  }
}
