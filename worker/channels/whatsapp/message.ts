import { attemptRef } from "@carillon/shared/attempt-ref";
import type { TemplateMapping, WhatsAppVariable } from "@carillon/shared/whatsapp-settings";
import type { Message, SenderIdentity } from "../channel.ts";
import { absoluteLink } from "../provider.ts";

/** A body has 1,024 characters in all; one value must not use them up. */
const MAX_VALUE = 400;
/** Meta refuses an empty value. */
const NOTHING = "–";

/** The request's JSON: a template message whose status webhooks will name the delivery. */
export function buildMessage(message: Message, mapping: TemplateMapping, sender: SenderIdentity): Record<string, unknown> {
  const value = (variable: WhatsAppVariable): string => oneLine(valueOf(variable, message, sender));
  const body = mapping.variables.map((variable) =>
    typeof variable === "string"
      ? { type: "text", text: value(variable) }
      : { type: "text", parameter_name: variable.name, text: value(variable.value) },
  );
  const components = [
    ...(mapping.header ? [{ type: "header", parameters: [{ type: "text", text: value(mapping.header) }] }] : []),
    ...(body.length > 0 ? [{ type: "body", parameters: body }] : []),
    ...(mapping.button
      ? [{ type: "button", sub_type: "url", index: "0", parameters: [{ type: "text", text: value(mapping.button) }] }]
      : []),
  ];
  return {
    messaging_product: "whatsapp",
    recipient_type: "individual",
    to: message.to.address,
    type: "template",
    template: {
      name: mapping.name,
      language: { policy: "deterministic", code: mapping.language },
      ...(components.length > 0 ? { components } : {}),
    },
    biz_opaque_callback_data: attemptRef(message),
  };
}

function valueOf(variable: WhatsAppVariable, message: Message, sender: SenderIdentity): string {
  switch (variable) {
    case "recipient_name":
      return message.to.name ?? "";
    case "title":
      return message.texts.title;
    case "body":
      return message.texts.body;
    case "link":
      return absoluteLink(message.link, sender.publicUrl) ?? "";
    case "org_name":
      return sender.orgName;
    default:
      return message.values && Object.hasOwn(message.values, variable) ? (message.values[variable] ?? "") : "";
  }
}

/** Meta refuses line breaks, tabs and more than four spaces in a row. */
function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zs}\u2028\u2029]+/gu, " ").trim();
  if (line === "") return NOTHING;
  return line.length <= MAX_VALUE
    ? line
    : `${line
        .slice(0, MAX_VALUE - 1)
        .toWellFormed()
        .replace(/\ufffd$/, "")}…`;
}
