import { expect, test } from "vitest";
import { CODE_ROWS as TWILIO_ROWS } from "../../channels/sms/errors.ts";
import { CODE_ROWS as GRAPH_ROWS } from "../../channels/whatsapp/errors.ts";
import { PAGE } from "./page.ts";
import { PUSH_ANSWERS } from "./push.ts";
import { BEHAVIOUR_NUMBERS, magicCode, magicNumber } from "./twilio-magic.ts";

test("a number names its code, and no other number does", () => {
  for (const code of [0, 4, 190, 21_211, 131_026, 900_001]) expect(magicCode(magicNumber(code))).toBe(code);
  expect(magicNumber(21_211)).toMatch(/^\+[1-9]\d{6,14}$/);
  for (const number of ["+4915112345601", "+1500502121", "+150050212111", "", "+25005021211"]) expect(magicCode(number)).toBeNull();
});

test("the page names a recipient for every code of every table", () => {
  const codes = [...TWILIO_ROWS, ...GRAPH_ROWS].flatMap((row) => row.codes.map((code) => (typeof code === "number" ? code : code[0])));
  for (const code of codes) expect(PAGE, String(code)).toContain(`<dt>${magicNumber(code)}</dt>`);
  for (const [number] of BEHAVIOUR_NUMBERS) expect(PAGE).toContain(`<dt>${number}</dt>`);
  for (const answer of Object.keys(PUSH_ANSWERS)) expect(PAGE).toContain(`<dt>${answer}</dt>`);
});
