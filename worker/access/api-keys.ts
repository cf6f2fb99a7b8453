import * as z from "zod";
import { SCOPES, type ApiKeyView, type Scope } from "@carillon/shared/access";
import { conflict, forbidden, notFound, unauthorized } from "../errors.ts";
import type { Clock, Outside, Store } from "../ports.ts";
import { orgKey } from "../settings/store.ts";
import { bearerOf, hashOf, isSame, newSecret } from "./secrets.ts";

/** `ck_<org>.<key id>_<secret>`: the key names its organisation, so that one command finds both. */
const KEY = /^ck_([a-z0-9-]{1,40})\.([a-zA-Z0-9]{1,32})_([\w-]{43,86})$/;
export const ORG_NAME = /^[a-z0-9-]{1,40}$/;

/** As stored in the organisation's hash under `key:<id>`. Times are ms. */
const recordSchema = z.object({
  name: z.string(),
  hash: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  createdAt: z.number(),
  createdBy: z.string(),
  expiresAt: z.number().nullable(),
});
type KeyRecord = z.infer<typeof recordSchema>;

/** Keys are for machines; who needs more has lost count of them. */
const MOST_KEYS = 100;
const USED_EVERY_MS = 60_000;

const fieldOf = (id: string): string => `key:${id}`;
const usedKey = (org: string): string => `key-used:${org}`;

/** Whose request this is, and the version of the organisation's settings as of it. */
export type KeyIdentity = { org: string; keyId: string; version: number; shards: number };

/**
 * Checks the key of an `Authorization: Bearer …` header. One command, one round trip.
 * @throws 401 `key.missing`, `key.invalid`, `key.expired`; 403 `key.scope`
 */
export async function authenticate(
  ports: Pick<Outside, "store" | "clock" | "background">,
  header: string | null | undefined,
  scope: Scope,
): Promise<KeyIdentity> {
  if (!header) throw unauthorized("key.missing", "This call needs an API key: Authorization: Bearer ck_…");
  const key = parseKey(bearerOf(header) ?? "");
  if (!key) throw invalidKey();
  const [reply] = await ports.store.run(["HMGET", orgKey(key.org), "version", "shards", fieldOf(key.id)]);
  const [version, shards, text] = Array.isArray(reply) ? reply : [];
  if (version == null || shards == null || typeof text !== "string") throw invalidKey();
  const record = readRecord(text);
  if (proven.get(record) !== key.text) {
    if (!isSame(hashOf(key.text), record.hash)) throw invalidKey();
    proven.set(record, key.text);
  }
  const now = ports.clock.now();
  if (record.expiresAt !== null && record.expiresAt <= now)
    throw unauthorized("key.expired", "This API key has expired. Make a new one under API Keys.");
  if (!record.scopes.includes(scope)) throw forbidden("key.scope", `This API key may not do that: it lacks the scope ${scope}.`);
  noteUse(ports, key.org, key.id, now);
  return { org: key.org, keyId: key.id, version: Number(version), shards: Number(shards) };
}

/** Makes a key; its secret is in this answer and nowhere else. @throws 409 `key.too-many` */
export async function createKey(
  ports: { store: Store; clock: Clock },
  org: string,
  wanted: { name: string; scopes: Scope[]; expiresAt?: string | null | undefined },
  by: string,
): Promise<{ key: ApiKeyView; secret: string }> {
  if ((await listKeys(ports, org)).length >= MOST_KEYS)
    throw conflict("key.too-many", `There are ${MOST_KEYS} keys already; revoke one first.`);
  const id = newSecret()
    .replace(/[^a-zA-Z0-9]/g, "")
    .slice(0, 10);
  const secret = `ck_${org}.${id}_${newSecret()}`;
  const record = recordOf(secret, { ...wanted, expiresAt: wanted.expiresAt ? Date.parse(wanted.expiresAt) : null }, by, ports.clock.now());
  await ports.store.run(["HSET", orgKey(org), fieldOf(id), JSON.stringify(record)]);
  return { key: viewOf(id, record, null), secret };
}

/** A key that exists already, as the field and value to be stored; null if it is not a key of this organisation. */
export function recordKey(org: string, text: string, by: string, now: number): { field: string; value: string } | null {
  const key = parseKey(text);
  if (key?.org !== org) return null;
  return {
    field: fieldOf(key.id),
    value: JSON.stringify(recordOf(text, { name: "First key", scopes: [...SCOPES], expiresAt: null }, by, now)),
  };
}

/** All keys, newest first. */
export async function listKeys({ store }: { store: Store }, org: string): Promise<ApiKeyView[]> {
  const [fields, used] = await store.run(["HGETALL", orgKey(org)], ["HGETALL", usedKey(org)]);
  const usedAt = new Map(pairs(used));
  return pairs(fields)
    .filter(([field]) => field.startsWith("key:"))
    .map(([field, text]) => ({ id: field.slice("key:".length), record: readRecord(text) }))
    .sort((a, b) => b.record.createdAt - a.record.createdAt)
    .map(({ id, record }) => viewOf(id, record, Number(usedAt.get(id)) || null));
}

/** From now on the key opens nothing. @throws 404 */
export async function revokeKey({ store }: { store: Store }, org: string, id: string): Promise<void> {
  const [removed] = await store.run(["HDEL", orgKey(org), fieldOf(id)], ["HDEL", usedKey(org), id]);
  if (removed === 0) throw notFound("API key");
}

const invalidKey = () => unauthorized("key.invalid", "This API key is not known.");

function parseKey(text: string): { org: string; id: string; text: string } | null {
  const match = KEY.exec(text);
  return match ? { org: match[1]!, id: match[2]!, text } : null;
}

const recordOf = (secret: string, wanted: Pick<KeyRecord, "name" | "scopes" | "expiresAt">, by: string, now: number): KeyRecord => ({
  name: wanted.name,
  hash: hashOf(secret),
  scopes: wanted.scopes,
  createdAt: now,
  createdBy: by,
  expiresAt: wanted.expiresAt,
});

const viewOf = (id: string, record: KeyRecord, usedAt: number | null): ApiKeyView => ({
  id,
  name: record.name,
  scopes: record.scopes,
  createdAt: new Date(record.createdAt).toISOString(),
  createdBy: record.createdBy,
  expiresAt: record.expiresAt === null ? null : new Date(record.expiresAt).toISOString(),
  lastUsedAt: usedAt === null ? null : new Date(usedAt).toISOString(),
});

/** The key that a record was last found to belong to: hashing the same one again for every event would be a tenth of its cost. */
const proven = new WeakMap<KeyRecord, string>();
const records = new Map<string, KeyRecord>();
const MOST_RECORDS = 1_000;
/** The same text is the same record, so it is parsed once. */
function readRecord(text: string): KeyRecord {
  const known = records.get(text);
  if (known) return known;
  if (records.size >= MOST_RECORDS) records.clear();
  const record = recordSchema.parse(JSON.parse(text));
  records.set(text, record);
  return record;
}

const lastNoted = new WeakMap<Store, Map<string, number>>();
/** Notes that a key was used, after the answer and at most once a minute; a lost note is no harm. */
function noteUse({ store, background }: Pick<Outside, "store" | "background">, org: string, id: string, now: number): void {
  let noted = lastNoted.get(store);
  if (!noted) lastNoted.set(store, (noted = new Map()));
  const name = `${org} ${id}`;
  const last = noted.get(name);
  if (last !== undefined && now - last < USED_EVERY_MS) return;
  if (noted.size >= MOST_RECORDS) noted.clear();
  noted.set(name, now);
  background(store.run(["HSET", usedKey(org), id, String(now)]));
}

/** HGETALL's flat answer as pairs. */
function pairs(reply: unknown): [string, string][] {
  const flat = Array.isArray(reply) ? reply.map(String) : [];
  return Array.from({ length: flat.length / 2 }, (_, index) => [flat[index * 2]!, flat[index * 2 + 1]!]);
}
