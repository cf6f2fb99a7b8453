import * as z from "zod";
import { groupNameSchema } from "./audience.ts";
import { timeZoneSchema } from "./time-zone.ts";

export const USER_ID = /^[\p{L}\p{N}_.:@+-]{1,128}$/u;

/** Admins have a bell too, and are stored as people for it under ids that begin so. No person of the CRM has such an id. */
export const ADMIN_USER_PREFIX = "admin:";
export const isAdminUser = (id: string): boolean => id.startsWith(ADMIN_USER_PREFIX);

/** A person's id as the CRM gives it. */
export const userIdSchema = z
  .string()
  .regex(USER_ID, "1 to 128 letters, digits or _ . : @ + -")
  .refine((id) => !isAdminUser(id), `Ids that begin with ${ADMIN_USER_PREFIX} are kept for the admins' own bells`);

/** E.164, as the CRM stores it: a plus and 7 to 15 digits. Blanks, dashes and brackets are taken out. */
const phoneSchema = z
  .string()
  .max(40)
  .transform((text) => text.replace(/[\s()./-]/g, ""))
  .pipe(z.string().regex(/^\+[1-9]\d{6,14}$/, "An international number such as +4915112345678"));

export const localeSchema = z.string().max(35).refine(isLocale, "A BCP 47 language tag such as en or de-AT");

/** The whole of it each time; null and an empty list are the same. */
const groupsSchema = z.array(groupNameSchema).max(50).nullish();
/** What a person belongs to, so that an event can be for all of them. */
export type Groups = { roles: string[]; teams: string[]; lists: string[] };

/** What the CRM tells of a person. An absent field stays as it is, null clears it. */
export const userFieldsSchema = z.strictObject({
  name: z
    .string()
    .trim()
    .max(200)
    .regex(/^[^\p{Cc}]*$/u, "One line of plain text")
    .nullish(),
  email: z.email("An address such as eve@example.com").max(320).nullish(),
  phone: phoneSchema.nullish(),
  locale: localeSchema.nullish(),
  timeZone: timeZoneSchema.nullish(),
  manager: userIdSchema.nullish(),
  whatsappOptIn: z.boolean().nullish(),
  roles: groupsSchema,
  teams: groupsSchema,
  lists: groupsSchema,
});
export type UserFields = z.infer<typeof userFieldsSchema>;

/** Read-only fields of an answer may be sent back; they are ignored. */
export const userPutSchema = userFieldsSchema.extend({
  id: userIdSchema.optional(),
  gone: z.unknown().optional(),
  createdAt: z.unknown().optional(),
  updatedAt: z.unknown().optional(),
});

export const inlineUserSchema = userFieldsSchema.extend({ id: userIdSchema });
export const bulkUsersSchema = z.strictObject({ users: z.array(inlineUserSchema).min(1).max(500) });

/**
 * An address to which nothing more is sent, until the CRM changes it, until `until`, or until whoever opted out by a reply comes
 * back by one.
 */
export type GoneAddress = { channel: string; address: string; why: string; since: string; until?: string; optedOut?: boolean };

/** A person as the API answers. `gone` names addresses that providers have declared dead, and why. */
export type User = {
  id: string;
  name: string | null;
  email: string | null;
  phone: string | null;
  locale: string | null;
  timeZone: string | null;
  manager: string | null;
  whatsappOptIn: boolean;
  roles: string[];
  teams: string[];
  lists: string[];
  gone: GoneAddress[];
  createdAt: string;
  updatedAt: string;
};

export function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
