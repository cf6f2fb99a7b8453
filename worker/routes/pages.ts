import type { Context } from "hono";
import { notFound } from "../errors.ts";
import type { Ports } from "../ports.ts";

/** Built files by their path; every other path of a page is the admin page, which routes by itself. */
export async function servePage(c: Context, ports: Ports): Promise<Response> {
  const path = new URL(c.req.url).pathname;
  if (path === "/demo" || path.startsWith("/demo/")) {
    if (!ports.config.local) throw notFound("page");
    if (path === "/demo/") return c.redirect("/demo");
  }
  const file = path === "/" ? "/index.html" : path === "/demo" ? "/demo/index.html" : path;
  const asset = await ports.asset(file);
  if (asset) return withCaching(asset, file);
  if (/\.[a-z0-9]+$/i.test(path) || !(c.req.header("accept") ?? "").includes("text/html")) throw notFound("page");
  const page = await ports.asset("/index.html");
  if (!page) throw notFound("page");
  return withCaching(page, "/index.html");
}

const PUSH_WORKER = "/embed/push-sw.js";

/** Names with a hash never change; everything else is asked for again. What is embedded may be loaded from anywhere. */
function withCaching(asset: Response, path: string): Response {
  const response = new Response(asset.body, { status: asset.status, headers: asset.headers });
  response.headers.set("cache-control", /^\/assets\/.+-[\w-]{8}\.\w+$/.test(path) ? "public, max-age=31536000, immutable" : "no-cache");
  if (path.startsWith("/embed/")) {
    response.headers.set("access-control-allow-origin", "*");
    response.headers.set("cross-origin-resource-policy", "cross-origin");
    // A service worker lives by the policy of its own script; this one reports to us.
    if (path === PUSH_WORKER) response.headers.set("content-security-policy", "default-src 'none'; connect-src 'self'");
  }
  return response;
}
