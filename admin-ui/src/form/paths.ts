/** A form's values by the path of each field, e.g. `oauth.clientId`. A list is one value. */
export type Leaf = string | number | boolean | null | undefined | unknown[];
export type Leaves = Record<string, Leaf>;

export function leavesOf(values: object, prefix = ""): Leaves {
  const leaves: Leaves = {};
  for (const [key, value] of Object.entries(values)) {
    if (isBranch(value)) Object.assign(leaves, leavesOf(value, `${prefix}${key}.`));
    else leaves[prefix + key] = value as Leaf;
  }
  return leaves;
}

/** The same values with some leaves put in place of theirs. */
export function withLeaves<Values extends object>(values: Values, leaves: Leaves): Values {
  const copy = structuredClone(values);
  for (const [path, leaf] of Object.entries(leaves)) {
    const keys = path.split(".");
    const last = keys.pop()!;
    let branch = copy as Record<string, unknown>;
    for (const key of keys) {
      if (!isBranch(branch[key])) branch[key] = {};
      branch = branch[key] as Record<string, unknown>;
    }
    branch[last] = leaf;
  }
  return copy;
}

export const isSame = (one: Leaf, other: Leaf): boolean => JSON.stringify(one ?? "") === JSON.stringify(other ?? "");

/** The paths whose values differ, in the order of the second. An absent value and an empty one are the same to a form. */
export function changedPaths(saved: object, edited: object): string[] {
  const before = leavesOf(saved);
  const after = leavesOf(edited);
  return [...new Set([...Object.keys(after), ...Object.keys(before)])].filter((path) => !isSame(before[path], after[path]));
}

/** The edited values of the paths that differ, copied. */
export function changedLeaves(saved: object, edited: object): Leaves {
  const after = leavesOf(edited);
  return Object.fromEntries(changedPaths(saved, edited).map((path) => [path, copyOf(after[path])]));
}
const copyOf = (leaf: Leaf): Leaf => (Array.isArray(leaf) ? [...leaf] : leaf);

const isBranch = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
