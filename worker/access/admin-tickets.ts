import * as z from "zod";
import { LIMITS } from "@carillon/shared/limits";
import { adminTicketSchema, type Admin, type Role } from "@carillon/shared/access";
import { unauthorized } from "../errors.ts";
import type { Clock, Store } from "../ports.ts";
import { hashOf, newSecret } from "./secrets.ts";

/** Whom a ticket signs in. */
export type TicketHolder = { org: string; admin: Admin; role: Role };
const holderSchema = adminTicketSchema.extend({ org: z.string() });

const ticketKey = (ticket: string): string => `ticket:${hashOf(ticket)}`;

/** A one-time ticket for the admin page; for a minute unless told otherwise. */
export async function createAdminTicket(
  { store, clock }: { store: Store; clock: Clock },
  holder: TicketHolder,
  seconds: number = LIMITS.ticketSeconds,
): Promise<{ ticket: string; expiresAt: string }> {
  const ticket = newSecret();
  await store.run(["SET", ticketKey(ticket), JSON.stringify(holder), "EX", seconds]);
  return { ticket, expiresAt: new Date(clock.now() + seconds * 1_000).toISOString() };
}

/** Takes a ticket; the second to bring it gets nothing. @throws 401 `ticket.invalid` */
export async function takeAdminTicket({ store }: { store: Store }, ticket: string): Promise<TicketHolder> {
  const [text] = await store.run(["GETDEL", ticketKey(ticket)]);
  if (typeof text !== "string")
    throw unauthorized("ticket.invalid", "This sign-in link was used already or has expired. Please get a new one.");
  return holderSchema.parse(JSON.parse(text));
}

/** Where a ticket signs in. It stands behind #, so that it reaches no log and no referrer. */
export const ticketUrl = (publicUrl: string, ticket: string): string => `${publicUrl}/#ticket=${ticket}`;
