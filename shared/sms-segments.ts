/** What a text costs as SMS. `units` are septets or UTF-16 units, `left` how many of them still fit the last segment. */
export type Segments = { encoding: "GSM-7" | "UCS-2"; units: number; segments: number; left: number };

/** 3GPP TS 23.038 6.2.1: one septet each. */
const GSM_BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
/** 6.2.1.1: an escape and one more, which must stand in the same segment. */
const GSM_EXTENDED = new Set("\f^{}\\[~]|€");

/** A text of several segments gives up 6 bytes of each for its number. */
const CAPACITY = { "GSM-7": { single: 160, part: 153 }, "UCS-2": { single: 70, part: 67 } } as const;

/** How a text travels. Neither an escaped character nor a surrogate pair is cut in two by the end of a segment. */
export function countSegments(text: string): Segments {
  const characters = [...text];
  const isGsm = characters.every((character) => GSM_BASIC.has(character) || GSM_EXTENDED.has(character));
  const encoding = isGsm ? "GSM-7" : "UCS-2";
  const sizes = characters.map((character) => (isGsm ? (GSM_EXTENDED.has(character) ? 2 : 1) : character.length));
  const units = sizes.reduce((sum, size) => sum + size, 0);
  const { single, part } = CAPACITY[encoding];
  if (units <= single) return { encoding, units, segments: units === 0 ? 0 : 1, left: single - units };
  let segments = 1;
  let used = 0;
  for (const size of sizes) {
    if (used + size > part) {
      segments++;
      used = 0;
    }
    used += size;
  }
  return { encoding, units, segments, left: part - used };
}
