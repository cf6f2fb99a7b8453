import type { EmailSettings } from "@carillon/shared/channels";
import MailComposer from "nodemailer/lib/mail-composer";
import { isIP } from "node:net";
import type { Message, SenderIdentity } from "../channel.ts";
import { htmlPart, safeLink, textPart } from "./layout.ts";

export type Mail = Pick<Message, "deliveryId" | "org" | "texts" | "link"> & { to: Pick<Message["to"], "name" | "address"> };

/** The whole mail as it goes over the wire: one person, text and HTML. The same delivery always has the same Message-ID. */
export async function buildMail(message: Mail, settings: EmailSettings, sender: SenderIdentity): Promise<Buffer> {
  const letter = { texts: message.texts, link: safeLink(message.link, sender.publicUrl), orgName: sender.orgName };
  const composer = new MailComposer({
    from: { name: oneLine(settings.fromName || sender.orgName), address: settings.fromAddress },
    to: { name: oneLine(message.to.name ?? ""), address: message.to.address },
    ...(settings.replyTo ? { replyTo: { name: "", address: settings.replyTo } } : {}),
    subject: oneLine(message.texts.title),
    messageId: messageId(message, settings, sender),
    text: textPart(letter),
    html: htmlPart(letter),
    headers: {
      "Auto-Submitted": "auto-generated",
      "X-Carillon-Delivery": oneLine(message.deliveryId),
    },
    disableFileAccess: true,
    disableUrlAccess: true,
    newline: "win",
  });
  return await composer.compile().build();
}

/** Stable over all attempts, so that a mail that went out twice after a broken connection is shown once. */
export function messageId(message: Pick<Message, "deliveryId" | "org">, settings: EmailSettings, sender: SenderIdentity): string {
  return `<${atom(message.deliveryId)}.${atom(message.org)}@${ourDomain(settings, sender)}>`;
}

/** The public name of this server where it has one, else the sender's. */
function ourDomain(settings: EmailSettings, sender: SenderIdentity): string {
  const host = URL.parse(sender.publicUrl)?.hostname ?? "";
  const isPublic = host.includes(".") && isIP(host) === 0;
  return isPublic ? host : settings.fromAddress.slice(settings.fromAddress.lastIndexOf("@") + 1);
}

/** RFC 5322 dot-atom: what an id may not hold is written as hexadecimal. */
const atom = (id: string): string => id.replace(/[^\w.-]/g, (character) => `=${character.codePointAt(0)?.toString(16)}`);

/** A line break inside a header would begin a header of the writer's own. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
