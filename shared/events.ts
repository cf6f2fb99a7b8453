import * as z from "zod";
import { audienceSchema, type Audience } from "./audience.ts";
import { EVENT_DATA, PRIORITIES, isEventType, type EventType, type Priority } from "./event-types.ts";
import { LIMITS } from "./limits.ts";
import { inlineUserSchema, userIdSchema, type UserFields } from "./people.ts";

export const EVENT_ID = /^[\x21-\x7e]{1,200}$/;
const eventIdSchema = z.string().regex(EVENT_ID, "1 to 200 printable ASCII characters without blanks");
const keySchema = z.string().min(1).max(200);
const instant = z.iso.datetime({ offset: true, error: "An ISO 8601 time such as 2026-11-23T18:00:00Z" });

/** A link leads to the CRM: absolute and https, or http on this machine, or a path of the CRM's own. */
const linkSchema = z
  .string()
  .max(2_000)
  .refine(
    (link) =>
      /^https:\/\/[^\s]+$/i.test(link) ||
      /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])([:/?#]|$)/i.test(link) ||
      /^\/(?!\/)[^\s\\]*$/.test(link),
    {
      error: "An https address, or a path that begins with a single /",
    },
  );

const recipientsSchema = z
  .array(z.union([userIdSchema, inlineUserSchema]))
  .min(1, "Name at least one recipient")
  .max(LIMITS.recipients, `At most ${LIMITS.recipients} recipients in one event`);

/** An event as the CRM posts it. Only `type` is required, and either `recipients` or `audience`. */
export const eventSchema = z
  .strictObject({
    id: eventIdSchema.optional(),
    type: z.string().min(1).max(100),
    recipients: recipientsSchema.optional(),
    audience: audienceSchema.optional(),
    actor: userIdSchema.nullish(),
    priority: z.enum(PRIORITIES).nullish(),
    data: z.record(z.string(), z.unknown()).default({}),
    link: linkSchema.nullish(),
    occurredAt: instant.nullish(),
    collapseKey: keySchema.nullish(),
    resolves: z.array(keySchema).max(100).nullish(),
    deliverAt: instant.nullish(),
    expiresAt: instant.nullish(),
  })
  .superRefine(({ recipients, audience }, context) => {
    if (recipients === undefined && audience === undefined)
      context.addIssue({ code: "custom", path: ["recipients"], message: "Name at least one recipient, or an audience" });
    if (recipients !== undefined && audience !== undefined)
      context.addIssue({ code: "custom", path: ["audience"], message: "Either recipients or an audience, not both" });
  });
export type EventInput = z.infer<typeof eventSchema>;

/** An event that has passed all checks, with plain people and instants in ms. Times that were not given are null. */
export type Event = {
  id: string;
  type: string;
  /** The name of the organisation's own type; null for a built-in one. */
  typeName: string | null;
  recipients: { id: string; fields: UserFields | null }[];
  /** Whom it is for instead of a list of people; absent where there is one. */
  audience?: Audience;
  actor: string | null;
  priority: Priority;
  data: Record<string, unknown>;
  link: string | null;
  occurredAt: number | null;
  collapseKey: string | null;
  resolves: string[];
  deliverAt: number | null;
  expiresAt: number | null;
};

export type Issue = { path: string; message: string };

/** Checks `data` against what the type's texts use. */
export function checkEventData(type: EventType, data: Record<string, unknown>): Issue[] {
  const parsed = EVENT_DATA[type].safeParse(data);
  return parsed.success ? [] : issuesOf(parsed.error, ["data"]);
}

export function issuesOf(error: z.ZodError, prefix: (string | number)[] = []): Issue[] {
  return error.issues.slice(0, 50).map((issue) => ({ path: [...prefix, ...issue.path].map(String).join("."), message: issue.message }));
}

/** The event in the form that the path works with. One person named twice is one person; the last fields win. `type` is what is known of its type. */
export function toEvent(input: EventInput, id: string, type: { name: string; priority: Priority } = BUILT_IN): Event {
  const people = new Map<string, UserFields | null>();
  for (const recipient of input.recipients ?? []) {
    if (typeof recipient === "string") {
      if (!people.has(recipient)) people.set(recipient, null);
      continue;
    }
    const { id: person, ...fields } = recipient;
    people.set(person, { ...people.get(person), ...fields });
  }
  return {
    id,
    type: input.type,
    typeName: isEventType(input.type) ? null : type.name,
    recipients: [...people].map(([person, fields]) => ({ id: person, fields })),
    ...(input.audience === undefined ? {} : { audience: input.audience }),
    actor: input.actor ?? null,
    priority: input.priority ?? type.priority,
    data: input.data,
    link: input.link ?? null,
    occurredAt: toMillis(input.occurredAt),
    collapseKey: input.collapseKey ?? null,
    resolves: input.resolves ?? [],
    deliverAt: toMillis(input.deliverAt),
    expiresAt: toMillis(input.expiresAt),
  };
}

const BUILT_IN: { name: string; priority: Priority } = { name: "", priority: "normal" };

const toMillis = (time: string | null | undefined): number | null => (time == null ? null : Date.parse(time));
