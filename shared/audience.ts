import * as z from "zod";

/** What a group of people is called by the CRM. */
export const groupNameSchema = z.string().trim().min(1).max(100);
export const GROUP_KINDS = ["role", "team", "list"] as const;
export type GroupKind = (typeof GROUP_KINDS)[number];

/** Whom an event is for, where that is not a list of people: everybody, or all who share a role, a team or a list. */
export const audienceSchema = z.union([
  z.strictObject({ kind: z.literal("all") }),
  z.strictObject({ kind: z.enum(GROUP_KINDS), name: groupNameSchema }),
]);

export type Audience = z.infer<typeof audienceSchema>;
