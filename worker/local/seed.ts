import { createHash } from "node:crypto";
import { readFileSync, existsSync } from "node:fs";
import type { Admin } from "@carillon/shared/access";
import type { Sandbox } from "./prepared.ts";
import { ORG, writePrivate, type Secrets } from "./secrets.ts";

const OWNER: Admin = { id: "owner", name: "Robin Owner", email: "robin@example.com" };

/** Five people in five zones, so that whatever depends on a zone can be seen. */
export const PEOPLE = [
  {
    id: "u1",
    name: "Ada Adler",
    email: "ada@example.com",
    phone: "+4915112345601",
    locale: "en",
    timeZone: "Europe/Berlin",
    whatsappOptIn: true,
  },
  {
    id: "u2",
    name: "Ben Brook",
    email: "ben@example.com",
    phone: "+12025550102",
    locale: "en-US",
    timeZone: "America/New_York",
    whatsappOptIn: true,
  },
  {
    id: "u3",
    name: "Kim Kato",
    email: "kim@example.com",
    phone: "+819012345603",
    locale: "en",
    timeZone: "Asia/Tokyo",
    whatsappOptIn: true,
  },
  {
    id: "u4",
    name: "Dev Desai",
    email: "dev@example.com",
    phone: "+919812345604",
    locale: "en-IN",
    timeZone: "Asia/Kolkata",
    whatsappOptIn: true,
  },
  {
    id: "u5",
    name: "Eve Evans",
    email: "eve@example.com",
    phone: "+447700900105",
    locale: "en-GB",
    timeZone: "Europe/London",
    whatsappOptIn: true,
  },
];

type Options = { url: string; state: string; secrets: Secrets; sandbox: Sandbox };
/** What of the sandbox the email channel was last set up with; its ports may be others at the next start. */
type Seeded = { host: string; port: number; passwordHash: string };

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
    apiKey: secrets.apiKey,
  });
  if (!made.ok && made.status !== 409) throw new Error(`The first organisation could not be made: ${await made.text()}`);

  const file = `${state}/seeded.json`;
  const seeded = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Seeded) : null;
  const passwordHash = createHash("sha256").update(sandbox.smtp.password).digest("hex");
  const wanted: Seeded = { host: sandbox.smtp.host, port: sandbox.smtp.port, passwordHash };
  if (!seeded) {
    await expectOk(call(url, "POST", "/v1/users/bulk", secrets.apiKey, { users: PEOPLE }), "The five people could not be made");
  }
  if (JSON.stringify(seeded) !== JSON.stringify(wanted)) {
    await connectEmail(url, secrets, sandbox, seeded);
    writePrivate(file, wanted);
  }
  return { adminUrl: (await signInLink(url, secrets)).url };
}

/** Sets the email channel up against the sandbox, unless an admin has turned it to another server since. */
async function connectEmail(url: string, secrets: Secrets, sandbox: Sandbox, before: Seeded | null): Promise<void> {
  const { ticket } = await signInLink(url, secrets);
  const session = await call(url, "POST", "/admin/api/session", null, { ticket });
  const cookie = session.headers.get("set-cookie")?.split(";")[0] ?? "";
  const channel = (await (
    await expectOk(call(url, "GET", "/admin/api/channels/email", null, undefined, cookie), "The email channel could not be read")
  ).json()) as {
    version: number;
    configured: boolean;
    settings: { host?: string; port?: number };
  };
  const isOurs = before === null ? !channel.configured : channel.settings.host === before.host && channel.settings.port === before.port;
  if (!isOurs) return;
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
  const body = { version: channel.version, settings, secrets: { password: sandbox.smtp.password } };
  await expectOk(call(url, "PUT", "/admin/api/channels/email", null, body, cookie), "The email channel could not be set up");
  if (before === null)
    await expectOk(call(url, "POST", "/admin/api/channels/email/enable", null, {}, cookie), "The email channel could not be switched on");
  await call(url, "DELETE", "/admin/api/session", null, undefined, cookie);
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

function call(url: string, method: string, path: string, token: string | null, body?: unknown, cookie?: string): Promise<Response> {
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
