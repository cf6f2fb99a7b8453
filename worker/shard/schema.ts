import type { Sql } from "../ports.ts";

/**
 * Every migration runs once, in order, in one transaction. Never change one that was released: add the next.
 *
 * Numbers: an event takes as many consecutive notice numbers as it has people (at least one), and its own number is the first
 * of them. So `notice → event` is the largest event number not above it, and `delivery id = notice × 8 + channel`: no table
 * needs a foreign key or an index for what is arithmetic.
 */
const MIGRATIONS: string[][] = [
  [
    `CREATE TABLE meta (k TEXT PRIMARY KEY, v TEXT NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE gate (channel INTEGER PRIMARY KEY, fault TEXT, strikes INTEGER NOT NULL)`,

    `CREATE TABLE person (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT, email TEXT, phone TEXT, locale TEXT,
      zone TEXT, manager TEXT, opted INTEGER NOT NULL, gone TEXT, prefs TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
      seq INTEGER NOT NULL, rev INTEGER NOT NULL, unread INTEGER NOT NULL)`,

    // people: the person numbers in notice order. texts: the in-app text once per language.
    `CREATE TABLE event (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, hash TEXT NOT NULL, type TEXT NOT NULL,
      at INTEGER NOT NULL, body TEXT NOT NULL, people TEXT NOT NULL, texts TEXT NOT NULL)`,

    // cells: one letter per channel, see ledger/cells.ts. seq is null while the item is not in the inbox.
    `CREATE TABLE notice (person INTEGER NOT NULL, n INTEGER NOT NULL, cells TEXT NOT NULL, seq INTEGER, rev INTEGER,
      silent INTEGER NOT NULL, seen INTEGER, read INTEGER, archived INTEGER, dismissed INTEGER,
      PRIMARY KEY (person, n)) WITHOUT ROWID`,
    `CREATE INDEX notice_rev ON notice (person, rev) WHERE rev IS NOT NULL`,
    `CREATE INDEX notice_unread ON notice (person, n)
      WHERE seq IS NOT NULL AND read IS NULL AND archived IS NULL AND dismissed IS NULL`,

    // due: not before this instant; null once nothing is to be done any more. attempts: JSON, see shared/ledger.ts.
    `CREATE TABLE delivery (id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, person INTEGER NOT NULL, hour INTEGER NOT NULL,
      state INTEGER NOT NULL, why TEXT NOT NULL, due INTEGER, lease INTEGER, expires INTEGER, attempts TEXT, receipts TEXT,
      sent_to TEXT, bundle TEXT)`,
    `CREATE INDEX delivery_due ON delivery (channel, due, id) WHERE due IS NOT NULL`,
    `CREATE INDEX delivery_parked ON delivery (channel, id) WHERE state = 6`,
    `CREATE INDEX delivery_failed ON delivery (id) WHERE state = 8`,

    // subject: which events carry a collapse key, that is, speak of the same matter.
    `CREATE TABLE subject (key TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (key, n)) WITHOUT ROWID`,
    `CREATE TABLE wake (channel INTEGER NOT NULL, at INTEGER NOT NULL, number TEXT NOT NULL, confirmed INTEGER NOT NULL,
      PRIMARY KEY (channel, at)) WITHOUT ROWID`,
    `CREATE TABLE timer (due INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (due, kind, key)) WITHOUT ROWID`,
    `CREATE TABLE tally (hour INTEGER PRIMARY KEY, counts TEXT NOT NULL)`,

    `CREATE TABLE ticket (id TEXT PRIMARY KEY, person TEXT NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE VIRTUAL TABLE search USING fts5(people, title, body, content='', contentless_delete=1,
      tokenize="unicode61 remove_diacritics 2")`,

    `CREATE TABLE intent (version INTEGER PRIMARY KEY, change TEXT NOT NULL)`,
    `CREATE TABLE audit (n INTEGER PRIMARY KEY, entry TEXT NOT NULL)`,
  ],
  [
    // browsers: how many rows of \`browser\` the person has. key: the VAPID key that the subscription was made with.
    `ALTER TABLE person ADD COLUMN browsers INTEGER NOT NULL DEFAULT 0`,
    `CREATE TABLE browser (endpoint TEXT PRIMARY KEY, person INTEGER NOT NULL, p256dh TEXT NOT NULL, auth TEXT NOT NULL, key TEXT,
      at INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE INDEX browser_person ON browser (person, at)`,
    `CREATE TABLE template_fault (type TEXT NOT NULL, language TEXT NOT NULL, name TEXT NOT NULL, template_language TEXT NOT NULL,
      fault TEXT NOT NULL, PRIMARY KEY (type, language)) WITHOUT ROWID`,
  ],
  [
    // What decisions were taken from: a person's facts and the rules as they were until then; what is not here is as it is now.
    `CREATE TABLE person_before (person INTEGER NOT NULL, until INTEGER NOT NULL, facts TEXT NOT NULL,
      PRIMARY KEY (person, until)) WITHOUT ROWID`,
    `CREATE TABLE rules_before (version INTEGER PRIMARY KEY, rules TEXT NOT NULL)`,
    // When it was decided last and by which rules; null where that was at its acceptance.
    `ALTER TABLE delivery ADD COLUMN decided INTEGER`,
    `ALTER TABLE delivery ADD COLUMN rules INTEGER`,
  ],
  [
    // What of an event this shard has still to hand on: to which shard, and the event with that shard's people.
    `CREATE TABLE share (shard INTEGER NOT NULL, n INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY (shard, n)) WITHOUT ROWID`,
    // An event for many people of this shard. people: how many. told: how many of them so far. cursor: where to go on, in the list of
    // recipients or among the numbers of people, of which \`last\` is then the highest. ended: when it was done or cancelled.
    `CREATE TABLE fan_out (n INTEGER PRIMARY KEY, people INTEGER NOT NULL, told INTEGER NOT NULL,
      cursor INTEGER NOT NULL, last INTEGER, ended INTEGER, cancelled INTEGER NOT NULL)`,
    `CREATE INDEX fan_out_open ON fan_out (n) WHERE ended IS NULL`,
    // The event itself, whose list of people may be long, until all are told: beside the row that changes with every slice.
    `CREATE TABLE fan_out_event (n INTEGER PRIMARY KEY, event TEXT NOT NULL)`,
    // groups: the person's roles, teams and lists as JSON; null without any. One row of \`member\` for each of them.
    `ALTER TABLE person ADD COLUMN groups TEXT`,
    `CREATE TABLE member (kind TEXT NOT NULL, name TEXT NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (kind, name, person)) WITHOUT ROWID`,
    // rest: until when a provider that slows us down is left alone, as JSON; null for one that does not.
    `ALTER TABLE gate ADD COLUMN rest TEXT`,
    // Shard 0 only: what of a channel's pace must outlast a crash, see org/pace.ts.
    `CREATE TABLE pace (channel INTEGER PRIMARY KEY, kept TEXT NOT NULL)`,
    // rank: what is claimed before what, see ledger/deliveries.ts.
    `ALTER TABLE delivery ADD COLUMN rank INTEGER NOT NULL DEFAULT 1`,
    `DROP INDEX delivery_due`,
    `CREATE INDEX delivery_due ON delivery (channel, rank, due, id) WHERE due IS NOT NULL`,
  ],
  [
    // One note a broadcast, found by the event's id.
    `CREATE UNIQUE INDEX audit_broadcast ON audit (entry ->> '$.what') WHERE entry ->> '$.act' = 'broadcast.send'`,
  ],
  [
    // By the template itself: which events and readers it is for is in the rules.
    `DROP TABLE template_fault`,
    `CREATE TABLE template_fault (name TEXT NOT NULL, language TEXT NOT NULL, fault TEXT NOT NULL, PRIMARY KEY (name, language)) WITHOUT ROWID`,
  ],
];

/** Up to which migration this code knows a shard. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** `upTo`: for the copy of a shard that an older Carillon serves. */
export function migrate(sql: Sql, upTo = SCHEMA_VERSION): void {
  sql.exec(`CREATE TABLE IF NOT EXISTS schema_version (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), version INTEGER NOT NULL)`);
  const current = sql.exec<{ version: number }>(`SELECT version FROM schema_version`).toArray()[0]?.version ?? 0;
  for (let version = current; version < upTo; version++) {
    sql.transaction(() => {
      for (const statement of MIGRATIONS[version]!) sql.exec(statement);
      sql.exec(`INSERT INTO schema_version VALUES (1, ?) ON CONFLICT DO UPDATE SET version = excluded.version`, version + 1);
    });
  }
}
