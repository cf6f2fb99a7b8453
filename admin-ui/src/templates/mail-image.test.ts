import { expect, test } from "vitest";
import { mailImage } from "./mail-image.ts";

const HTML = `<!doctype html>
<html lang="en" dir="ltr"><head><meta charset="utf-8"><style>@media (prefers-color-scheme: dark) { .ink { color: red } }</style></head>
<body class="page" style="margin:0"><p class="ink">One &amp; two<br>three\u0007</p></body></html>`;
const drawn = (look: "light" | "dark", html = HTML, text = "One") =>
  decodeURIComponent(mailImage(html, text, look, 520).src.slice("data:image/svg+xml,".length));

test("a mail becomes a picture of its own HTML, as XML", () => {
  const svg = drawn("light");
  expect(svg).toContain('<div class="page" style="margin:0"><p class="ink">One &amp; two<br/>three</p></div>');
  expect(svg).not.toMatch(/<meta|<!doctype|\p{Cc}/u);
});

test("it is light or dark whatever the browser is", () => {
  expect(drawn("dark")).toContain("@media all { .ink");
  expect(drawn("light")).toContain("@media not all { .ink");
});

test("a longer text makes a higher picture, and what reads from the right stays so", () => {
  const heightOf = (text: string, width = 520) => mailImage(HTML, text, "light", width).height;
  expect(heightOf("a".repeat(2_000))).toBeGreaterThan(heightOf("a") + 39 * 24 - 1);
  expect(heightOf("a".repeat(100), 340)).toBeGreaterThan(heightOf("a".repeat(100)));
  expect(heightOf("漢".repeat(100))).toBeGreaterThan(heightOf("a".repeat(100)));
  expect(heightOf("a\n\nb")).toBe(heightOf("a") + 48);
  expect(drawn("light", HTML.replace('dir="ltr"', 'dir="rtl"'))).toContain('dir="rtl"');
});
