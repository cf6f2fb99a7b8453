import { isSame, leavesOf, type Leaf, type Leaves } from "./paths.ts";

export type Side = "mine" | "theirs";
/** A field on which the two forms differ, and whose value stands unless the admin says otherwise. */
export type Difference = { path: string; mine: Leaf; theirs: Leaf; proposed: Side };

/** What two people made of the same settings. A field that only they changed is proposed as theirs, all others as mine. */
export function differences(base: object, mine: object, theirs: object): Difference[] {
  const [before, ours, others] = [leavesOf(base), leavesOf(mine), leavesOf(theirs)];
  return [...new Set([...Object.keys(ours), ...Object.keys(others)])]
    .filter((path) => !isSame(ours[path], others[path]))
    .map((path) => ({ path, mine: ours[path], theirs: others[path], proposed: isSame(before[path], ours[path]) ? "theirs" : "mine" }));
}

/** The leaves to lay over theirs, so that every field is as chosen. */
export function chosenLeaves(found: Difference[], choices: Record<string, Side>): Leaves {
  const leaves: Leaves = {};
  for (const { path, mine, proposed } of found) if ((choices[path] ?? proposed) === "mine") leaves[path] = mine;
  return leaves;
}

/**
 * What is to be decided between my form and what somebody else saved meanwhile. What only theirs has, e.g. the row of a new event, is
 * not mine to decide and stays; what only mine has is kept without asking. Harmless is a save that changed nothing of what I hold.
 */
export function conflictBetween(base: object, mine: object, theirs: object): { asked: Difference[]; added: Leaves; isHarmless: boolean } {
  const before = leavesOf(base);
  const found = differences(base, mine, theirs).filter((difference) => difference.mine !== undefined);
  const isAdded = ({ path, theirs }: Difference) => theirs === undefined && before[path] === undefined;
  const asked = found.filter((difference) => !isAdded(difference));
  return {
    asked,
    added: Object.fromEntries(found.filter(isAdded).map(({ path, mine }) => [path, mine])),
    isHarmless: asked.every(({ path, theirs }) => isSame(before[path], theirs)),
  };
}
