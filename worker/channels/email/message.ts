import type { EmailSettings } from "@carillon/shared/channels";
import { foldLines } from "nodemailer/lib/mime-funcs";
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
  const boundary = `carillon-${crypto.randomUUID()}`;
  const headers = [
    header("From", mailbox(settings.fromName || sender.orgName, settings.fromAddress)),
    header("To", mailbox(message.to.name ?? "", message.to.address)),
    ...(settings.replyTo ? [header("Reply-To", mailbox("", settings.replyTo))] : []),
    header("Subject", oneLine(message.texts.title)),
    header("Message-ID", messageId(message, settings, sender)),
    header("Date", new MimeNode().date!.toUTCString().replace("GMT", "+0000")),
    header("Auto-Submitted", "auto-generated"),
    header("X-Carillon-Delivery", oneLine(message.deliveryId)),
    ...unsubscribeHeaders(message),
    "MIME-Version: 1.0",
    `Content-Type: multipart/alternative;\r\n boundary="${boundary}"`,
  ];
  const parts = [part("text/plain", textPart(letter)), part("text/html", htmlPart(letter))];
  const body = parts.map((each) => `--${boundary}\r\n${each}\r\n`).join("");
  return Buffer.from(`${headers.join("\r\n")}\r\n\r\n${body}--${boundary}--\r\n`);
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

/** Most values stand as they are; what has to be encoded or folded is left to nodemailer, which takes ten times as long. */
function header(key: string, value: string | { name: string; address: string }): string {
  const line = `${key}: ${typeof value === "string" && PLAIN.test(value) ? value : MimeNode.encodeHeaderValue(key, value)}`;
  return line.length <= FOLD_AT ? line : foldLines(line, FOLD_AT);
}

/** As text where neither name nor address needs quotes or an encoding. */
function mailbox(name: string, address: string): string | { name: string; address: string } {
  const line = oneLine(name);
  if (!/^[\w ]*$/.test(line) || !/^[\w.+-]+@[\w.-]+$/.test(address)) return { name: line, address };
  return line ? `${line} <${address}>` : address;
}

/** Printable, and nothing that could be taken for an encoded word (RFC 2047). */
const PLAIN = /^(?!.*=\?)[\x20-\x7e]*$/;
const FOLD_AT = 76;

/** nodemailer's streams take four times as long. */
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
