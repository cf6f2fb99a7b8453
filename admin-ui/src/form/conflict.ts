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
