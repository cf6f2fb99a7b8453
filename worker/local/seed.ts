import { createHash } from "node:crypto";
import { readFileSync, existsSync } from "node:fs";
import type { Admin } from "@carillon/shared/access";
import { SAMPLE_TEMPLATES } from "@carillon/shared/whatsapp-samples";
import type { Sandbox } from "./prepared.ts";
import { ORG, writePrivate, type Secrets } from "./secrets.ts";

const OWNER: Admin = { id: "owner", name: "Robin Owner", email: "robin@example.com" };

/** Five people in five zones, so that whatever depends on a zone can be seen, with roles, teams and a list to send to. */
export const PEOPLE = [
  {
    id: "u1",
    name: "Ada Adler",
    email: "ada@example.com",
    phone: "+4915112345601",
    locale: "en",
    timeZone: "Europe/Berlin",
    whatsappOptIn: true,
    roles: ["sales"],
    teams: ["Europe"],
    lists: ["beta testers"],
  },
  {
    id: "u2",
    name: "Ben Brook",
    email: "ben@example.com",
    phone: "+12025550102",
    locale: "en-US",
    timeZone: "America/New_York",
    whatsappOptIn: true,
    roles: ["sales"],
    teams: ["America"],
  },
  {
    id: "u3",
    name: "Kim Kato",
    email: "kim@example.com",
    phone: "+819012345603",
    locale: "en",
    timeZone: "Asia/Tokyo",
    whatsappOptIn: true,
    roles: ["support"],
    teams: ["Asia"],
  },
  {
    id: "u4",
    name: "Dev Desai",
    email: "dev@example.com",
    phone: "+919812345604",
    locale: "en-IN",
    timeZone: "Asia/Kolkata",
    whatsappOptIn: true,
    roles: ["support"],
    teams: ["Asia"],
  },
  {
    id: "u5",
    name: "Eve Evans",
    email: "eve@example.com",
    phone: "+447700900105",
    locale: "en-GB",
    timeZone: "Europe/London",
    whatsappOptIn: true,
    roles: ["manager", "sales"],
    teams: ["Europe"],
    lists: ["beta testers"],
  },
];

type Options = { url: string; state: string; secrets: Secrets; sandbox: Sandbox };
/** Half a minute in all. */
const MOST_TRIES = 60;
const TRY_AGAIN_MS = 500;
/** What the channels were last set up with; the sandbox's ports may be others at the next start. */
type Seeded = { host: string; port: number; passwordHash: string; channels?: string[]; pushHost?: string };

/**
 * Makes the organisation at the first start, through the same HTTP calls that anybody would make, and gives a fresh sign-in link
 * at every start. Can be killed anywhere and repeated.
 */
export async function seed({ url, state, secrets, sandbox }: Options): Promise<{ adminUrl: string }> {
  await untilReady(url);
  const made = await call(url, "POST", "/internal/bootstrap", secrets.bootstrapToken, {
    org: ORG,
    name: "Acme CRM",
    owner: OWNER,
    shards: Number(process.env.CARILLON_SHARDS ?? 1),
    apiKey: secrets.apiKey,
  });
  if (!made.ok && made.status !== 409) throw new Error(`The first organisation could not be made: ${await made.text()}`);

  const file = `${state}/seeded.json`;
  const seeded = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Seeded) : null;
  const wanted: Seeded = {
    host: sandbox.smtp.host,
    port: sandbox.smtp.port,
    passwordHash: createHash("sha256").update(sandbox.smtp.password).digest("hex"),
    channels: ["sms", "whatsapp", "push"],
    pushHost: sandbox.push.host,
  };
  if (!seeded) {
    await expectOk(call(url, "POST", "/v1/users/bulk", secrets.apiKey, { users: PEOPLE }), "The five people could not be made");
  }
  if (JSON.stringify(seeded) !== JSON.stringify(wanted)) {
    await asOwner(url, secrets, (admin) => connectChannels(admin, sandbox, seeded));
    await subscribeBrowsers(url, secrets, sandbox);
    writePrivate(file, wanted);
  }
  await answerBack(url, sandbox);
  return { adminUrl: (await signInLink(url, secrets)).url };
}

type AdminCall = (method: string, path: string, body?: unknown) => Promise<Response>;

async function asOwner(url: string, secrets: Secrets, work: (admin: AdminCall) => Promise<void>): Promise<void> {
  const { ticket } = await signInLink(url, secrets);
  const session = await call(url, "POST", "/admin/api/session", null, { ticket });
  const cookie = session.headers.get("set-cookie")?.split(";")[0] ?? "";
  await work((method, path, body) => call(url, method, `/admin/api${path}`, null, body, cookie));
  await call(url, "DELETE", "/admin/api/session", null, undefined, cookie);
}

/** Sets every channel up against the sandbox, unless an admin has turned it to another provider since. */
async function connectChannels(admin: AdminCall, sandbox: Sandbox, before: Seeded | null): Promise<void> {
  await connectEmail(admin, sandbox, before);
  const isNew = (channel: string) => !before?.channels?.includes(channel);
  const { twilio, graph } = sandbox;
  if (isNew("sms")) {
    const settings = { accountSid: twilio.account.accountSid, from: twilio.account.from, messagingServiceSid: "" };
    await connect(admin, "sms", async () => ({ settings, secrets: { authToken: twilio.account.authToken } }));
  }
  if (isNew("whatsapp")) {
    const { accessToken, appSecret, verifyToken, phoneNumberId, businessAccountId } = graph.account;
    const templates = Object.fromEntries(Object.entries(SAMPLE_TEMPLATES).map(([type, { mapping }]) => [type, { en: mapping }]));
    const settings = { phoneNumberId, businessAccountId, templates };
    await connect(admin, "whatsapp", async () => ({ settings, secrets: { accessToken, appSecret, verifyToken } }));
  }
  if (isNew("push")) {
    await connect(admin, "push", async () => {
      const keys = await expectOk(admin("POST", "/channels/push/vapid"), "No VAPID keys could be made");
      const { publicKey } = (await keys.json()) as { publicKey: string };
      return { settings: { subject: `mailto:${OWNER.email}`, publicKey } };
    });
  }
}

type ChannelView = { version: number; configured: boolean; settings: { host?: string; port?: number } };

async function read(admin: AdminCall, channel: string): Promise<ChannelView> {
  return (await (await expectOk(admin("GET", `/channels/${channel}`), `The ${channel} channel could not be read`)).json()) as ChannelView;
}

/** Sets a channel up that nobody has, and switches it on. */
async function connect(
  admin: AdminCall,
  channel: string,
  form: () => Promise<{ settings: Record<string, unknown>; secrets?: Record<string, string> }>,
): Promise<void> {
  const { version, configured } = await read(admin, channel);
  if (configured) return;
  const body = { version, ...(await form()) };
  await expectOk(admin("PUT", `/channels/${channel}`, body), `The ${channel} channel could not be set up`);
  await expectOk(admin("POST", `/channels/${channel}/enable`, {}), `The ${channel} channel could not be switched on`);
}

/** The sandbox's SMTP ports may be others at the next start. */
async function connectEmail(admin: AdminCall, sandbox: Sandbox, before: Seeded | null): Promise<void> {
  const settings = {
    host: sandbox.smtp.host,
    port: sandbox.smtp.port,
    username: sandbox.smtp.username,
    encryption: "tls",
    fromAddress: "notifications@acme.example",
    fromName: "Acme CRM",
    replyTo: "",
    auth: "password",
  };
  const secrets = { password: sandbox.smtp.password };
  if (before === null) return connect(admin, "email", async () => ({ settings, secrets }));
  const { version, settings: saved } = await read(admin, "email");
  if (saved.host !== before.host || saved.port !== before.port) return;
  await expectOk(admin("PUT", "/channels/email", { version, settings, secrets }), "The email channel could not be set up");
}

/** A browser at the sandbox for everybody; those at its former address are gone. */
async function subscribeBrowsers(url: string, secrets: Secrets, sandbox: Sandbox): Promise<void> {
  for (const { id } of PEOPLE) {
    const answer = await expectOk(call(url, "POST", "/v1/tokens", secrets.apiKey, { user: id }), "No token could be made");
    const { token } = (await answer.json()) as { token: string };
    const me = (method: string, body?: unknown) => call(url, method, "/v1/me/push", token, body);
    const { publicKey, endpoints } = (await (await expectOk(me("GET"), "The push key could not be read")).json()) as {
      publicKey: string | null;
      endpoints: string[];
    };
    if (publicKey === null) return;
    const wanted = sandbox.push.subscribe(id, publicKey);
    for (const endpoint of endpoints) if (endpoint !== wanted.endpoint && isLoopback(endpoint)) await me("DELETE", { endpoint });
    await expectOk(me("PUT", wanted), "A browser could not be subscribed");
  }
}

const isLoopback = (address: string): boolean => URL.parse(address)?.hostname === "localhost";

/** Replies and receipts of the sandbox go where a provider's would. */
async function answerBack(url: string, { twilio, graph }: Sandbox): Promise<void> {
  twilio.connect(`${url}/hooks/twilio/${ORG}`);
  // Once an admin has turned WhatsApp to an account of their own, the sandbox is no longer known there, and has nothing to say.
  await graph.connect(`${url}/hooks/whatsapp/${ORG}`).catch(() => undefined);
}

async function signInLink(url: string, secrets: Secrets): Promise<{ ticket: string; url: string }> {
  const answer = await expectOk(
    call(url, "POST", "/internal/local/sign-in", secrets.localToken, { org: ORG, admin: OWNER }),
    "No sign-in link could be made",
  );
  return (await answer.json()) as { ticket: string; url: string };
}

async function untilReady(url: string): Promise<void> {
  const patienceMs = 60_000;
  for (const started = Date.now(); ;) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok) return;
    if (Date.now() - started > patienceMs) throw new Error(`nothing answers at ${url} after a minute; is the port taken?`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A call that a busy machine answers with 503 is made again; each of them may be. */
async function call(url: string, method: string, path: string, token: string | null, body?: unknown, cookie?: string): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const answer = await callOnce(url, method, path, token, body, cookie);
    if (answer.status !== 503 || tries === MOST_TRIES) return answer;
    await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
  }
}

function callOnce(url: string, method: string, path: string, token: string | null, body?: unknown, cookie?: string): Promise<Response> {
  return fetch(url + path, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(cookie ? { cookie } : {}),
    },
    body: body === undefined ? null : JSON.stringify(body),
  });
}

async function expectOk(answer: Promise<Response>, message: string): Promise<Response> {
  const response = await answer;
  if (!response.ok) throw new Error(`${message}: ${response.status} ${await response.text()}`);
  return response;
}
