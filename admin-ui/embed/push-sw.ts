import type { PushPayload, PushReport } from "@carillon/shared/push-settings";
import { keep, readKept } from "./push/kept.ts";

/**
 * The service worker of browser push. A CRM includes it into its own with one line,
 * `importScripts("https://carillon.example.com/embed/push-sw.js")`; what is not Carillon's it leaves alone.
 */

type Data = Pick<PushPayload, "id" | "link" | "report">;
type Waiting = Event & { waitUntil(work: Promise<unknown>): void };
/** What is used of a service worker's world: TypeScript's own types of it don't go together with those of pages. */
type Worker = {
  registration: ServiceWorkerRegistration;
  clients: { matchAll(options: object): Promise<Tab[]>; openWindow(url: string): Promise<unknown> };
  addEventListener(type: "push", listener: (event: Waiting & { data: { json(): unknown } | null }) => void): void;
  addEventListener(type: "notificationclick", listener: (event: Waiting & { notification: Notification }) => void): void;
  addEventListener(
    type: "pushsubscriptionchange",
    listener: (event: Waiting & { oldSubscription?: PushSubscription | null; newSubscription?: PushSubscription | null }) => void,
  ): void;
};
type Tab = {
  url: string;
  visibilityState: string;
  postMessage(message: object): void;
  focus(): Promise<unknown>;
  navigate(url: string): Promise<unknown>;
};

const worker = self as unknown as Worker;
const tabs = (): Promise<Tab[]> => worker.clients.matchAll({ type: "window", includeUncontrolled: true });

worker.addEventListener("push", (event) => {
  const payload = read(event.data);
  if (payload) event.waitUntil(show(payload));
});

worker.addEventListener("notificationclick", (event) => {
  const data = (event.notification.data as { carillon?: Data } | null)?.carillon;
  if (!data) return;
  event.notification.close();
  event.waitUntil(Promise.all([follow(data.link ?? worker.registration.scope), tell(data, "clicked")]));
});

worker.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(renew(event.oldSubscription?.endpoint, event.newSubscription));
});

function read(data: { json(): unknown } | null): PushPayload | null {
  try {
    const payload = data?.json() as PushPayload | null;
    return payload?.carillon ? payload : null;
  } catch {
    return null; // no JSON, so not ours
  }
}

/** Always: browsers take the permission back from whoever shows nothing. The server sends nothing to a person who looks at the bell. */
async function show({ id, tag, title, body, link, report, urgent }: PushPayload): Promise<void> {
  const data: Data = { id, link, report };
  // `renotify` is not in TypeScript's list: a newer message in the place of an older one is heard, too, when it is urgent.
  const options = { body, tag, requireInteraction: urgent, renotify: urgent, data: { carillon: data } };
  await worker.registration.showNotification(title, options);
  for (const tab of await tabs()) {
    // oxlint-disable-next-line require-post-message-target-origin -- a service worker's tabs are of its own origin
    if (tab.visibilityState === "visible") tab.postMessage({ type: "carillon:shown", id });
  }
  await tell(data, "shown");
}

/** Without cookies, and without an answer that we could read. A report that gets lost is no harm. */
async function tell({ report }: Data, state: PushReport["state"]): Promise<void> {
  if (!report) return;
  const body = JSON.stringify({ state } satisfies PushReport);
  await fetch(report, { method: "POST", mode: "no-cors", credentials: "omit", keepalive: true, body }).catch(() => {});
}

/** The tab that shows the link already, else one of its origin, else a new one. */
async function follow(link: string): Promise<void> {
  const open = (await tabs()).filter(({ url }) => new URL(url).origin === new URL(link).origin);
  const there = open.find(({ url }) => url === link);
  if (there) return void (await there.focus());
  try {
    await open[0]!.focus();
    await open[0]!.navigate(link);
  } catch {
    await worker.clients.openWindow(link); // no tab, or one that another service worker controls
  }
}

/** The browser has a new address, and nobody may be signed in. */
async function renew(old: string | undefined, given: PushSubscription | null | undefined): Promise<void> {
  const kept = await readKept();
  if (!kept || (old && old !== kept.endpoint)) return;
  const { server, endpoint, publicKey, proof } = kept;
  const subscription =
    given ?? (await worker.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey }));
  const answer = await fetch(`${server}/v1/push/renew`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ endpoint, subscription: { ...subscription.toJSON(), publicKey }, proof }),
  });
  // What is refused is mended by the bell when its person comes back.
  if (answer.ok) await keep({ ...kept, endpoint: subscription.endpoint, proof: ((await answer.json()) as { proof: string }).proof });
}
