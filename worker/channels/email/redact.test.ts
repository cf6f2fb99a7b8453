import { expect, test } from "vitest";
import { createRedactor } from "./redact.ts";

const SECRET = "correct-horse-battery";

function makeRedactor() {
  const redactor = createRedactor();
  redactor.hide(SECRET, "eve@example.com");
  return redactor;
}

test.each([
  ["as it is", SECRET],
  ["in hex", Buffer.from(SECRET).toString("hex")],
  ["in base64", Buffer.from(SECRET).toString("base64")],
  ["in the line of AUTH PLAIN", Buffer.from(`\0eve@example.com\0${SECRET}`).toString("base64")],
  ["in the line of AUTH XOAUTH2", Buffer.from(`user=eve@example.com\u0001auth=Bearer ${SECRET}\u0001\u0001`).toString("base64")],
  ...["x", "xy", "xyz"].map((before) => [
    `in base64 after ${before.length} letters`,
    Buffer.from(`${before}${SECRET}&more`).toString("base64"),
  ]),
  ...["x", "xy", "xyz"].map((before) => [
    `in base64url after ${before.length} letters`,
    Buffer.from(`${before}${SECRET}>?>?`).toString("base64url"),
  ]),
])("a server's words hide a secret that is repeated %s", (_, words) => {
  const heard = makeRedactor().words(`535 refused: ${words} again`);
  expect(heard).toContain("•••");
  for (const part of [
    SECRET,
    Buffer.from(SECRET).toString("hex"),
    ...[0, 1, 2].map((offset) =>
      Buffer.from("x".repeat(offset) + SECRET)
        .toString("base64")
        .slice(4, -4),
    ),
  ])
    expect(heard).not.toContain(part);
});

test("a secret that was cut in two at the end of long words is hidden too", () => {
  const before = "refused ".repeat(70);
  for (let kept = 4; kept < SECRET.length; kept++) {
    const cut = `${before}${SECRET}`.slice(-500 - SECRET.length + kept).slice(0, 500);
    expect(makeRedactor().words(cut)).toBe(`${cut.slice(0, 500 - kept)}•••`);
  }
});

test("words that hold no secret stay as they are, and a very short secret blanks out none", () => {
  const redactor = makeRedactor();
  redactor.hide("abc", "eve");
  expect(redactor.words("535 5.7.8 abc is not cor")).toBe("535 5.7.8 abc is not cor");
  expect(redactor.clean({ kind: "fault", code: "535 5.7.8" })).toEqual({ kind: "fault", code: "535 5.7.8" });
});
