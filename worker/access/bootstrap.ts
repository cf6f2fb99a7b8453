import * as z from "zod";
import { adminTicketSchema } from "@carillon/shared/access";
import { initialSettings } from "@carillon/shared/settings";
import { badRequest, conflict } from "../errors.ts";
import type { Outside } from "../ports.ts";
import { orgKey, settingsKey } from "../settings/store.ts";
import { createAdminTicket, ticketUrl } from "./admin-tickets.ts";
import { ORG_NAME, recordKey } from "./api-keys.ts";
import { newSecret } from "./secrets.ts";

/** The owner may first have to find the mail with the link. */
const OWNER_TICKET_SECONDS = 24 * 3_600;

export const bootstrapSchema = z.strictObject({
  org: z.string().regex(ORG_NAME, "1 to 40 lower-case letters, digits or dashes"),
  name: z.string().trim().min(1).max(200),
  /** One for about 1,000 people or 300 events a second; stays as it is. */
  shards: z.int().min(1).max(256).default(1),
  owner: adminTicketSchema.shape.admin,
  /** A local start brings its key along. */
  apiKey: z.string().max(200).optional(),
});

/**
 * Makes an organisation with its owner's sign-in link and a first API key with every scope.
 * @throws 409 `bootstrap.done` if there is one of that name; 400 `key.malformed` for a key that is not this organisation's
 */
export async function bootstrap(
  ports: Pick<Outside, "store" | "clock" | "config">,
  { org, name, shards, owner, apiKey }: z.infer<typeof bootstrapSchema>,
): Promise<{ org: string; apiKey: string; ticket: string; url: string; expiresAt: string }> {
  const { store, clock, config } = ports;
  const [known] = await store.run(["HGET", orgKey(org), "version"]);
  if (known !== null) throw alreadyDone(org);

  const key = apiKey ?? `ck_${org}.${FIRST_KEY}_${newSecret()}`;
  const record = recordKey(org, key, owner.name, clock.now());
  if (!record) throw badRequest("key.malformed", `An API key of this organisation begins with ck_${org}. and has 256 random bits.`);
  const settings = initialSettings(shards);
  const [isFirst] = await store.atomic(
    ["HSETNX", orgKey(org), "version", String(settings.version)],
    ["HSETNX", orgKey(org), "shards", String(shards)],
    ["HSETNX", orgKey(org), "name", name],
    ["HSETNX", orgKey(org), "createdAt", String(clock.now())],
    ["HSETNX", orgKey(org), record.field, record.value],
    ["HSETNX", settingsKey(org), String(settings.version), JSON.stringify(settings)],
    ["SADD", "orgs", org],
  );
  if (isFirst === 0) throw alreadyDone(org);

  const { ticket, expiresAt } = await createAdminTicket(ports, { org, admin: owner, role: "owner" }, OWNER_TICKET_SECONDS);
  return { org, apiKey: key, ticket, url: ticketUrl(config.publicUrl, ticket), expiresAt };
}
const FIRST_KEY = "first";

const alreadyDone = (org: string) => conflict("bootstrap.done", `The organisation ${org} exists already.`);
