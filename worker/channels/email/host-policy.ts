import type { EmailSettings } from "@carillon/shared/channels";
import type { Issue } from "@carillon/shared/events";
import { isIP } from "node:net";

/** Submission ports; 25 is for servers among themselves and blocked by most hosts. */
const SUBMISSION_PORTS: ReadonlySet<number> = new Set([465, 587, 2525]);

/** Names that lead into a private network or to a cloud's metadata service. */
const PRIVATE_SUFFIXES = ["localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private", "home.arpa"];

/** What speaks against these settings, whatever the network answers. Asked at save and again at send. */
export function checkSmtpHost(settings: EmailSettings, allowPrivate: boolean): Issue[] {
  if (allowPrivate) return [];
  const issues: Issue[] = [];
  const host = whyNotPublicName(settings.host);
  if (host) issues.push({ path: "host", message: host });
  if (!SUBMISSION_PORTS.has(settings.port)) issues.push({ path: "port", message: "Use port 587, 465 or 2525" });
  if (settings.encryption === "none")
    issues.push({ path: "encryption", message: "Choose TLS or SSL: without encryption the password can be read on the way" });
  const tokenUrl = settings.auth === "oauth2" && settings.oauth?.tokenUrl ? whyNotPublicHttps(settings.oauth.tokenUrl) : null;
  if (tokenUrl) issues.push({ path: "oauth.tokenUrl", message: tokenUrl });
  return issues;
}

/** Null for a name that can be public, such as smtp.example.com. */
export function whyNotPublicName(host: string): string | null {
  const name = host.toLowerCase();
  if (isIP(name.replace(/^\[|\]$/g, "")) !== 0) return "Use the server's name, not its IP address";
  const isPrivate = PRIVATE_SUFFIXES.some((suffix) => name === suffix || name.endsWith(`.${suffix}`));
  if (isPrivate) return "This name belongs to a private network; use a public mail server";
  // The last label of a public name begins with a letter; 127.1 and 0x7f.1 are addresses in disguise.
  if (!/\.[a-z][a-z0-9-]*$/.test(name)) return "Use the server's full public name, such as smtp.example.com";
  return null;
}

export function whyNotPublicHttps(address: string): string | null {
  const url = URL.parse(address);
  if (url?.protocol !== "https:") return "Use an https address";
  if (url.username || url.password) return "Leave user name and password out of the address";
  return whyNotPublicName(url.hostname);
}

/** Whether an IP address is reachable from anywhere on the internet (IANA's special-purpose registries). */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return isPublicIpv4(address);
  if (family === 6) return isPublicIpv6(address);
  return false;
}

/** First address and prefix length of what is private, shared, loopback, link-local, documentation, multicast or reserved. */
const SPECIAL_IPV4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

function isPublicIpv4(address: string): boolean {
  const number = ipv4Number(address);
  return !SPECIAL_IPV4.some(([first, length]) => {
    const size = 2 ** (32 - length);
    return Math.floor(number / size) === Math.floor(ipv4Number(first) / size);
  });
}

const ipv4Number = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

/** Only 2000::/3 is public, without documentation, Teredo and 6to4, which carry an IPv4 address inside. */
function isPublicIpv6(address: string): boolean {
  const [first = 0, second = 0] = address.split(":", 2).map((group) => Number.parseInt(group || "0", 16));
  if (first < 0x2000 || first > 0x3fff) return false;
  if (first === 0x2002) return false;
  return !(first === 0x2001 && (second < 0x200 || second === 0xdb8));
}
