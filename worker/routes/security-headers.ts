/** Everything is ours: no inline script or style, no other origin, and no string becomes markup but through Vue and lit. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  // Page and bell register the service worker of push by policies of their own.
  "trusted-types vue lit-html carillon-page carillon-bell",
].join("; ");
const DATA_POLICY = "default-src 'none'; frame-ancestors 'none'";
const ONE_YEAR = 31_536_000;

/** The answer with the headers that every answer carries. A socket's answer passes as it is. */
export function securityHeaders(request: Request, response: Response): Response {
  if (response.status === 101) return response;
  const headers = response.headers;
  const isPage = headers.get("content-type")?.startsWith("text/html") ?? false;
  if (!headers.has("content-security-policy")) headers.set("content-security-policy", isPage ? PAGE_POLICY : DATA_POLICY);
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  if (isPage) {
    headers.set("cross-origin-opener-policy", "same-origin");
    headers.set("permissions-policy", "camera=(), microphone=(), geolocation=()");
  }
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  if (request.url.startsWith("https:")) headers.set("strict-transport-security", `max-age=${ONE_YEAR}; includeSubDomains`);
  return response;
}
