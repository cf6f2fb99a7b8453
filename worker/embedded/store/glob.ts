import type { Bytes } from "./bytes.ts";

/** Redis's patterns: `*`, `?`, `[abc]`, `[^a-z]` and `\` before what is meant literally. */
export function matches(pattern: Bytes, text: Bytes): boolean {
  if (text === "") return pattern === "" || pattern === "*"; // Redis means nothing by more stars here.
  let [p, t] = [0, 0];
  /** Where to go on when what follows the last star does not fit: the star takes one more. */
  let retry: { p: number; t: number } | null = null;
  for (;;) {
    if (p < pattern.length && pattern[p] === "*") {
      retry = { p: p + 1, t };
      p++;
      continue;
    }
    if (t === text.length && p === pattern.length) return true;
    const next = t < text.length && p < pattern.length ? matchOne(pattern, p, text[t] ?? "") : null;
    if (next !== null) {
      p = next;
      t++;
      continue;
    }
    if (!retry || retry.t >= text.length) return false;
    retry = { p: retry.p, t: retry.t + 1 };
    ({ p, t } = retry);
  }
}

/** Where the pattern goes on if its element at `at` means this character, else null. */
function matchOne(pattern: Bytes, at: number, character: string): number | null {
  switch (pattern[at]) {
    case "?":
      return at + 1;
    case "[":
      return matchClass(pattern, at + 1, character);
    case "\\":
      if (at + 1 < pattern.length) return pattern[at + 1] === character ? at + 2 : null;
      return character === "\\" ? at + 1 : null;
    default:
      return pattern[at] === character ? at + 1 : null;
  }
}

/** A class that is never closed ends with the pattern. */
function matchClass(pattern: Bytes, start: number, character: string): number | null {
  const isNegated = pattern[start] === "^";
  let at = isNegated ? start + 1 : start;
  let isFound = false;
  for (; at < pattern.length && pattern[at] !== "]"; at++) {
    if (pattern[at] === "\\" && at + 1 < pattern.length) {
      at++;
      isFound ||= pattern[at] === character;
    } else if (pattern[at + 1] === "-" && at + 2 < pattern.length) {
      const [low = "", high = ""] = [pattern[at], pattern[at + 2]].sort();
      isFound ||= character >= low && character <= high;
      at += 2;
    } else isFound ||= pattern[at] === character;
  }
  return isFound === isNegated ? null : Math.min(at + 1, pattern.length);
}
