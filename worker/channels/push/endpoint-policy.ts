/** Where Chrome, Firefox, Edge and Safari listen. Anything else could be a server inside somebody's network. */
const PUSH_SERVICES: readonly RegExp[] = [
  /^fcm\.googleapis\.com$/,
  /^jmt17\.google\.com$/,
  /^([a-z0-9-]+\.)*push\.services\.mozilla\.com$/,
  /^([a-z0-9-]+\.)+notify\.windows\.com$/,
  /^([a-z0-9-]+\.)+push\.apple\.com$/,
];

/**
 * What speaks against writing to this endpoint; null if nothing does. Asked when a browser subscribes and again at send.
 * @param extraHosts further ones as `host` or `host:port`, which may also speak plain http: local use and tests
 */
export function whyNotEndpoint(endpoint: string, extraHosts: readonly string[] = []): string | null {
  const url = URL.parse(endpoint);
  if (!url) return "This is no address";
  if (url.username || url.password) return "An endpoint has no user name or password";
  const isExtra = extraHosts.some((host) => host === url.host || host === url.hostname);
  if (isExtra && (url.protocol === "http:" || url.protocol === "https:")) return null;
  if (url.protocol !== "https:") return "An endpoint is an https address";
  if (url.port !== "") return "An endpoint is on port 443";
  if (!PUSH_SERVICES.some((pattern) => pattern.test(url.hostname))) return `${url.hostname.slice(0, 100)} is not a known push service`;
  return null;
}
