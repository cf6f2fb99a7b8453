import * as z from "zod";
import { adminTicketSchema, type Admin, type Role, type SessionView } from "@carillon/shared/access";
import { unauthorized } from "../errors.ts";
import type { Clock, Outside, Store } from "../ports.ts";
import { orgKey } from "../settings/store.ts";
import { ORG_NAME } from "./api-keys.ts";
import { hashOf, newSecret } from "./secrets.ts";

/** The prefix makes browsers take it from this very host only, over TLS (or from this machine), for all paths. RFC 6265bis 4.1.3.2 */
export const SESSION_COOKIE = "__Host-carillon";

const IDLE_SECONDS = 30 * 60;
const LONGEST_MS = 12 * 3_600_000;
/** Being there is noted this often; so a session may end a minute early, never late. */
const TOUCH_MS = 60_000;
/** For what needs a fresh confirmation: seeing a secret. */
const CONFIRMED_MS = 15 * 60_000;

const recordSchema = adminTicketSchema.extend({ org: z.string(), signedInAt: z.number(), confirmedAt: z.number() });
type SessionRecord = z.infer<typeof recordSchema>;

/** A signed-in admin. `id` is the hash under which the session is stored; version and shards are the organisation's as of now. */
export type Session = SessionView & { id: string; version: number; shards: number };

const sessionKey = (id: string): string => `session:${id}`;
const indexKey = (org: string, admin: string): string => `sessions:${org}:${admin}`;

/** Signs an admin in. The cookie is the answer's `set-cookie` header. */
export async function createSession(
  { store, clock }: { store: Store; clock: Clock },
  who: { org: string; admin: Admin; role: Role },
): Promise<{ id: string; cookie: string }> {
  // The cookie names the organisation, so that reading a session is one round trip.
  const value = `${who.org}.${newSecret()}`;
  const id = hashOf(value);
  const record: SessionRecord = { ...who, signedInAt: clock.now(), confirmedAt: clock.now() };
  await store.run(
    ["SET", sessionKey(id), JSON.stringify(record), "EX", IDLE_SECONDS],
    ["SADD", indexKey(who.org, who.admin.id), id],
    ["EXPIRE", indexKey(who.org, who.admin.id), LONGEST_MS / 1_000],
  );
  return { id, cookie: cookieOf(value, LONGEST_MS / 1_000) };
}

/** Takes the cookie out of the browser. */
export const clearedCookie = (): string => cookieOf("", 0);

/**
 * The session of a cookie's value, in one round trip.
 * @throws 401 `session.missing`, `session.expired`
 */
export async function readSession(
  { store, clock, background }: Pick<Outside, "store" | "clock" | "background">,
  cookie: string | undefined,
): Promise<Session> {
  const org = cookie?.split(".", 1)[0] ?? "";
  if (!cookie || !ORG_NAME.test(org)) throw unauthorized("session.missing", "Please sign in.");
  const id = hashOf(cookie);
  const [text, fields] = await store.run(["GET", sessionKey(id)], ["HMGET", orgKey(org), "version", "shards"]);
  const [version, shards] = Array.isArray(fields) ? fields : [];
  if (typeof text !== "string" || version == null || shards == null) throw expired();
  const record = recordSchema.parse(JSON.parse(text));
  const now = clock.now();
  const left = record.signedInAt + LONGEST_MS - now;
  if (left <= 0) throw expired();
  touch({ store, background }, id, now, left);
  return {
    id,
    org: record.org,
    admin: record.admin,
    role: record.role,
    signedInAt: new Date(record.signedInAt).toISOString(),
    confirmedAt: new Date(record.confirmedAt).toISOString(),
    version: Number(version),
    shards: Number(shards),
  };
}

/** Notes that the admin has just confirmed to be there. @throws 401 `session.expired` */
export async function confirmSession({ store, clock }: { store: Store; clock: Clock }, id: string): Promise<{ confirmedAt: string }> {
  const confirmedAt = clock.now();
  const record: SessionRecord = { ...(await readRecord(store, id)), confirmedAt };
  // XX: a session revoked in between must not come back.
  const [stored] = await store.run(["SET", sessionKey(id), JSON.stringify(record), "EX", IDLE_SECONDS, "XX"]);
  if (stored === null) throw expired();
  return { confirmedAt: new Date(confirmedAt).toISOString() };
}

/** Whether the admin signed in or confirmed within the last 15 minutes. */
export async function isConfirmed({ store, clock }: { store: Store; clock: Clock }, id: string): Promise<boolean> {
  return clock.now() - (await readRecord(store, id)).confirmedAt < CONFIRMED_MS;
}

/** What the page shows of a session. @throws 401 `session.expired` */
export async function viewSession({ store }: { store: Store }, id: string): Promise<SessionView> {
  const { admin, role, org, signedInAt, confirmedAt } = await readRecord(store, id);
  return { admin, role, org, signedInAt: new Date(signedInAt).toISOString(), confirmedAt: new Date(confirmedAt).toISOString() };
}

/** Signs out. */
export async function revokeSession({ store }: { store: Store }, who: { id: string; org: string; admin: Admin }): Promise<void> {
  await store.run(["DEL", sessionKey(who.id)], ["SREM", indexKey(who.org, who.admin.id), who.id]);
}

/** Signs an admin out everywhere. */
export async function revokeAllSessions({ store }: { store: Store }, org: string, admin: string): Promise<void> {
  const [ids] = await store.run(["SMEMBERS", indexKey(org, admin)]);
  const keys = Array.isArray(ids) ? ids.map((id) => sessionKey(String(id))) : [];
  await store.run(["DEL", indexKey(org, admin), ...keys]);
}

async function readRecord(store: Store, id: string): Promise<SessionRecord> {
  const [text] = await store.run(["GET", sessionKey(id)]);
  if (typeof text !== "string") throw expired();
  return recordSchema.parse(JSON.parse(text));
}

const expired = () => unauthorized("session.expired", "You are signed out. Please sign in again.");

const cookieOf = (value: string, seconds: number): string =>
  `${SESSION_COOKIE}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; Secure; SameSite=Strict`;

const lastTouched = new WeakMap<Store, Map<string, number>>();
const MOST_TOUCHED = 10_000;
/** Puts off the idle end. EXPIRE acts on what is there only, so a session that was just revoked stays so. */
function touch({ store, background }: Pick<Outside, "store" | "background">, id: string, now: number, left: number): void {
  let touched = lastTouched.get(store);
  if (!touched) lastTouched.set(store, (touched = new Map()));
  const last = touched.get(id);
  if (last !== undefined && now - last < TOUCH_MS) return;
  if (touched.size >= MOST_TOUCHED) touched.clear();
  touched.set(id, now);
  background(store.run(["EXPIRE", sessionKey(id), Math.min(IDLE_SECONDS, Math.ceil(left / 1_000))]));
}
