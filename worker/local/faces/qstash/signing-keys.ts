import { createHash, createHmac, randomBytes } from "node:crypto";
import type { Sql } from "../../../ports.ts";

type Keys = { current: string; next: string };

/** What QStash allows a signature to live, seconds. */
const LIFETIME_S = 300;

/** The two keys that deliveries are signed with, kept in the queue's file; `first` are taken when there are none yet. */
export class SigningKeys {
  readonly #sql: Sql;
  #keys: Keys;

  constructor(sql: Sql, first: Keys) {
    this.#sql = sql;
    sql.exec("CREATE TABLE IF NOT EXISTS signing_key (name TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID");
    const kept = new Map(
      sql
        .exec<{ name: string; key: string }>("SELECT name, key FROM signing_key")
        .toArray()
        .map(({ name, key }) => [name, key]),
    );
    this.#keys = { current: kept.get("current") ?? first.current, next: kept.get("next") ?? first.next };
    this.#save();
  }

  get(): Keys {
    return { ...this.#keys };
  }

  /** The next key becomes the current one, and there is a new next one. */
  rotate(): Keys {
    this.#keys = { current: this.#keys.next, next: `sig_${randomBytes(24).toString("base64url")}` };
    this.#save();
    return this.get();
  }

  /** A JWT over the destination and the body. https://upstash.com/docs/qstash/features/security */
  sign({ url, body, now }: { url: string; body: Uint8Array; now: number }): string {
    const issued = Math.floor(now / 1000);
    const claims = {
      iss: "Upstash",
      sub: url,
      exp: issued + LIFETIME_S,
      nbf: issued,
      iat: issued,
      jti: `jwt_${randomBytes(18).toString("base64url")}`,
      body: createHash("sha256").update(body).digest("base64url"),
    };
    const unsigned = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
    return `${unsigned}.${createHmac("sha256", this.#keys.current).update(unsigned).digest("base64url")}`;
  }

  #save(): void {
    this.#sql.transaction(() => {
      for (const [name, key] of Object.entries(this.#keys))
        this.#sql.exec("INSERT OR REPLACE INTO signing_key (name, key) VALUES (?, ?)", name, key);
    });
  }
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
