/** Whether a provider on the internet can call this address: https, by a name that has a dot. */
export function isPublicAddress(address: string): boolean {
  const url = URL.parse(address);
  return url?.protocol === "https:" && url.hostname.includes(".") && !/^[\d.]+$/.test(url.hostname);
}
