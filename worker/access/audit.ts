import { createHmac } from "node:crypto";
import type { Admin, Role } from "@carillon/shared/access";
import type { Clock, Shards, Vault } from "../ports.ts";

/** The acts of an admin that are kept for good. */
export type Act =
  | "sign-in"
  | "sign-out"
  | "session.confirm"
  | "channel.save"
  | "channel.enable"
  | "channel.disable"
  | "channel.test"
  | "channel.reveal"
  | "channel.generate-keys"
  | "key.create"
  | "key.revoke"
  | "routing.save"
  | "quiet-hours.save"
  | "retention.save"
  | "event-types.save"
  | "template.save"
  | "template.reset"
  | "deliveries.retry"
  | "broadcast.send"
  | "event.cancel";

/** Writes down who did what; the log is shard 0's. `detail` never holds a secret, only fingerprints. */
export async function noteAct(
  { shards, clock }: { shards: Shards; clock: Clock },
  who: { org: string; admin: Admin; role: Role },
  act: Act,
  what: string,
  detail: Record<string, unknown> | null = null,
): Promise<void> {
  await shards
    .get(who.org, 0)
    .audit({ at: clock.now(), who: who.admin.name, role: who.role, act, what, detail: { admin: who.admin.id, ...detail } });
}

/** What the log shows of a secret: whether two are the same, and nothing that could be guessed from without our key. */
export async function fingerprintOf(vault: Vault, secret: string): Promise<string> {
  return createHmac("sha256", await vault.signingKey("fingerprint"))
    .update(secret)
    .digest("base64url")
    .slice(0, 12);
}
