import type { Trouble } from "./errors.ts";

/** Trouble with a connection that we noticed ourselves. */
export class ConnectionTrouble extends Error {
  readonly trouble: Trouble;
  constructor(trouble: Trouble, words: string, cause?: unknown) {
    super(words, { cause });
    this.name = "ConnectionTrouble";
    this.trouble = trouble;
  }
}

/** Where a connection was when it failed; decides when the runtime's words say nothing (workerd: "proxy request failed"). */
export type Phase = "connecting" | "securing" | "talking";

/** The words of Node, Deno and workerd for one trouble; the first that matches decides. */
const SIGNS: readonly (readonly [RegExp, Trouble])[] = [
  [/ENOTFOUND|ENODATA|EAI_|EDNS|getaddrinfo|failed to lookup|dns error/i, "name"],
  [/ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|refused|proxy request failed|cannot connect/i, "refused"],
  [/CERT_|UNABLE_TO_|ALTNAME|SELF_SIGNED|self-signed|certificate|UnknownIssuer|NotValidForName/i, "certificate"],
  [/WRONG_VERSION|wrong version|EPROTO\b|ERR_SSL|InvalidContentType|corrupt message|ETLS|handshake/i, "tls"],
  [/ETIMEDOUT|timed? ?out/i, "timeout"],
];

export function troubleOf(error: unknown, phase: Phase): Trouble {
  if (error instanceof ConnectionTrouble) return error.trouble;
  const words = wordsOf(error);
  if (/GREETING_TIMEOUT/.test(words)) return "silent";
  if (/UPGRADE_TIMEOUT/.test(words)) return "tls";
  if (/STARTTLS.*(?:\b5\d\d\b)|required STARTTLS/i.test(words)) return "no-starttls";
  const sign = SIGNS.find(([pattern]) => pattern.test(words));
  if (phase === "connecting") return sign?.[1] ?? "refused";
  if (sign?.[1] === "certificate" || sign?.[1] === "tls") return sign[1];
  if (phase === "securing") return sign?.[1] === "timeout" ? "timeout" : "tls";
  return "lost";
}

/** Everything an error and the errors inside it say; Deno's message may be empty, its `errors` are not. */
function wordsOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 3) return String(error);
  const { code, originalCode, timeoutType, errors, cause } = error as Error &
    Record<"code" | "originalCode" | "timeoutType" | "errors", unknown>;
  const inner = [...(Array.isArray(errors) ? errors : []), ...(cause === undefined ? [] : [cause])];
  return [code, originalCode, timeoutType, error.message, ...inner.map((each) => wordsOf(each, depth + 1))].filter(Boolean).join(" ");
}
