import { beforeEach, expect, test } from "vitest";
import { fixedClock, memoryStore } from "../settings/fixtures.ts";
import { createAdminTicket, takeAdminTicket, ticketUrl } from "./admin-tickets.ts";
import {
  SESSION_COOKIE,
  clearedCookie,
  confirmSession,
  createSession,
  isConfirmed,
  readSession,
  revokeAllSessions,
  revokeSession,
  viewSession,
} from "./sessions.ts";

const MINUTE = 60_000;
const who = { org: "acme", admin: { id: "a1", name: "Kim", email: "kim@example.com" }, role: "admin" as const };
let clock: ReturnType<typeof fixedClock>;
let store: ReturnType<typeof memoryStore>;
const ports = () => ({ clock, store, background: () => {} });

beforeEach(async () => {
  clock = fixedClock();
  store = memoryStore(clock);
  await store.run(["HSET", "org:acme", "version", "7", "shards", "2"]);
});

const signIn = async () => {
  const { id, cookie } = await createSession(ports(), who);
  return { id, cookie, value: /=([^;]+)/.exec(cookie)![1]! };
};

test("a session is a strict cookie, read in one round trip with the organisation's version", async () => {
  const { id, cookie, value } = await signIn();
  expect(cookie).toBe(`${SESSION_COOKIE}=${value}; Path=/; Max-Age=43200; HttpOnly; Secure; SameSite=Strict`);
  expect(JSON.stringify(store.commands)).not.toContain(value);
  store.trips = 0;
  const session = await readSession(ports(), value);
  expect(session).toEqual({
    ...who,
    id,
    version: 7,
    shards: 2,
    signedInAt: "2026-11-23T12:00:00.000Z",
    confirmedAt: "2026-11-23T12:00:00.000Z",
  });
  expect(store.commands.slice(-3).map(([name]) => name)).toEqual(["GET", "HMGET", "EXPIRE"]);
  store.trips = 0;
  await readSession(ports(), value);
  expect(store.trips).toBe(1);
});

test("no cookie, a foreign one or one for another organisation is nobody", async () => {
  const { value } = await signIn();
  for (const cookie of [undefined, "", "x", "ACME.x"]) await expect(readSession(ports(), cookie)).rejects.toMatchObject({ status: 401 });
  for (const cookie of [`${value}x`, value.replace("acme", "other")])
    await expect(readSession(ports(), cookie)).rejects.toMatchObject({ code: "session.expired" });
});

test("30 minutes without a sign of life end a session, and 12 hours in any case", async () => {
  const { value } = await signIn();
  for (let minutes = 0; minutes < 12 * 60; minutes += 29) {
    await readSession(ports(), value);
    clock.pass(29 * MINUTE);
  }
  await expect(readSession(ports(), value)).rejects.toMatchObject({ code: "session.expired" });
  const { value: idle } = await signIn();
  clock.pass(30 * MINUTE);
  await expect(readSession(ports(), idle)).rejects.toMatchObject({ code: "session.expired" });
});

test("a confirmation counts for 15 minutes and does not bring back what was revoked", async () => {
  const { id } = await signIn();
  clock.pass(15 * MINUTE);
  expect(await isConfirmed(ports(), id)).toBe(false);
  expect(await confirmSession(ports(), id)).toEqual({ confirmedAt: "2026-11-23T12:15:00.000Z" });
  expect(await isConfirmed(ports(), id)).toBe(true);
  expect(await viewSession(ports(), id)).toMatchObject({ signedInAt: "2026-11-23T12:00:00.000Z", confirmedAt: "2026-11-23T12:15:00.000Z" });
  await revokeSession(ports(), { ...who, id });
  await expect(confirmSession(ports(), id)).rejects.toMatchObject({ code: "session.expired" });
  expect(clearedCookie()).toContain("Max-Age=0");
});

test("an admin can be signed out everywhere", async () => {
  const [first, second] = [await signIn(), await signIn()];
  await revokeAllSessions(ports(), "acme", "a1");
  for (const { value } of [first, second]) await expect(readSession(ports(), value)).rejects.toMatchObject({ code: "session.expired" });
});

test("a ticket signs in once, within its time", async () => {
  const { ticket, expiresAt } = await createAdminTicket(ports(), who);
  expect(expiresAt).toBe("2026-11-23T12:01:00.000Z");
  expect(JSON.stringify(store.commands)).not.toContain(ticket);
  expect(ticketUrl("https://carillon.example.com", ticket)).toBe(`https://carillon.example.com/#ticket=${ticket}`);
  expect(await takeAdminTicket(ports(), ticket)).toEqual(who);
  await expect(takeAdminTicket(ports(), ticket)).rejects.toMatchObject({ status: 401, code: "ticket.invalid" });
  const late = await createAdminTicket(ports(), who);
  clock.pass(MINUTE);
  await expect(takeAdminTicket(ports(), late.ticket)).rejects.toMatchObject({ code: "ticket.invalid" });
});
