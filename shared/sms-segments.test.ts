import { expect, test } from "vitest";
import { countSegments } from "./sms-segments.ts";

test.each([
  ["nothing", "", { encoding: "GSM-7", units: 0, segments: 0, left: 160 }],
  ["one letter", "a", { encoding: "GSM-7", units: 1, segments: 1, left: 159 }],
  ["exactly one segment", "a".repeat(160), { encoding: "GSM-7", units: 160, segments: 1, left: 0 }],
  ["one more: two of 153", "a".repeat(161), { encoding: "GSM-7", units: 161, segments: 2, left: 145 }],
  ["two full", "a".repeat(306), { encoding: "GSM-7", units: 306, segments: 2, left: 0 }],
  ["three", "a".repeat(307), { encoding: "GSM-7", units: 307, segments: 3, left: 152 }],
  ["Twilio's most", "a".repeat(1_600), { encoding: "GSM-7", units: 1_600, segments: 11, left: 83 }],
  [
    "the whole basic set stays GSM-7",
    "@£$¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà",
    { encoding: "GSM-7", units: 41, segments: 1, left: 119 },
  ],
  ["the euro sign counts twice", "€", { encoding: "GSM-7", units: 2, segments: 1, left: 158 }],
  ["eighty euro signs fill one", "€".repeat(80), { encoding: "GSM-7", units: 160, segments: 1, left: 0 }],
  // 152 letters leave one septet, into which no escaped character fits.
  [
    "an escaped character is not cut in two",
    `${"a".repeat(152)}€${"a".repeat(152)}`,
    { encoding: "GSM-7", units: 306, segments: 3, left: 152 },
  ],
  ["a curly quote makes UCS-2", "“", { encoding: "UCS-2", units: 1, segments: 1, left: 69 }],
  ["ç small is not in GSM-7", "ç", { encoding: "UCS-2", units: 1, segments: 1, left: 69 }],
  ["70 of UCS-2", "ж".repeat(70), { encoding: "UCS-2", units: 70, segments: 1, left: 0 }],
  ["71 of UCS-2", "ж".repeat(71), { encoding: "UCS-2", units: 71, segments: 2, left: 63 }],
  ["134 of UCS-2", "ж".repeat(134), { encoding: "UCS-2", units: 134, segments: 2, left: 0 }],
  ["135 of UCS-2", "ж".repeat(135), { encoding: "UCS-2", units: 135, segments: 3, left: 66 }],
  ["an emoji counts twice", "😀", { encoding: "UCS-2", units: 2, segments: 1, left: 68 }],
  // 66 units leave one, into which no surrogate pair fits.
  ["a surrogate pair is not cut in two", `${"ж".repeat(66)}😀${"ж".repeat(66)}`, { encoding: "UCS-2", units: 134, segments: 3, left: 66 }],
])("%s", (_name, text, expected) => expect(countSegments(text)).toEqual(expected));

test("a text of n characters has at least as many segments as its units need, and a longer one never fewer", () => {
  for (const character of ["a", "€", "ж", "😀"]) {
    let before = 0;
    for (let n = 1; n <= 700; n++) {
      const { units, segments, left, encoding } = countSegments(character.repeat(n));
      const { single, part } = encoding === "GSM-7" ? { single: 160, part: 153 } : { single: 70, part: 67 };
      expect(segments).toBeGreaterThanOrEqual(units <= single ? 1 : Math.ceil(units / part));
      expect(segments).toBeGreaterThanOrEqual(before);
      expect(left).toBeGreaterThanOrEqual(0);
      before = segments;
    }
  }
});
