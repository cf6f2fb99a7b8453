import type { ExternalChannel } from "@carillon/shared/channels";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** A message as a provider took it. What `raw` says in its own format stands decoded in subject, text and html. */
export type Received = {
  channel: ExternalChannel;
  to: string;
  at: number;
  raw: string | Uint8Array;
  subject?: string;
  text?: string;
  html?: string;
};
export type StoredMessage = {
  id: number;
  channel: ExternalChannel;
  to: string;
  at: string;
  subject?: string;
  text: string;
  html?: string;
  raw: string;
};
export type Filter = { channel: string | null; to: string | null; limit: number };
type Decoded = { subject: string | null; text: string; html: string | null };
/** Reads a mail's own format; done when somebody looks, because it takes longer than storing. */
export type Decode = (raw: Uint8Array) => Promise<Decoded>;
type Row = {
  id: number;
  channel: ExternalChannel;
  to: string;
  at: number;
  subject: string | null;
  text: string | null;
  html: string | null;
  raw: Uint8Array;
};

/** More than the 10,000 that are promised, so that pruning is rare. */
const KEEP = 20_000;
const PRUNE_EVERY = 1_000;

/** All that was received, on disk before `add` resolves; everything that arrives in one turn shares a commit. */
export class MessageStore {
  private readonly database: DatabaseSync;
  private readonly decode: Decode;
  private waiting: { message: Received; stored: PromiseWithResolvers<void> }[] = [];
  private sincePrune = 0;

  constructor(folder: string, decode: Decode) {
    mkdirSync(folder, { recursive: true });
    this.decode = decode;
    this.database = new DatabaseSync(join(folder, "messages.sqlite"));
    this.database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS message (
        id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, "to" TEXT NOT NULL, at INTEGER NOT NULL,
        subject TEXT, text TEXT, html TEXT, raw BLOB NOT NULL
      ) STRICT;
      CREATE INDEX IF NOT EXISTS message_channel ON message (channel, id);
    `);
  }

  /** Resolves when the message is on disk, rejects when it is not. */
  add(message: Received): Promise<void> {
    const stored = Promise.withResolvers<void>();
    if (this.waiting.length === 0) setImmediate(() => this.commit());
    this.waiting.push({ message, stored });
    return stored.promise;
  }

  async list({ channel, to, limit }: Filter): Promise<StoredMessage[]> {
    const rows = this.database
      .prepare(
        `SELECT * FROM message WHERE (?1 IS NULL OR channel = ?1) AND (?2 IS NULL OR "to" = ?2 COLLATE NOCASE) ORDER BY id DESC LIMIT ?3`,
      )
      .all(channel, to, limit) as unknown as Row[];
    return await this.read(rows);
  }

  async find(id: number): Promise<StoredMessage | null> {
    const rows = this.database.prepare("SELECT * FROM message WHERE id = ?").all(id) as unknown as Row[];
    return (await this.read(rows))[0] ?? null;
  }

  counts(): Record<string, number> {
    const rows = this.database.prepare("SELECT channel, count(*) AS count FROM message GROUP BY channel").all() as {
      channel: string;
      count: number;
    }[];
    return Object.fromEntries(rows.map(({ channel, count }) => [channel, count]));
  }

  clear(channel: string | null): void {
    this.database.prepare("DELETE FROM message WHERE ?1 IS NULL OR channel = ?1").run(channel);
  }

  close(): void {
    this.commit();
    this.database.close();
  }

  private commit(): void {
    const batch = this.waiting;
    this.waiting = [];
    if (batch.length === 0) return;
    try {
      this.write(batch.map(({ message }) => message));
      for (const { stored } of batch) stored.resolve();
    } catch (error) {
      for (const { stored } of batch) stored.reject(error);
    }
  }

  private write(messages: Received[]): void {
    this.inTransaction(() => {
      const insert = this.database.prepare(
        `INSERT INTO message (channel, "to", at, subject, text, html, raw) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      );
      for (const { channel, to, at, subject, text, html, raw } of messages) {
        insert.run(channel, to, at, subject ?? null, text ?? null, html ?? null, typeof raw === "string" ? Buffer.from(raw) : raw);
      }
      this.sincePrune += messages.length;
      if (this.sincePrune >= PRUNE_EVERY) this.prune();
    });
  }

  private prune(): void {
    this.sincePrune = 0;
    this.database.prepare("DELETE FROM message WHERE id <= (SELECT max(id) FROM message) - ?").run(KEEP);
  }

  /** Decodes what nobody looked at before and remembers it. */
  private async read(rows: Row[]): Promise<StoredMessage[]> {
    const fresh: Row[] = [];
    for (const row of rows) {
      if (row.text !== null) continue;
      Object.assign(row, await this.decode(row.raw));
      fresh.push(row);
    }
    if (fresh.length > 0) {
      this.inTransaction(() => {
        const update = this.database.prepare("UPDATE message SET subject = ?, text = ?, html = ? WHERE id = ?");
        for (const { subject, text, html, id } of fresh) update.run(subject, text, html, id);
      });
    }
    return rows.map(toStored);
  }

  private inTransaction(work: () => void): void {
    this.database.exec("BEGIN");
    try {
      work();
      this.database.exec("COMMIT");
    } catch (error) {
      this.database.exec("ROLLBACK");
      throw error;
    }
  }
}

function toStored({ id, channel, to, at, subject, text, html, raw }: Row): StoredMessage {
  return {
    id,
    channel,
    to,
    at: new Date(at).toISOString(),
    ...(subject === null ? {} : { subject }),
    text: text ?? "",
    ...(html === null ? {} : { html }),
    raw: Buffer.from(raw).toString("utf8"),
  };
}
