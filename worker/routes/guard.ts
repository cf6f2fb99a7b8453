import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { ROLES, type Role } from "@carillon/shared/access";
import { authenticate } from "../access/api-keys.ts";
import { checkSameOrigin } from "../access/origin.ts";
import { verifyProvider } from "../access/providers.ts";
import { RATES, countTry, forgetTries } from "../access/rate-limit.ts";
import { bearerOf, isSame } from "../access/secrets.ts";
import { SESSION_COOKIE, readSession } from "../access/sessions.ts";
import { verifyUserToken } from "../access/user-tokens.ts";
import type { WebhookRequest } from "../channels/channel.ts";
import { forbidden, notFound, unauthorized } from "../errors.ts";
import type { Ports } from "../ports.ts";
import { checkOrigin } from "./cors.ts";
import type { Caller, Identity } from "./route.ts";

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

const NOBODY: Identity = {
  org: "",
  shards: 0,
  version: 0,
  user: "",
  key: "",
  admin: { id: "", name: "", email: "" },
  role: "viewer",
  session: "",
};

/** Finds out who calls; throws unless it is one whom the route is declared for. */
export async function identify(c: Context, ports: Ports, caller: Caller, raw: string): Promise<Identity> {
  switch (caller.kind) {
    case "crm": {
      const key = await authenticate(ports, c.req.header("authorization"), caller.scope);
      return { ...NOBODY, org: key.org, key: key.keyId, version: key.version, shards: key.shards };
    }
    case "user": {
      const token = await verifyUserToken(ports, c.req.header("authorization"));
      await checkOrigin(c, ports, token);
      return { ...NOBODY, org: token.org, user: token.user, shards: token.shards };
    }
    case "admin": {
      if (c.req.method !== "GET") checkSameOrigin(c.req.raw, ports.config.publicUrl);
      const session = await readSession(ports, getCookie(c, SESSION_COOKIE));
      if (!mayAct(session.role, caller.role)) throw forbidden("role.too-low", `This needs the role ${caller.role}.`);
      return {
        ...NOBODY,
        org: session.org,
        admin: session.admin,
        role: session.role,
        session: session.id,
        version: session.version,
        shards: session.shards,
      };
    }
    case "queue":
      if (!(await ports.isFromQueue(c.req.raw, raw))) throw unauthorized("queue.signature", "The signature does not fit.");
      return NOBODY;
    case "provider": {
      const { org, shards, version } = await verifyProvider(ports, caller.channel, c.req.param("org") ?? "", webhookRequest(c, ports, raw));
      return { ...NOBODY, org, shards, version };
    }
    case "operator":
      await checkOperator(c, ports, caller.token);
      return NOBODY;
    case "local":
      // A page elsewhere whose name was turned to this machine comes with that name, not with ours.
      if (!ports.config.local || !LOOPBACK.includes(new URL(c.req.url).hostname)) throw notFound("page");
      return NOBODY;
    case "ticket":
    case "link":
    case "public":
      return NOBODY;
  }
}

async function checkOperator(c: Context, ports: Ports, name: "metrics" | "bootstrap"): Promise<void> {
  const { metricsToken, bootstrapToken } = ports.config;
  const token = name === "metrics" ? metricsToken : bootstrapToken;
  if (!token) throw notFound("route");
  // A scrape must not depend on the store; that token's length alone keeps it from being guessed.
  if (name === "bootstrap") await countTry(ports, RATES.signIn, name);
  if (!isSame(bearerOf(c.req.header("authorization")) ?? "", token))
    throw unauthorized("operator.token", `The ${name} token is missing or wrong.`);
  if (name === "bootstrap") await forgetTries(ports, RATES.signIn, name);
}

/** As the provider made it: a proxy in front of us may have changed host and scheme, which are part of what is signed. */
export function webhookRequest(c: Context, { config }: Pick<Ports, "config">, body: string): WebhookRequest {
  const { pathname, search } = new URL(c.req.url);
  return { method: c.req.method, url: `${config.publicUrl}${pathname}${search}`, headers: c.req.raw.headers, body };
}

/** Roles stand from the mightiest to the least. */
const mayAct = (has: Role, needs: Role): boolean => ROLES.indexOf(has) <= ROLES.indexOf(needs);
