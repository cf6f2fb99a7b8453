import { AppError, forbidden } from "../errors.ts";

/**
 * For calls that change something and are signed in by a cookie: they come from our own page and carry JSON. A browser names the
 * origin; what names neither origin nor site is no browser, and its cookie was put there by hand.
 * @throws 403 `origin.cross-site`; 415 `body.not-json`
 */
export function checkSameOrigin(request: Request, publicUrl: string): void {
  if (!isSameOrigin(request, publicUrl)) throw forbidden("origin.cross-site", "This call may only come from the admin page itself.");
  if (!isJsonOrEmpty(request.headers)) throw new AppError(415, "body.not-json", "The body must be JSON: content-type: application/json");
}

function isSameOrigin({ headers, url }: Request, publicUrl: string): boolean {
  const origin = headers.get("origin");
  if (origin !== null) return origin === new URL(publicUrl).origin || origin === new URL(url).origin;
  const site = headers.get("sec-fetch-site");
  return site === null || site === "same-origin";
}

/** A form of another site can send text, but not this type. */
function isJsonOrEmpty(headers: Headers): boolean {
  const type = headers.get("content-type");
  if (type !== null) return /^application\/json\s*(;|$)/i.test(type);
  return (headers.get("content-length") ?? "0") === "0" && headers.get("transfer-encoding") === null;
}
