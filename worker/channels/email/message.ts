import type { EmailSettings } from "@carillon/shared/channels";
import MimeNode from "nodemailer/lib/mime-node";
import { encode, wrap } from "nodemailer/lib/qp";
import { isIP } from "node:net";
import type { Message, SenderIdentity, Shown } from "../channel.ts";
import { htmlPart, safeLink, textPart, type Letter } from "./layout.ts";

export type Mail = Pick<Message, "deliveryId" | "org" | "texts" | "link" | "unsubscribeUrl"> & {
  to: Pick<Message["to"], "name" | "address">;
};

/** The whole mail as it goes over the wire: one person, text and HTML. The same delivery always has the same Message-ID. */
export function buildMail(message: Mail, settings: EmailSettings, sender: SenderIdentity): Buffer {
  const letter = letterOf(message, sender);
  const root = new MimeNode("multipart/alternative");
  root.setHeader("From", { name: oneLine(settings.fromName || sender.orgName), address: settings.fromAddress });
  root.setHeader("To", { name: oneLine(message.to.name ?? ""), address: message.to.address });
  if (settings.replyTo) root.setHeader("Reply-To", { name: "", address: settings.replyTo });
  root.setHeader("Subject", oneLine(message.texts.title));
  root.setHeader("Message-ID", messageId(message, settings, sender));
  root.setHeader("Auto-Submitted", "auto-generated");
  root.setHeader("X-Carillon-Delivery", oneLine(message.deliveryId));
  const headers = [root.buildHeaders(), ...unsubscribeHeaders(message)].join("\r\n");
  const parts = [part("text/plain", textPart(letter)), part("text/html", htmlPart(letter))];
  const body = parts.map((each) => `--${root.boundary}\r\n${each}\r\n`).join("");
  return Buffer.from(`${headers}\r\n\r\n${body}--${root.boundary}--\r\n`);
}

/** The mail as its reader sees it. */
export function showMail(message: Pick<Message, "texts" | "link">, sender: SenderIdentity): Shown {
  const letter = letterOf(message, sender);
  return { title: oneLine(message.texts.title), text: textPart(letter), html: htmlPart(letter) };
}

/** RFC 8058. Written by hand, because an address must not be folded. */
const unsubscribeHeaders = ({ unsubscribeUrl }: Pick<Message, "unsubscribeUrl">): string[] =>
  unsubscribeUrl ? [`List-Unsubscribe: <${unsubscribeUrl}>`, "List-Unsubscribe-Post: List-Unsubscribe=One-Click"] : [];

const letterOf = (
  { texts, link, unsubscribeUrl }: Pick<Message, "texts" | "link" | "unsubscribeUrl">,
  { publicUrl, orgName }: SenderIdentity,
): Letter => ({
  texts,
  link: safeLink(link, publicUrl),
  orgName,
  unsubscribeUrl,
});

/** nodemailer makes the headers; the two short texts are encoded here, because its streams take four times as long. */
function part(type: string, text: string): string {
  const lines = text.replace(/\r\n?|\n/g, "\r\n");
  const isPlain = !/[^\x20-\x7e\r\n\t]/.test(lines) && lines.split("\r\n").every((line) => line.length <= MAX_LINE);
  const [encoding, content] = isPlain ? ["7bit", lines] : ["quoted-printable", wrap(encode(lines))];
  return `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${content}`;
}

/** RFC 5322 2.1.1 */
const MAX_LINE = 998;

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
