const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** At most `max` UTF-16 units; what is longer ends in … after its last whole character, so that no emoji or accent is split. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  let end = 0;
  // Two units past the last possible end: whether a character ends there shows in the next one.
  for (const { index, segment } of graphemes.segment(text.slice(0, max + 1))) {
    if (index + segment.length > max - 1) break;
    end = index + segment.length;
  }
  // A letter under hundreds of accents is longer than the text may be.
  if (end === 0) return `${text.slice(0, max - 1).toWellFormed()}…`;
  return `${text.slice(0, end).trimEnd()}…`;
}
