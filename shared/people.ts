import * as z from "zod";
import { timeZoneSchema } from "./time-zone.ts";

export const USER_ID = /^[\p{L}\p{N}_.:@+-]{1,128}$/u;
export const userIdSchema = z.string().regex(USER_ID, "1 to 128 letters, digits or _ . : @ + -");

/** E.164, as the CRM stores it: a plus and 7 to 15 digits. Blanks, dashes and brackets are taken out. */
const phoneSchema = z
  .string()
  .max(40)
  .transform((text) => text.replace(/[\s()./-]/g, ""))
  .pipe(z.string().regex(/^\+[1-9]\d{6,14}$/, "An international number such as +4915112345678"));

export const localeSchema = z.string().max(35).refine(isLocale, "A BCP 47 language tag such as en or de-AT");

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
  gone: { channel: string; address: string; why: string; since: string }[];
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
