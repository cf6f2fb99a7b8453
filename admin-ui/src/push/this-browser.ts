import { testStageSchema, type TestStage } from "@carillon/shared/channels";

/** The service worker that CRM pages include; here with a scope of its own, so that the bell keeps its own subscription. */
const WORKER = "/embed/push-sw.js";
const SCOPE = "/embed/push-test/";
/** A push service takes some seconds at most when the browser is there. */
const PATIENCE_MS = 15_000;

/** What of a browser a test of push needs; the real one is `thisBrowser`. Every method may throw Refused. */
export type Browser = {
  /** Asks for the permission, if it was not given yet, and for a subscription with this VAPID key, as JSON. */
  subscribe(publicKey: string): Promise<string>;
  /** Resolves true when the service worker has shown the message of a test, false after `ms`. Listens from the call on. */
  isShown(ms: number, signal: AbortSignal): Promise<boolean>;
  unsubscribe(): Promise<void>;
};

/** The browser said no: its own words, and what a person can do. */
export class Refused extends Error {
  readonly said: string | undefined;
  constructor(remedy: string, said?: string) {
    super(remedy);
    this.name = "Refused";
    this.said = said;
  }
}

/**
 * A test that begins and ends in the browser: it gives an address, `send` makes the server write to it, and the service worker
 * says that the message was shown. What `send` gives are the server's stages, as lines that nobody has read yet.
 */
export async function* testBrowser(
  browser: Browser,
  publicKey: string,
  send: (to: string) => AsyncIterable<unknown>,
  signal: AbortSignal,
): AsyncGenerator<TestStage> {
  const started = performance.now();
  const since = (start: number) => Math.round(performance.now() - start);
  let to: string;
  try {
    to = await browser.subscribe(publicKey);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    yield { stage: "permission", ok: false, ms: since(started), remedy: error.message, ...(error.said ? { said: error.said } : {}) };
    return yield { stage: "done", ok: false, ms: since(started) };
  }
  yield { stage: "permission", ok: true, ms: since(started) };
  const sent = performance.now();
  const shown = browser.isShown(PATIENCE_MS, signal);
  try {
    for await (const line of send(to)) {
      const stage = testStageSchema.parse(line);
      if (stage.stage === "done" && stage.ok) break;
      yield stage;
      if (stage.stage === "done") return;
    }
    const ok = await shown;
    signal.throwIfAborted();
    yield { stage: "shown", ok, ms: since(sent), ...(ok ? { said: "The service worker confirmed it." } : { remedy: NOT_SHOWN }) };
    yield { stage: "done", ok, ms: since(started) };
  } finally {
    await browser.unsubscribe();
  }
}
const NOT_SHOWN =
  "The push service took the message, but this browser has not shown it in time. Is the browser online, and are notifications allowed by the system?";

let registration: ServiceWorkerRegistration | null = null;

export const thisBrowser: Browser = {
  async subscribe(publicKey) {
    if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window))
      throw new Refused("This browser takes no push messages here: open this page over https, in a window that is not private.");
    if (Notification.permission === "default") await Notification.requestPermission();
    if (Notification.permission === "denied")
      throw new Refused("Notifications are blocked for this page. Allow them in the browser's settings for this site, then test again.");
    if (Notification.permission !== "granted") throw new Refused("The question was not answered. Test again, and allow notifications.");
    try {
      registration = await ready(await navigator.serviceWorker.register(workerUrl(), { scope: SCOPE }));
      await (await registration.pushManager.getSubscription())?.unsubscribe();
      const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey });
      return JSON.stringify({ ...subscription.toJSON(), publicKey });
    } catch (error) {
      throw new Refused("This browser could not subscribe at its push service. Is it online?", String(error));
    }
  },

  isShown(ms, signal) {
    return new Promise((resolve) => {
      const end = (isShown: boolean) => {
        clearTimeout(timer);
        navigator.serviceWorker.removeEventListener("message", listen);
        resolve(isShown);
      };
      const listen = ({ data }: MessageEvent) => isShownMessage(data) && end(true);
      const timer = setTimeout(end, ms, false);
      signal.addEventListener("abort", () => end(false), { once: true });
      navigator.serviceWorker.addEventListener("message", listen);
      navigator.serviceWorker.startMessages();
    });
  },

  async unsubscribe() {
    await (await registration?.pushManager.getSubscription())?.unsubscribe();
  },
};

/** What the service worker tells of a test; of ordinary messages it tells too. */
export const isShownMessage = (data: unknown): boolean =>
  typeof data === "object" &&
  data !== null &&
  "type" in data &&
  data.type === "carillon:shown" &&
  "id" in data &&
  String(data.id).startsWith("test.");

/** A subscription needs a worker that is active. */
async function ready(made: ServiceWorkerRegistration): Promise<ServiceWorkerRegistration> {
  const coming = made.installing ?? made.waiting;
  if (!made.active && coming) {
    await new Promise<void>((resolve) =>
      coming.addEventListener("statechange", () => ["activated", "redundant"].includes(coming.state) && resolve()),
    );
  }
  return made;
}

type TrustedTypes = {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
};
let policy: ReturnType<TrustedTypes["createPolicy"]> | undefined;

/** The content security policy takes a worker's address only from a policy that it names. */
function workerUrl(): string {
  const trustedTypes = (window as { trustedTypes?: TrustedTypes }).trustedTypes;
  policy ??= trustedTypes?.createPolicy("carillon-page", { createScriptURL: () => WORKER });
  return policy?.createScriptURL(WORKER) ?? WORKER;
}
