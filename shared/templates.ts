import * as z from "zod";
import type { Language, TextChannel, TextSource } from "./texts.ts";

/** The channels whose texts an admin writes here; WhatsApp's templates live at Meta. */
export const TEXT_CHANNELS = ["in-app", "email", "sms", "push"] as const satisfies readonly TextChannel[];

export type TextPart = keyof TextSource;
/** The parts that a reader of the channel sees; the others are not edited. */
export const TEXT_PARTS: Record<TextChannel, readonly TextPart[]> = {
  "in-app": ["title", "body"],
  email: ["title", "body", "action"],
  sms: ["body"],
  push: ["title", "body"],
};

/**
 * UTF-16 units of a finished text: what fits a row of the bell, what Twilio takes, what browsers show. A mail's text has no such limit, but
 * no line of its header may have more than 998 characters.
 */
export const TEXT_LIMITS: Record<TextChannel, { title: number; body: number }> = {
  "in-app": { title: 200, body: 2_000 },
  email: { title: 250, body: Infinity },
  sms: { title: 200, body: 1_600 },
  push: { title: 200, body: 2_000 },
};

/** UTF-16 units of a text as it is written, with all its cases. */
export const SOURCE_LIMITS: Record<TextPart, number> = { title: 1_000, body: 6_000, action: 200 };

/** What admins have written, by event type, channel and language: only the parts that differ from the built-in ones. */
export type ChangedTexts = Record<string, Partial<Record<TextChannel, Partial<Record<Language, Partial<TextSource>>>>>>;

/**
 * The section of the settings. `version` rises with every change of any text, and a text keeps the one of its own last change:
 * two admins who write different texts are not in each other's way. A text that was reset keeps its version only.
 */
export type TextSettings = {
  version: number;
  saved: Record<string, Partial<Record<TextChannel, Partial<Record<Language, SavedText>>>>>;
};
export type SavedText = Partial<TextSource> & { version: number };

/** What differs from the built-in texts, without versions: for whoever writes messages. */
export function changedTexts(texts: TextSettings | undefined): ChangedTexts {
  return mapped(texts?.saved ?? {}, (channels) =>
    mapped(channels, (languages) => mapped(languages, ({ version: _version, ...parts }) => (isEmpty(parts) ? null : parts))),
  ) as ChangedTexts;
}

const isEmpty = (entries: object): boolean => Object.keys(entries).length === 0;

/** The entries by the same names; what comes out as nothing is left out. An own type may be called as something every object has. */
function mapped<Entry, Made extends object>(entries: Record<string, Entry>, make: (entry: Entry) => Made | null): Record<string, Made> {
  const made = Object.entries(entries).map(([name, entry]) => [name, make(entry)] as const);
  return Object.fromEntries(made.filter((pair): pair is [string, Made] => pair[1] !== null && !isEmpty(pair[1])));
}

/** `count` is a number and may be counted by `plural`; all others are text by the time they are written. */
export type VariableKind = "text" | "time" | "amount" | "percent" | "count";

/** What a text may name. `sample` is as a reader would see it. */
export type TextVariable = {
  name: string;
  kind: VariableKind;
  description: string;
  sample: string;
  /** An event need not carry it. */
  mayBeMissing: boolean;
};

const source = {
  title: z.string().max(SOURCE_LIMITS.title),
  body: z.string().max(SOURCE_LIMITS.body),
  action: z.string().max(SOURCE_LIMITS.action),
};

/** What is sent back to be saved. The rest of what a GET answers may come along; it is ignored. */
export const templatePutSchema = z.looseObject({ version: z.int(), ...source });
export type TemplatePut = z.infer<typeof templatePutSchema>;

/** `event` is the id of a real one, `useLatest` takes the newest of the type; without either, sample data stand in. */
export const previewBodySchema = z.strictObject({
  ...source,
  event: z.string().max(200).optional(),
  useLatest: z.boolean().default(false),
});
export type PreviewBody = z.infer<typeof previewBodySchema>;

/** A text as it is edited; `version` is 0 where nobody ever changed it. */
export type TemplateView = TextSource & {
  type: string;
  channel: TextChannel;
  locale: Language;
  version: number;
  /** Whether it differs from the built-in one. */
  changed: boolean;
  builtIn: TextSource;
  variables: TextVariable[];
};

/** An event type and the languages in which its texts are changed, by channel. */
export type TemplateRow = { type: string; name: string; description: string; builtIn: boolean; changed: Record<TextChannel, Language[]> };

/** A message as the channel's own code makes it. `event` is the real one it tells of; null for sample data. */
export type TemplatePreview = {
  event: { id: string; at: string } | null;
  /** The subject of a mail; an SMS has none. */
  title: string;
  /** The whole text of an SMS or of a mail's text part. */
  text: string;
  action: string;
  html?: string;
  sms?: { encoding: "GSM-7" | "UCS-2"; units: number; segments: number; left: number };
};
