import type { Texts } from "../channel.ts";

/** What stands in one mail; `link` has passed `safeLink`. */
export type Letter = { texts: Texts; link: string | null; orgName: string; unsubscribeUrl?: string | undefined };

const UNSUBSCRIBE = "Stop emails of this kind";

/** The link as an absolute address that a mail may carry, or null: https, http on this machine, or a path on our own server. */
export function safeLink(link: string | null, publicUrl: string): string | null {
  if (!link || /[\p{Cc}\s\\]/u.test(link)) return null;
  const url = link.startsWith("/") && !link.startsWith("//") ? URL.parse(link, publicUrl) : URL.parse(link);
  if (!url) return null;
  const isOwn = url.origin === URL.parse(publicUrl)?.origin;
  const isLocal = url.protocol === "http:" && LOOPBACK.has(url.hostname);
  return url.protocol === "https:" || isLocal || (isOwn && url.protocol === "http:") ? url.href : null;
}
const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

export function textPart({ texts, link, orgName, unsubscribeUrl }: Letter): string {
  const button = link ? [`${texts.action}: ${link}`] : [];
  const footer = ["-- ", orgName, ...(unsubscribeUrl ? [`${UNSUBSCRIBE}: ${unsubscribeUrl}`] : [])].join("\n");
  return [texts.title, ...paragraphs(texts.body), ...button, footer].join("\n\n");
}

/** One column of at most 560 px, tables for Outlook, colours for light and dark; every value escaped. */
export function htmlPart({ texts, link, orgName, unsubscribeUrl }: Letter): string {
  const direction = isRightToLeft(texts.locale) ? "rtl" : "ltr";
  const body = paragraphs(texts.body)
    .map(
      (text) =>
        `<p class="ink" style="margin:0 0 16px;font-size:16px;line-height:1.5;color:#27303f">${escapeHtml(text).replace(/\n/g, "<br>")}</p>`,
    )
    .join("\n");
  return `<!doctype html>
<html lang="${escapeHtml(texts.locale)}" dir="${direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(texts.title)}</title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background: #14181f !important; }
  .card { background: #1f2630 !important; border-color: #323c4a !important; }
  .ink { color: #e7ebf0 !important; }
  .faint { color: #a3adba !important; }
  .button { background: #7ba7ff !important; color: #0e1420 !important; }
}
@media (max-width: 600px) { .card { padding: 24px 20px !important; } }
</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f2f4f7">
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#f2f4f7">
<tr><td align="center" style="padding:24px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:560px">
<tr><td class="card" style="padding:32px;background:#ffffff;border:1px solid #dfe4ea;border-radius:12px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif">
<h1 class="ink" style="margin:0 0 16px;font-size:20px;line-height:1.35;font-weight:650;color:#111827">${escapeHtml(texts.title)}</h1>
${body}
${link ? button(texts.action, link) : ""}
</td></tr>
<tr><td class="faint" align="center" style="padding:16px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:13px;line-height:1.5;color:#5b6675">${escapeHtml(orgName)}${unsubscribeUrl ? unsubscribeLink(unsubscribeUrl) : ""}</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
`;
}

const unsubscribeLink = (url: string): string =>
  ` &#183; <a class="faint" href="${escapeHtml(url)}" style="color:#5b6675;text-decoration:underline">${UNSUBSCRIBE}</a>`;

function button(label: string, link: string): string {
  return `<p style="margin:24px 0 0"><a class="button" href="${escapeHtml(link)}" style="display:inline-block;padding:12px 22px;border-radius:8px;background:#2456c9;color:#ffffff;font-size:16px;font-weight:600;text-decoration:none">${escapeHtml(label)}</a></p>`;
}

const paragraphs = (body: string): string[] =>
  body
    .replace(/\r\n?/g, "\n")
    .split(/\n{2,}/)
    .map((text) => text.trim())
    .filter(Boolean);

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
/** Letters outside ASCII by their numbers, so that the page goes as it is and need not be quoted. C1 controls have none in HTML. */
const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']|[^\0-\x9f]/gu, (character) => ESCAPES[character] ?? `&#${character.codePointAt(0)};`);

const isRightToLeft = (locale: string): boolean => /^(ar|fa|he|ur|ps|sd|ug|yi)\b/i.test(locale);
