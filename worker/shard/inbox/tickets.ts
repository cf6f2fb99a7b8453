import type { Sql } from "../../ports.ts";

/**
 * One-time tickets for opening a socket. A browser can't send headers with one and an address is logged everywhere, so the ticket
 * travels as a subprotocol: base64url of `[org, shard, secret]`, because it must lead to its shard by itself.
 */
export class Tickets {
  readonly #sql: Sql;
  readonly #shard: number;
  readonly #org: string;

  constructor(sql: Sql, shard: number, org: string) {
    this.#sql = sql;
    this.#shard = shard;
    this.#org = org;
  }

  mint(person: string, expiresAt: number): string {
    const secret = toBase64Url(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(24))));
    this.#sql.exec(`INSERT INTO ticket VALUES (?, ?, ?)`, secret, person, expiresAt);
    return toBase64Url(JSON.stringify([this.#org, this.#shard, secret]));
  }

  /** The person it was made for, the first time and in time; null otherwise. */
  redeem(ticket: string, now: number): string | null {
    const place = placeOf(ticket);
    if (!place || place.org !== this.#org || place.shard !== this.#shard) return null;
    const row = this.#sql
      .exec<{ person: string; expires: number }>(`DELETE FROM ticket WHERE id = ? RETURNING person, expires`, place.secret)
      .toArray()[0];
    return row && row.expires > now ? row.person : null;
  }

  sweep(now: number): void {
    this.#sql.exec(`DELETE FROM ticket WHERE expires <= ?`, now);
  }
}

/** Which shard a ticket leads to; null for anything that is not one. */
export function placeOf(ticket: string): { org: string; shard: number; secret: string } | null {
  if (!/^[A-Za-z0-9_-]{1,400}$/.test(ticket)) return null;
  let parts: unknown;
  try {
    parts = JSON.parse(atob(ticket.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return null; // Not a ticket of ours.
  }
  if (!Array.isArray(parts)) return null;
  const [org, shard, secret] = parts as unknown[];
  return typeof org === "string" && typeof shard === "number" && typeof secret === "string" ? { org, shard, secret } : null;
}

const toBase64Url = (binary: string): string => btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
