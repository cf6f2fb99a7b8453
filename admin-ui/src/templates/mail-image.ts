export type Look = "light" | "dark";

/** CSS pixels of the window that a mail is read in: a mail program's, and a phone's. */
export const MAIL_WIDTHS = { wide: 520, narrow: 340 };

/**
 * A mail as a picture: an SVG that holds the mail's own HTML. A picture runs no script, loads nothing and leads nowhere, and needs no
 * exception from the page's policy, as a frame would. Pictures have no height of their own, so it is reckoned from the text.
 */
export function mailImage(html: string, text: string, look: Look, width: number): { src: string; height: number } {
  const [, style = ""] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? [];
  const [, attributes = "", body = ""] = /<body([^>]*)>([\s\S]*)<\/body>/.exec(html) ?? [];
  const [, direction = "ltr"] = /<html[^>]*\sdir="(rtl|ltr)"/.exec(html) ?? [];
  const looked = style.replace("@media (prefers-color-scheme: dark)", look === "dark" ? "@media all" : "@media not all");
  const height = heightOf(text, width);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><foreignObject width="100%" height="100%"><div xmlns="http://www.w3.org/1999/xhtml" dir="${direction}"><style>${looked} div.page { min-height: ${height}px }</style><div${attributes}>${body}</div></div></foreignObject></svg>`;
  return { src: `data:image/svg+xml,${encodeURIComponent(asXml(svg))}`, height };
}

/** The layout closes everything but line breaks; what may not stand in XML is no text anybody could read. */
const asXml = (html: string): string =>
  html.replace(/<br>/g, "<br/>").replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "");

const LINE = 24;
/** What stands left and right of a text, and how wide its letters of 16 px are at the most on average. */
const EDGES = 66;
const LETTER = 9;
const AROUND = 190; // the card's edges, the button and the footer

/** Rather too high: the mail's ground fills the rest. Letters beyond Latin are up to twice as wide. */
function heightOf(text: string, width: number): number {
  const units = Math.floor((width - EDGES) / LETTER);
  const lines = text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(unitsOf(line) / units)), 0);
  return AROUND + lines * LINE;
}
const unitsOf = (line: string): number => [...line].reduce((sum, character) => sum + (character > "\u1100" ? 2 : 1), 0);
