import { createECDH, randomBytes } from "node:crypto";
import type { Message, PushSubscription } from "@carillon/worker/channels/channel";

/** A browser that takes push messages at this address. */
export function newBrowser(endpoint: string): PushSubscription {
  const curve = createECDH("prime256v1");
  const p256dh = curve.generateKeys().toString("base64url");
  return { endpoint, p256dh, auth: randomBytes(16).toString("base64url") };
}

/** What Carillon says about an assigned task. */
export const testMessage = (): Message => ({
  deliveryId: "0-1j.5",
  org: "acme",
  to: { id: "push-1", name: null, address: "yes", locale: "en" },
  event: { id: "0198a5c0-0000-7000-8000-000000000000", type: "task_assigned", priority: "normal" },
  texts: { title: "New task", body: "Kim assigned you “Call”.", action: "Open task", locale: "en" },
  link: null,
  reportUrl: "http://localhost:8787/hooks/push/acme~0-1j.5~AAAAAAAAAAAAAAAAAAAAAA",
});
