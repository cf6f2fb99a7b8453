/** What was, what is, and what was undone. */
export type History<State> = { past: State[]; present: State; future: State[] };

const MOST_STEPS = 100; // far more than anybody takes back one by one

export const begun = <State>(present: State): History<State> => ({ past: [], present, future: [] });

/** One step on; what was undone before is gone. */
export const stepped = <State>({ past, present }: History<State>, next: State): History<State> => ({
  past: [...past, present].slice(-MOST_STEPS),
  present: next,
  future: [],
});

/** One step back; the same if there is none. */
export function undone<State>(history: History<State>): History<State> {
  const { past, present, future } = history;
  return past.length === 0 ? history : { past: past.slice(0, -1), present: past.at(-1)!, future: [present, ...future] };
}

export function redone<State>(history: History<State>): History<State> {
  const { past, present, future } = history;
  return future.length === 0 ? history : { past: [...past, present], present: future[0]!, future: future.slice(1) };
}
