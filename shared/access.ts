import * as z from "zod";

/** What an API key may do. */
export const SCOPES = ["events", "users", "tokens", "admin-tickets", "deliveries", "preferences", "simulate", "timers"] as const;
export type Scope = (typeof SCOPES)[number];

export const ROLES = ["owner", "admin", "operator", "viewer"] as const;
/** owner and admin change settings, see secrets and keys; operators switch, test and retry; viewers look. */
export type Role = (typeof ROLES)[number];

export const apiKeyCreateSchema = z.strictObject({
  name: z.string().trim().min(1, "Give the key a name").max(80),
  scopes: z.array(z.enum(SCOPES)).min(1, "Choose at least one scope"),
  expiresAt: z.iso.datetime({ offset: true }).nullish(),
});

/** An API key as the page lists it; the secret is shown once, at its making. */
export type ApiKeyView = {
  id: string;
  name: string;
  scopes: Scope[];
  createdAt: string;
  createdBy: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
};

export const adminTicketSchema = z.strictObject({
  admin: z.strictObject({
    id: z.string().trim().min(1).max(128),
    name: z.string().trim().min(1).max(200),
    email: z.email().max(320),
  }),
  role: z.enum(ROLES),
});
export type Admin = z.infer<typeof adminTicketSchema>["admin"];

export const tokenRequestSchema = z.strictObject({
  user: z.string().min(1).max(128),
  ttl: z.int().min(1, "At least one second").max(900, "At most 900 seconds").optional(),
});

/** `GET /admin/api/session`: who is signed in, and how the page reaches this admin's own bell. */
export type SessionView = { admin: Admin; role: Role; org: string; signedInAt: string; confirmedAt: string };
