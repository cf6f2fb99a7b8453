import type { Outcome, OutcomeKind } from "../channel.ts";

export type StatusRow = { from: number; to: number; kind: OutcomeKind; afterMs?: number; remedy: string };

/** A push service asks for a pause without saying how long. */
const PAUSE = 30_000;

/** RFC 8030 and 8292, and what Mozilla, Google, Microsoft and Apple document; the first row that matches decides. */
export const STATUS_ROWS: readonly StatusRow[] = [
  { from: 200, to: 202, kind: "ok", remedy: "" },
  { from: 300, to: 399, kind: "permanent", remedy: "The push service pointed elsewhere; that is never followed." },
  { from: 400, to: 400, kind: "permanent", remedy: "The push service could not read this message." },
  {
    from: 401,
    to: 401,
    kind: "fault",
    remedy: "The push service refused our VAPID signature: check Subject, and whether this server's clock is right.",
  },
  {
    from: 403,
    to: 403,
    kind: "fault",
    remedy: "The push service refused our VAPID key: it is not the one that browsers subscribed with, or Subject is wrong.",
  },
  { from: 404, to: 404, kind: "gone", remedy: "This browser has unsubscribed." },
  { from: 410, to: 410, kind: "gone", remedy: "This browser has unsubscribed." },
  { from: 413, to: 413, kind: "permanent", remedy: "The message is too large for the push service." },
  { from: 429, to: 429, kind: "retry", afterMs: PAUSE, remedy: "The push service slows us down; it is tried again." },
  { from: 500, to: 599, kind: "retry", remedy: "The push service had a fault of its own; it is tried again." },
];

const UNKNOWN = {
  kind: "retry" as const,
  remedy: "An answer we do not know; it is tried again. The service's words are kept with the attempt.",
};

export function outcomeOfStatus(status: number, words = "", retryAfterMs?: number): Outcome {
  const row: Omit<StatusRow, "from" | "to"> = STATUS_ROWS.find(({ from, to }) => status >= from && status <= to) ?? UNKNOWN;
  const afterMs = row.kind === "retry" ? (retryAfterMs ?? row.afterMs) : undefined;
  return {
    kind: row.kind,
    code: String(status),
    ...(words ? { said: words } : {}),
    ...(row.remedy ? { remedy: row.remedy } : {}),
    ...(afterMs === undefined ? {} : { afterMs }),
  };
}

/** Sending again is harmless: the same Topic and tag make one of two. */
export const outcomeOfSilence = (words: string): Outcome => ({
  kind: "retry",
  code: "no-answer",
  said: words,
  unreachable: true,
  remedy: "The push service did not answer; it is tried again.",
});

/** The worst that still leaves hope decides: what may pass by itself before what an admin must mend, before what never will. */
const ORDER: readonly OutcomeKind[] = ["ok", "ambiguous", "retry", "fault", "permanent", "gone"];

/** One outcome for a person's browsers: ok when at least one took it. `gone` names those that no longer exist. */
export function combine(outcomes: readonly { endpoint: string; outcome: Outcome }[]): Outcome {
  const gone = outcomes.filter(({ outcome }) => outcome.kind === "gone").map(({ endpoint }) => endpoint);
  const sorted = outcomes.map(({ outcome }) => outcome).sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  const decisive: Outcome = sorted[0] ?? { kind: "gone", code: "no-subscription", remedy: "This person has no browser that takes push." };
  return { ...decisive, ...(gone.length > 0 ? { gone } : {}) };
}
