import type { TemplateVerdict } from "../channel.ts";

/** What stops a template; `why` where Meta does not say it in words of its own. */
type Stop = { why: string; remedy: string };

/**
 * What a template's status means for what is to be sent with it. Whatever is not here changes nothing: FLAGGED warns, PENDING and
 * IN_APPEAL come before a verdict, LOCKED keeps it from being edited.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/message_template_status_update/
 */
const USABLE: ReadonlySet<string> = new Set(["APPROVED", "REINSTATED"]);
const STOPS: Record<string, Stop> = {
  PAUSED: { why: "Meta has paused the template for its low quality", remedy: "Edit it, or wait until Meta takes the pause back." },
  DISABLED: { why: "Meta has disabled the template for good", remedy: "Make another and choose it." },
  REJECTED: { why: "Meta has rejected the template", remedy: "Edit it in WhatsApp Manager and submit it again." },
  PENDING_DELETION: { why: "The template is being deleted", remedy: "Choose another." },
  DELETED: { why: "The template was deleted", remedy: "Choose another." },
  ARCHIVED: { why: "The template was archived", remedy: "Take it out of the archive in WhatsApp Manager, or choose another." },
};

/** `words` are Meta's own, `reason` is one of its codes such as INCORRECT_CATEGORY; both may be missing. */
export function verdictOf(status: string, reason: string | null, words: string | null): TemplateVerdict {
  if (USABLE.has(status)) return "usable";
  const stop = Object.hasOwn(STOPS, status) ? STOPS[status] : undefined;
  if (!stop) return null;
  const coded = reason === null || reason === "NONE" ? stop.why : `${stop.why}: ${reason.toLowerCase().replaceAll("_", " ")}`;
  return { why: (words?.trim() || coded).replace(/\.$/, "").slice(0, 500), remedy: stop.remedy };
}
