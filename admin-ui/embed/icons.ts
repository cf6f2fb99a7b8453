import { html, type TemplateResult } from "lit/html.js";

/** Strokes on a grid of 24, drawn in the colour of the text. */
const ICONS = {
  bell: "M6 16v-5a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
  markRead: "M5 13l4 4L19 7",
  markUnread: "M12 9a3 3 0 1 0 .01 0z",
  archive: "M4 5h16v4H4zM6 9v10h12V9M10 13h4",
  dismiss: "M6 6l12 12M18 6L6 18",
  why: "M12 4a8 8 0 1 0 .01 0zM12 11v5M12 8v.1",
  preferences: "M4 8h16M4 16h16M9 5v6M15 13v6",
  search: "M11 4a6 6 0 1 0 .01 0zM15 15l5 5",
};

export const icon = (name: keyof typeof ICONS): TemplateResult =>
  html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${ICONS[name]} /></svg>`;
