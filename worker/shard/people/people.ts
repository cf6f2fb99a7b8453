import type { Audience, GroupKind } from "@carillon/shared/audience";
import type { Channel } from "@carillon/shared/channels";
import type { DecidedPerson } from "@carillon/shared/decide";
import { ADMIN_USER_PREFIX, type GoneAddress, type Groups, type User, type UserFields } from "@carillon/shared/people";
import type { Preferences } from "@carillon/shared/preferences";
import type { Sql, SqlValue } from "../../ports.ts";

/** A person as the shard works with it. `n` is the shard's own number for it. */
export type Person = {
  n: number;
  id: string;
  name: string | null;
  email: string | null;
  phone: string | null;
  locale: string | null;
  zone: string | null;
  manager: string | null;
  opted: number;
  gone: string | null;
  /** Preferences as JSON; null when the person has chosen nothing. */
  prefs: string | null;
  created: number;
  updated: number;
  seq: number;
  rev: number;
  unread: number;
  /** How many browsers take push messages. */
  browsers: number;
  /** Roles, teams and lists as JSON; null without any. */
  groups: string | null;
};

/** With ?1 as `beginningWith` makes it, and ?2 the same after a blank. */
const BEGINS = `id LIKE ?1 ESCAPE '\\' OR name LIKE ?1 ESCAPE '\\' OR name LIKE ?2 ESCAPE '\\' OR email LIKE ?1 ESCAPE '\\'`;
const beginningWith = (text: string): string => `${text.replace(/[\\%_]/g, "\\$&")}%`;

/** How many people are kept in memory; one weighs some 400 bytes. */
const CACHED_PEOPLE = 5_000;
/** What was counted of an erased person keeps the number, so that nobody may have it after them. */
const LAST_ERASED = "erased";
const NEXT_NUMBER = `(SELECT max(coalesce((SELECT max(n) FROM person), 0), coalesce((SELECT CAST(v AS INTEGER) FROM meta WHERE k = '${LAST_ERASED}'), 0)) + 1)`;

/** The people of a shard: their addresses, and the counters of their inboxes. */
export class People {
  readonly #sql: Sql;
  #byId = new Map<string, Person>();
  /** The same people by their numbers. */
  #idOf = new Map<number, string>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** What is in memory may come from a transaction that was rolled back. */
  forget(): void {
    this.#byId.clear();
    this.#idOf.clear();
  }

  find(id: string): Person | null {
    const cached = this.#byId.get(id);
    if (cached) return cached;
    const person = this.#sql.exec<Person>(`SELECT * FROM person WHERE id = ?`, id).toArray()[0];
    return person ? this.#keep(person) : null;
  }

  at(n: number): Person | null {
    const cached = this.#byId.get(this.#idOf.get(n) ?? "");
    if (cached) return cached;
    const row = this.#sql.exec<Person>(`SELECT * FROM person WHERE n = ?`, n).toArray()[0];
    return row ? (this.#byId.get(row.id) ?? this.#keep(row)) : null;
  }

  /** The person with these fields taken on; made if unknown. Without fields only looked up, or made bare. */
  put(id: string, fields: UserFields | null, now: number): Person {
    const known = this.find(id);
    if (!known) return this.#insert(id, fields ?? {}, now);
    if (fields === null) return known;
    const next = { ...known, ...columnsOf(fields), groups: groupsWith(known.groups, fields) };
    if (!changes(known, next)) return known;
    next.updated = now;
    next.gone = keepGone(known, next);
    this.#remember(known, next, now);
    this.#sql.exec(
      `UPDATE person SET name = ?, email = ?, phone = ?, locale = ?, zone = ?, manager = ?, opted = ?, gone = ?, groups = ?,
        updated = ? WHERE n = ?`,
      next.name,
      next.email,
      next.phone,
      next.locale,
      next.zone,
      next.manager,
      next.opted,
      next.gone,
      next.groups,
      now,
      next.n,
    );
    this.#join(next.n, known.groups, next.groups);
    return this.#keep(next);
  }

  erase(person: Person): void {
    this.#join(person.n, person.groups, null);
    this.#sql.exec(`DELETE FROM person_before WHERE person = ?`, person.n);
    this.#sql.exec(`DELETE FROM person WHERE n = ?`, person.n);
    this.#sql.exec(
      `INSERT INTO meta VALUES ('${LAST_ERASED}', ?1) ON CONFLICT DO UPDATE SET v = max(CAST(v AS INTEGER), CAST(?1 AS INTEGER))`,
      String(person.n),
    );
    this.#drop(person);
  }

  /** Writes the inbox counters back. */
  count(person: Person): void {
    this.#sql.exec(`UPDATE person SET seq = ?, rev = ?, unread = ? WHERE n = ?`, person.seq, person.rev, person.unread, person.n);
  }

  /** An address that takes nothing more, as its provider or its owner has said. */
  markGone(person: Person, entry: GoneAddress): void {
    this.#setGone(person, [...goneOf(person).filter((other) => !isSameAddress(entry, other)), entry], Date.parse(entry.since));
  }

  /** Whoever opted out of this address is back. */
  clearOptOut(person: Person, address: { channel: string; address: string }, now: number): void {
    this.#setGone(
      person,
      goneOf(person).filter((entry) => !(entry.optedOut && isSameAddress(entry, address))),
      now,
    );
  }

  #setGone(person: Person, gone: GoneAddress[], now: number): void {
    const before = { ...person };
    person.gone = gone.length === 0 ? null : JSON.stringify(gone);
    this.#remember(before, person, now);
    this.#sql.exec(`UPDATE person SET gone = ? WHERE n = ?`, person.gone, person.n);
  }

  /** The number of the person who came last; 0 while there is nobody. */
  highest(): number {
    return this.#sql.exec<{ n: number }>(`SELECT n FROM person ORDER BY n DESC LIMIT 1`).toArray()[0]?.n ?? 0;
  }

  /** How many of the people up to this number an audience has. */
  countAudience(audience: Audience, last: number): number {
    const { from, n, bindings } = audienceTable(audience);
    return this.#sql.exec<{ c: number }>(`SELECT count(*) AS c FROM ${from} AND ${n} <= ?`, ...bindings, last).toArray()[0]!.c;
  }

  /** The next of them after a number. */
  inAudience(audience: Audience, after: number, last: number, limit: number): Person[] {
    const { from, n, bindings } = audienceTable(audience);
    return this.#sql
      .exec<Person>(`SELECT person.* FROM ${from} AND ${n} > ? AND ${n} <= ? ORDER BY ${n} LIMIT ?`, ...bindings, after, last, limit)
      .toArray()
      .map((row) => this.#byId.get(row.id) ?? this.#keep(row));
  }

  /** The roles, teams and lists that people have, by kind and name, and how many people each. */
  groups(): { kind: GroupKind; name: string; people: number }[] {
    return this.#sql
      .exec<{ kind: GroupKind; name: string; people: number }>(
        `SELECT kind, name, count(*) AS people FROM member GROUP BY kind, name ORDER BY kind, name LIMIT 1000`,
      )
      .toArray();
  }

  /** Admins who have a bell. */
  admins(): Person[] {
    return this.#sql
      .exec<Person>(`SELECT * FROM person WHERE id >= '${ADMIN_USER_PREFIX}' AND id < '${ADMIN_USER_PREFIX}\u{10FFFF}' ORDER BY id`)
      .toArray();
  }

  /** Everybody who has this phone number. */
  withPhone(phone: string): Person[] {
    return this.#sql
      .exec<{ n: number }>(`SELECT n FROM person WHERE phone = ?`, phone)
      .toArray()
      .flatMap(({ n }) => this.at(n) ?? []);
  }

  setBrowsers(n: number, browsers: number, now: number): void {
    const person = this.at(n);
    if (!person || person.browsers === browsers) return;
    this.#remember(person, { ...person, browsers }, now);
    person.browsers = browsers;
    this.#sql.exec(`UPDATE person SET browsers = ? WHERE n = ?`, browsers, n);
  }

  /** What counts for decisions, as it was at this instant. */
  decidedAt(person: Person, at: number): DecidedPerson {
    const row = this.#sql
      .exec<{ facts: string }>(`SELECT facts FROM person_before WHERE person = ? AND until > ? ORDER BY until LIMIT 1`, person.n, at)
      .toArray()[0];
    return row ? (JSON.parse(row.facts) as DecidedPerson) : toDecided(person, at);
  }

  /** Keeps what counted for decisions until now, if it is another from now on. */
  #remember(before: Person, after: Person, now: number): void {
    const facts = JSON.stringify(toDecided(before, now));
    if (facts === JSON.stringify(toDecided(after, now))) return;
    this.#sql.exec(`INSERT INTO person_before VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, before.n, now, facts);
  }

  /** Everybody; a shard has some thousand people. */
  all(): Person[] {
    return this.#sql.exec<Person>(`SELECT * FROM person ORDER BY n`).toArray();
  }

  setPreferences(person: Person, preferences: Preferences, now: number): Person {
    const prefs = JSON.stringify(preferences);
    this.#remember(person, { ...person, prefs }, now);
    this.#sql.exec(`UPDATE person SET prefs = ? WHERE n = ?`, prefs, person.n);
    return this.#keep({ ...person, prefs });
  }

  /** The numbers of people whose id, email or a part of whose name begins with this text. */
  search(text: string, limit: number): number[] {
    const begin = beginningWith(text);
    return this.#sql
      .exec<{ n: number }>(`SELECT n FROM person WHERE ${BEGINS} LIMIT ?3`, begin, `% ${begin}`, limit)
      .toArray()
      .map((row) => row.n);
  }

  /** The CRM's own people among those: who has this very id first, the others by name. All for an empty text. */
  suggest(text: string, limit: number): Person[] {
    const begin = beginningWith(text);
    return this.#sql
      .exec<Person>(
        `SELECT * FROM person WHERE (${BEGINS}) AND substr(id, 1, ${ADMIN_USER_PREFIX.length}) <> '${ADMIN_USER_PREFIX}'
          ORDER BY id <> ?3, name IS NULL, name COLLATE NOCASE, id LIMIT ?4`,
        begin,
        `% ${begin}`,
        text,
        limit,
      )
      .toArray();
  }

  #insert(id: string, fields: UserFields, now: number): Person {
    const columns = { name: null, email: null, phone: null, locale: null, zone: null, manager: null, opted: 0, ...columnsOf(fields) };
    const groups = groupsWith(null, fields);
    const row = this.#sql
      .exec<{ n: number }>(
        `INSERT INTO person (n, id, name, email, phone, locale, zone, manager, opted, groups, created, updated, seq, rev, unread)
          VALUES (${NEXT_NUMBER}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0) RETURNING n`,
        id,
        columns.name,
        columns.email,
        columns.phone,
        columns.locale,
        columns.zone,
        columns.manager,
        columns.opted,
        groups,
        now,
        now,
      )
      .toArray()[0]!;
    this.#join(row.n, null, groups);
    return this.#keep({
      n: row.n,
      id,
      ...columns,
      gone: null,
      prefs: null,
      created: now,
      updated: now,
      seq: 0,
      rev: 0,
      unread: 0,
      browsers: 0,
      groups,
    });
  }

  /** Keeps the rows of `member` as the person's groups say. */
  #join(n: number, before: string | null, after: string | null): void {
    if (before === after) return;
    for (const { kind, name } of namesIn(before))
      this.#sql.exec(`DELETE FROM member WHERE kind = ? AND name = ? AND person = ?`, kind, name, n);
    for (const { kind, name } of namesIn(after)) this.#sql.exec(`INSERT OR IGNORE INTO member VALUES (?, ?, ?)`, kind, name, n);
  }

  #keep(person: Person): Person {
    if (this.#byId.size >= CACHED_PEOPLE) this.#drop(this.#byId.values().next().value!);
    this.#byId.set(person.id, person);
    this.#idOf.set(person.n, person.id);
    return person;
  }

  #drop({ id, n }: Person): void {
    this.#byId.delete(id);
    this.#idOf.delete(n);
  }
}

export const goneOf = (person: Person): GoneAddress[] => (person.gone === null ? [] : (JSON.parse(person.gone) as GoneAddress[]));

const isSameAddress = (one: { channel: string; address: string }, other: { channel: string; address: string }): boolean =>
  one.channel === other.channel && one.address === other.address;

/** Where a channel reaches a person; null when nowhere. Push reaches browsers, which have no address that says anything to people. */
export function addressOf(person: Person, channel: Channel): string | null {
  if (channel === "in-app") return person.id;
  if (channel === "email") return person.email;
  if (channel === "sms" || channel === "whatsapp") return person.phone;
  return person.browsers === 0 ? null : person.browsers === 1 ? "1 browser" : `${person.browsers} browsers`;
}

/** What a person has chosen; null when nothing. */
export const preferencesOf = (person: Person): Preferences | null =>
  person.prefs === null ? null : (JSON.parse(person.prefs) as Preferences);

export function toDecided(person: Person, now: number): DecidedPerson {
  const gone = goneOf(person).filter(({ until }) => until === undefined || Date.parse(until) > now);
  const reach = (channel: Channel) => {
    const address = addressOf(person, channel);
    if (address === null) return "none" as const;
    if (gone.some((entry) => entry.channel === channel && entry.address === address)) return "gone" as const;
    if (channel === "whatsapp" && person.opted === 0) return "not-opted-in" as const;
    return "yes" as const;
  };
  return {
    id: person.id,
    address: { "in-app": "yes", email: reach("email"), sms: reach("sms"), whatsapp: reach("whatsapp"), push: reach("push") },
    preferences: preferencesOf(person),
    timeZone: person.zone,
  };
}

export function toUser(person: Person): User {
  return {
    id: person.id,
    name: person.name,
    email: person.email,
    phone: person.phone,
    locale: person.locale,
    timeZone: person.zone,
    manager: person.manager,
    whatsappOptIn: person.opted === 1,
    ...groupsOf(person.groups),
    gone: goneOf(person),
    createdAt: new Date(person.created).toISOString(),
    updatedAt: new Date(person.updated).toISOString(),
  };
}

/** A person as it would be with these fields; nothing is stored. */
export function imagine(known: Person | null, id: string, fields: UserFields | null): Person {
  return { ...(known ?? { ...NOBODY, id }), ...columnsOf(fields ?? {}) };
}

const NOBODY: Person = {
  n: 0,
  id: "",
  name: null,
  email: null,
  phone: null,
  locale: null,
  zone: null,
  manager: null,
  opted: 0,
  gone: null,
  prefs: null,
  created: 0,
  updated: 0,
  seq: 0,
  rev: 0,
  unread: 0,
  browsers: 0,
  groups: null,
};

/** Only what was given: an absent field stays, null clears. */
function columnsOf(fields: UserFields): Partial<Person> {
  const columns: Partial<Person> = {};
  if (fields.name !== undefined) columns.name = fields.name;
  if (fields.email !== undefined) columns.email = fields.email;
  if (fields.phone !== undefined) columns.phone = fields.phone;
  if (fields.locale !== undefined) columns.locale = fields.locale;
  if (fields.timeZone !== undefined) columns.zone = fields.timeZone;
  if (fields.manager !== undefined) columns.manager = fields.manager;
  if (fields.whatsappOptIn !== undefined) columns.opted = fields.whatsappOptIn ? 1 : 0;
  return columns;
}

const EDITABLE = ["name", "email", "phone", "locale", "zone", "manager", "opted", "groups"] as const satisfies (keyof Person)[];
const changes = (before: Person, after: Person): boolean => EDITABLE.some((field) => before[field] !== after[field]);

const NO_GROUPS: Groups = { roles: [], teams: [], lists: [] };
const groupsOf = (groups: string | null): Groups => (groups === null ? NO_GROUPS : (JSON.parse(groups) as Groups));
const KIND_OF = { roles: "role", teams: "team", lists: "list" } as const satisfies Record<keyof Groups, GroupKind>;

/** Null clears a kind, and what is absent stays. */
function groupsWith(before: string | null, fields: UserFields): string | null {
  if (fields.roles === undefined && fields.teams === undefined && fields.lists === undefined) return before;
  const known = groupsOf(before);
  const next = { ...known };
  for (const kind of Object.keys(KIND_OF) as (keyof Groups)[]) {
    if (fields[kind] !== undefined) next[kind] = [...new Set(fields[kind] ?? [])].sort();
  }
  return Object.values(next).every((names) => names.length === 0) ? null : JSON.stringify(next);
}

const namesIn = (groups: string | null): { kind: GroupKind; name: string }[] =>
  Object.entries(groupsOf(groups)).flatMap(([kind, names]) => names.map((name) => ({ kind: KIND_OF[kind as keyof Groups], name })));

/** Where an audience's people are, and the column with their numbers. The CRM's broadcasts do not speak to admins. */
function audienceTable(audience: Audience): { from: string; n: string; bindings: string[] } {
  const admins = `id >= '${ADMIN_USER_PREFIX}' AND id < '${ADMIN_USER_PREFIX}\u{10FFFF}'`;
  if (audience.kind === "all") return { from: `person WHERE NOT (${admins})`, n: "person.n", bindings: [] };
  return {
    from: `member CROSS JOIN person ON person.n = member.person WHERE kind = ? AND member.name = ?`,
    n: "member.person",
    bindings: [audience.kind, audience.name],
  };
}

/** A changed address is a new one: what was said of the old one no longer counts. */
function keepGone(before: Person, after: Person): SqlValue & (string | null) {
  if (before.gone === null) return null;
  const still = goneOf(before).filter((entry) => entry.address === addressOf(after, entry.channel as Channel));
  return still.length === 0 ? null : JSON.stringify(still);
}
