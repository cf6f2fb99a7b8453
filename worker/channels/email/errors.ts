import type { Outcome, OutcomeKind } from "../channel.ts";

/** A server's answer that was not a yes. `command` is the one it answered, as nodemailer names it (`RCPT TO`, `AUTH PLAIN`, `CONN`). */
export type Reply = { code: number; text: string; command: string };

/** What can go wrong without an answer. */
export const TROUBLES = [
  "private-host",
  "name",
  "refused",
  "timeout",
  "certificate",
  "tls",
  "no-starttls",
  "not-smtp",
  "silent",
  "lost",
] as const;
export type Trouble = (typeof TROUBLES)[number];

/** `slows`: not this message but everything we send comes too fast. */
type Meaning = { kind: OutcomeKind; afterMs?: number; slows?: true; unreachable?: boolean; remedy: string };
type ReplyRow = Meaning & { match: { codes?: readonly number[]; enhanced?: readonly string[]; command?: RegExp; words?: RegExp } };

/** RFC 3463 and 7505: no such mailbox, no such domain, bad syntax, moved away, takes no mail. */
const BAD_ADDRESS = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"] as const;

const MINUTE = 60_000;
/** Greylisting servers accept from about five minutes on. */
const GREYLIST_WAIT = 5 * MINUTE;
const THROTTLE_WAIT = 10 * MINUTE;
const QUOTA_WAIT = 60 * MINUTE;

/** RFC 5321, RFC 3463 and what Gmail, Microsoft 365 and Amazon SES document; the first row that matches decides. */
export const REPLY_ROWS: readonly ReplyRow[] = [
  // The channel: wrong for everybody.
  {
    match: { codes: [530], words: /starttls|encrypt/i },
    kind: "fault",
    remedy: "The server wants encryption before sign-in: choose TLS (port 587) or SSL (port 465).",
  },
  { match: { codes: [530] }, kind: "fault", remedy: "The server wants a sign-in: enter user name and password." },
  { match: { codes: [534] }, kind: "fault", remedy: "The server asks for another way to sign in: use an app password or OAuth 2." },
  {
    match: { codes: [535] },
    kind: "fault",
    remedy:
      "The server refused user name or password. Gmail and Microsoft 365 want an app password or OAuth 2, SendGrid and Resend an API key as password.",
  },
  {
    match: { codes: [538] },
    kind: "fault",
    remedy: "The server wants encryption before sign-in: choose TLS (port 587) or SSL (port 465).",
  },
  { match: { enhanced: ["5.7.30"] }, kind: "fault", remedy: "The server no longer accepts a password here: use OAuth 2." },
  {
    match: { enhanced: ["5.1.7", "5.1.8", "5.7.60", "5.2.252"] },
    kind: "fault",
    remedy: "This account may not send as the From Address: enter one that belongs to it, or verify it with the provider.",
  },
  {
    match: { enhanced: BAD_ADDRESS, command: /^MAIL/ },
    kind: "fault",
    remedy: "The server refused the From Address: enter one that exists and belongs to this account.",
  },
  {
    match: { codes: [553], command: /^MAIL/ },
    kind: "fault",
    remedy: "This account may not send as the From Address: enter one that belongs to it, or verify it with the provider.",
  },
  {
    match: { codes: [454], command: /^STARTTLS/ },
    kind: "retry",
    unreachable: true,
    remedy: "The server can't offer encryption just now; it is tried again.",
  },
  {
    match: { codes: [454] },
    kind: "retry",
    afterMs: THROTTLE_WAIT,
    slows: true,
    remedy: "The server slows us down; it is tried again in ten minutes. A pace for the channel keeps to what the server takes.",
  },
  {
    match: { codes: [432], enhanced: ["4.3.2"] },
    kind: "retry",
    afterMs: MINUTE,
    slows: true,
    remedy: "The server takes no more connections at once, Microsoft 365 for one only 3: set the channel's pace to fewer.",
  },
  {
    match: { codes: [500, 501, 502, 503, 504, 550, 554, 432], command: /^AUTH/ },
    kind: "fault",
    remedy:
      "The server does not accept this way to sign in: check user name, password and whether SMTP sign-in is switched on for the account.",
  },
  {
    match: { codes: [521, 550, 554], command: /^(CONN|EHLO|HELO)/ },
    kind: "retry",
    unreachable: true,
    remedy: "The server refuses to talk to us: ask the provider whether this address is blocked.",
  },
  // The address: nothing more goes there.
  {
    match: { enhanced: BAD_ADDRESS },
    kind: "gone",
    remedy: "This address does not exist (any more): correct it in the CRM.",
  },
  // A passing state.
  { match: { codes: [550], enhanced: ["5.2.2"] }, kind: "retry", remedy: "The mailbox is full; it is tried again." },
  { match: { enhanced: ["5.3.1"] }, kind: "retry", remedy: "The other mail system is full; it is tried again." },
  {
    match: { enhanced: ["5.4.5"] },
    kind: "retry",
    afterMs: QUOTA_WAIT,
    slows: true,
    remedy: "The account's sending limit is reached: wait, or raise it with the provider.",
  },
  {
    match: { enhanced: ["4.7.1"] },
    kind: "retry",
    afterMs: GREYLIST_WAIT,
    remedy: "The server asks to come back later (greylisting); it is tried again in five minutes.",
  },
  {
    match: { codes: [450, 451], words: /gr[ae]y[- ]?list/i },
    kind: "retry",
    afterMs: GREYLIST_WAIT,
    remedy: "The server asks to come back later (greylisting); it is tried again in five minutes.",
  },
  { match: { codes: [421] }, kind: "retry", remedy: "The server is busy or closing; it is tried again." },
  { match: { codes: [450] }, kind: "retry", remedy: "The mailbox is not available just now; it is tried again." },
  { match: { codes: [451] }, kind: "retry", remedy: "The server had a fault of its own; it is tried again." },
  { match: { codes: [452] }, kind: "retry", remedy: "The server is out of space or slows us down; it is tried again." },
  // This message to this address.
  { match: { enhanced: ["5.3.4"] }, kind: "permanent", remedy: "The message is too large for the server." },
  {
    match: { enhanced: ["5.7.1"] },
    kind: "permanent",
    remedy: "The server refused this message by policy; if it refuses many, ask the provider.",
  },
  { match: { codes: [552] }, kind: "permanent", remedy: "The message is too large for the mailbox." },
  { match: { codes: [554] }, kind: "permanent", remedy: "The server refused this message; if it refuses many, ask the provider." },
  {
    match: { codes: [550, 551, 553, 556, 521] },
    kind: "permanent",
    remedy: "The server does not take mail for this address: check it in the CRM.",
  },
];

const UNKNOWN: Meaning = {
  kind: "retry",
  remedy: "An answer we do not know; it is tried again. The server's words are kept with the attempt.",
};

export const TROUBLE_MEANINGS: Record<Trouble, Meaning> = {
  "private-host": { kind: "fault", remedy: "This name leads into a private network: use a public mail server." },
  name: { kind: "retry", unreachable: true, remedy: "No such server name is known: check SMTP Host for a typing mistake." },
  refused: {
    kind: "retry",
    unreachable: true,
    remedy: "Nothing answers at this host and port: check both, and whether a firewall is between.",
  },
  timeout: {
    kind: "retry",
    unreachable: true,
    remedy: "The server did not answer in time: check host and port, and whether a firewall is between.",
  },
  certificate: {
    kind: "retry",
    unreachable: true,
    remedy: "The server's certificate is not valid for this name: use the name that the provider gives, or renew the certificate.",
  },
  tls: {
    kind: "retry",
    unreachable: true,
    remedy: "No encrypted connection came about: check port and encryption (587 with TLS, 465 with SSL), and the server's certificate.",
  },
  "no-starttls": {
    kind: "retry",
    unreachable: true,
    remedy: "The server offers no TLS on this port: use SSL on port 465. Nothing is sent unencrypted.",
  },
  "not-smtp": { kind: "retry", unreachable: true, remedy: "What answers there is not a mail server: check host and port." },
  silent: {
    kind: "retry",
    unreachable: true,
    remedy: "The server took the connection and said nothing: a port for SSL waits like this when TLS is chosen.",
  },
  lost: { kind: "retry", unreachable: true, remedy: "The connection broke off; it is tried again." },
};

/** What a server's answer means. Never throws; an unknown answer is tried again. */
export function outcomeOfReply(reply: Reply): Outcome {
  if (reply.code >= 200 && reply.code <= 299) return { kind: "ok", code: codeOf(reply), said: wordsOf(reply.text) };
  const enhanced = enhancedCode(reply.text);
  const row = REPLY_ROWS.find(({ match }) => {
    if (match.codes && !match.codes.includes(reply.code)) return false;
    if (match.enhanced && !(enhanced && match.enhanced.includes(enhanced))) return false;
    if (match.command && !match.command.test(reply.command)) return false;
    return !match.words || match.words.test(reply.text);
  });
  return { ...meaningOf(row ?? UNKNOWN), code: codeOf(reply), said: wordsOf(reply.text) };
}

/** What trouble without an answer means; once the body was handed over, nobody knows whether it was delivered. */
export function outcomeOfTrouble(trouble: Trouble, bodyHandedOver: boolean): Outcome {
  if (bodyHandedOver) {
    return {
      kind: "ambiguous",
      code: trouble,
      unreachable: true,
      remedy: "The connection broke off after the message was handed over; it may have been delivered.",
    };
  }
  return { ...meaningOf(TROUBLE_MEANINGS[trouble]), code: trouble };
}

function meaningOf({ kind, afterMs, slows, unreachable, remedy }: Meaning): Outcome {
  return {
    kind,
    remedy,
    ...(afterMs === undefined ? {} : { afterMs }),
    ...(slows ? { restMs: null } : {}),
    ...(unreachable ? { unreachable } : {}),
  };
}

const codeOf = (reply: Reply): string => [reply.code, enhancedCode(reply.text)].filter(Boolean).join(" ");

/** RFC 3463, right behind the code: `550 5.1.1 No such user`. */
const enhancedCode = (text: string): string | undefined => /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(text)?.[1];

const MAX_WORDS = 500;
const wordsOf = (text: string): string =>
  text
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim()
    .slice(0, MAX_WORDS);
