import type { Connection } from "../client.ts";
import { keep, readKept } from "./kept.ts";

/** `GET /v1/me/push` */
export type PushStatus = { user: string; enabled: boolean; publicKey: string | null; endpoints: string[] };
export type Subscribing = { server: string; worker: string; call: Connection["call"]; status: PushStatus };

/**
 * Binds this browser to the person with the key that is live; nothing happens where all is so already. A subscription that is not
 * Carillon's is the page's own and stays. Needs the permission. Rejects when browser or server refuse.
 */
export async function subscribe({ server, worker, call, status: { user, publicKey, endpoints } }: Subscribing): Promise<void> {
  if (!publicKey) return;
  const { pushManager } = await activated(await navigator.serviceWorker.register(trusted(worker)));
  const kept = await readKept();
  let subscription = await pushManager.getSubscription();
  let replaces: string | undefined;
  if (subscription && keyOf(subscription) !== publicKey) {
    if (subscription.endpoint !== kept?.endpoint) return;
    replaces = subscription.endpoint;
    await subscription.unsubscribe();
    subscription = null;
  }
  subscription ??= await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey });
  const { endpoint } = subscription;
  if (endpoints.includes(endpoint) && kept?.endpoint === endpoint && kept.user === user) return;
  const { proof } = await call<{ proof: string }>("PUT", "/v1/me/push", { ...subscription.toJSON(), publicKey, replaces });
  await keep({ server: server.replace(/\/+$/, ""), user, endpoint, publicKey, proof });
}

/** As the server writes it: base64url. */
function keyOf({ options }: PushSubscription): string {
  const bytes = new Uint8Array(options.applicationServerKey ?? new ArrayBuffer());
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}

/** A subscription needs a worker that is active. */
function activated(registration: ServiceWorkerRegistration): Promise<ServiceWorkerRegistration> {
  const coming = registration.installing ?? registration.waiting;
  if (registration.active || !coming) return Promise.resolve(registration);
  return new Promise((resolve) => {
    coming.onstatechange = () => coming.state === "activated" && resolve(registration);
  });
}

type TrustedTypes = {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
};
let policy: ReturnType<TrustedTypes["createPolicy"]> | undefined;

/** Pages with trusted types name this policy in theirs. */
function trusted(worker: string): string {
  policy ??= (window as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy("carillon-bell", { createScriptURL: (url) => url });
  return policy?.createScriptURL(worker) ?? worker;
}
