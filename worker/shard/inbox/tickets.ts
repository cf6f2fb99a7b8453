import { createHash } from "node:crypto";
import { readTicket, toBase64Url, writeTicket } from "@carillon/shared/socket-ticket";
import type { Sql } from "../../ports.ts";

/** One-time tickets for opening a socket, kept where they are taken: in the shard, so that none is good twice. */
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
    this.#sql.exec(`INSERT INTO ticket VALUES (?, ?, ?)`, hashOf(secret), person, expiresAt);
    return writeTicket({ org: this.#org, shard: this.#shard, secret });
  }

  /** The person it was made for, the first time and in time; null otherwise. */
  redeem(text: string, now: number): string | null {
    const ticket = readTicket(text);
    if (!ticket || ticket.org !== this.#org || ticket.shard !== this.#shard) return null;
    const row = this.#sql
      .exec<{ person: string; expires: number }>(`DELETE FROM ticket WHERE id = ? RETURNING person, expires`, hashOf(ticket.secret))
      .toArray()[0];
    return row && row.expires > now ? row.person : null;
  }

  sweep(now: number): void {
    this.#sql.exec(`DELETE FROM ticket WHERE expires <= ?`, now);
  }
}

/** What is stored in place of the secret; 192 random bits can't be guessed. */
const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("base64url");
