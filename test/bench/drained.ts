/** As many as ask for something at the same moment. */
const PUBLISHERS = 32;

/** Measures a queue that is filled and emptied at once, by the same process: `one` is to be called for each job that was handled. */
export function drained() {
  let left = 0;
  let ended: () => void = () => undefined;
  return {
    one(): void {
      if (--left === 0) ended();
    },
    /** Jobs a second, from the first that is published to the last that was handled. */
    async run(count: number, publish: () => Promise<unknown>): Promise<number> {
      left = count;
      const end = new Promise<void>((resolve) => (ended = resolve));
      const started = performance.now();
      let toPublish = count;
      const publisher = async () => {
        while (toPublish-- > 0) await publish();
      };
      await Promise.all(Array.from({ length: PUBLISHERS }, publisher));
      await end;
      return (count * 1_000) / (performance.now() - started);
    },
  };
}
