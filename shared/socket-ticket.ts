/**
 * A one-time ticket for opening a socket, as text: base64url of `[org, shard, secret]`, because it must lead to its shard by itself.
 * A browser can't send headers with a socket and addresses are logged everywhere, so it travels as the subprotocol `ticket.<text>`.
 */
export type SocketTicket = { org: string; shard: number; secret: string };

export function writeTicket({ org, shard, secret }: SocketTicket): string {
  return toBase64Url(JSON.stringify([org, shard, secret]));
}

/** Null for anything that is not a ticket. */
export function readTicket(text: string): SocketTicket | null {
  if (!/^[A-Za-z0-9_-]{1,400}$/.test(text)) return null;
  let parts: unknown;
  try {
    parts = JSON.parse(atob(text.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return null; // Not base64, or not JSON: not a ticket of ours.
  }
  if (!Array.isArray(parts)) return null;
  const [org, shard, secret] = parts as unknown[];
  return typeof org === "string" && Number.isInteger(shard) && typeof secret === "string" ? { org, shard: shard as number, secret } : null;
}

/** The ticket among the subprotocols that a browser offers. */
export function offeredTicket(protocols: string | null | undefined): string | null {
  const offered = (protocols ?? "").split(",").map((protocol) => protocol.trim());
  return offered.find((protocol) => protocol.startsWith("ticket."))?.slice("ticket.".length) ?? null;
}

export const toBase64Url = (binary: string): string => btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
