/** What web-push would need to go through a proxy. Nothing here does: its messages leave by fetch. */
export function HttpsProxyAgent(): never {
  throw new Error("Proxies are not used on Workers");
}
