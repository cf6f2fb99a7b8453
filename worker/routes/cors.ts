import type { Context } from "hono";
import { inAppSettingsSchema } from "@carillon/shared/channels";
import { forbidden } from "../errors.ts";
import type { Ports } from "../ports.ts";
import { readOrg } from "../settings/org.ts";
import { readSettings } from "../settings/store.ts";

/**
 * The bell lives on the CRM's pages, so its calls come from there. They carry a bearer token and never a cookie; which origins may
 * use it is a setting of the in-app channel. The own origin may always, and what sends no Origin is not a browser's page.
 */
export async function checkOrigin(c: Context, ports: Ports, place: { org: string; version?: number }): Promise<void> {
  const origin = c.req.header("origin");
  if (origin === undefined || origin === new URL(c.req.url).origin || origin === new URL(ports.config.publicUrl).origin) return;
  const org = await readOrg(ports, place.org);
  const settings = org && (await readSettings(ports, org.org, org.version));
  const { allowedOrigins } = inAppSettingsSchema.parse(settings?.channels["in-app"].settings ?? {});
  if (!allowedOrigins.some((allowed) => new URL(allowed).origin === origin)) {
    throw forbidden("origin.not-allowed", `${origin} is not among the in-app channel's allowed origins.`);
  }
  c.header("access-control-allow-origin", origin);
  c.header("vary", "Origin", { append: true });
}

/** Answers a browser's question before the call. It tells nothing: the call itself is checked. */
export function preflight(c: Context): Response {
  return c.body(null, 204, {
    "access-control-allow-origin": c.req.header("origin") ?? "*",
    "access-control-allow-methods": "GET, POST, PUT, DELETE",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-max-age": "7200",
    vary: "Origin",
  });
}

/** A refusal must be readable where it happened, or the bell could not tell an expired token from a dead network. */
export function corsOfErrors(c: Context): Record<string, string> {
  const origin = c.req.header("origin");
  return origin !== undefined && new URL(c.req.url).pathname.startsWith("/v1/me/")
    ? { "access-control-allow-origin": origin, vary: "Origin" }
    : {};
}
