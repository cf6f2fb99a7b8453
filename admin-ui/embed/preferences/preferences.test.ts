import { expect, test } from "vitest";
import { CHANNELS, type Channel } from "@carillon/shared/channels";
import { defaultRouting, type RoutingCell, type RoutingCells } from "@carillon/shared/event-types";
import { routeFor, type Preferences } from "@carillon/shared/preferences";
import { checkAgainstBounds, effectiveQuietHours, type PersonQuietHours } from "@carillon/shared/quiet-bounds";
import { initialQuietHours, quietRanges, type QuietHours } from "@carillon/shared/quiet-hours";
import type { Connection } from "../client.ts";
import { choicesOf, switched } from "./choices.ts";
import { createSaver } from "./saver.ts";
import type { PreferencesView } from "./view.ts";
import { DAYS, boundsOf, drawWeek, isQuiet, offerOf, ownWeek } from "./week.ts";

const cell = (when: RoutingCell["when"], locked = false): RoutingCell => ({ when, locked });
const row = (cells: Partial<Record<Channel, RoutingCell>>): Record<Channel, RoutingCell> =>
  Object.fromEntries(CHANNELS.map((channel) => [channel, cells[channel] ?? cell("off", true)])) as Record<Channel, RoutingCell>;

function makeView(fields: Partial<PreferencesView> = {}): PreferencesView {
  return {
    cells: {},
    digest: {},
    quietHours: null,
    timeZone: null,
    locale: null,
    routing: { mention: row({ email: cell("on"), push: cell("off"), sms: cell("urgent") }) },
    organisation: { quietHours: initialQuietHours(), quietNow: null },
    ...fields,
  };
}

test("a new organisation offers nothing on WhatsApp, and SMS only where it sends it", () => {
  const all = choicesOf({ routing: defaultRouting(), cells: {} });
  expect(all).toHaveLength(14);
  expect(all.flatMap(({ switches }) => switches).filter(({ channel }) => channel === "whatsapp")).toEqual([]);
  expect(all.filter(({ switches }) => switches.some(({ channel }) => channel === "sms")).map(({ type }) => type)).toEqual([
    "deal_closed_won",
  ]);
});

test("a switch shows what would reach the person, locked or not, and an event without any is left out", () => {
  const routing = {
    mention: row({ "in-app": cell("on", true), email: cell("on"), sms: cell("urgent"), push: cell("off") }),
    note_added: row({}),
  };
  const cells = { mention: { "in-app": false, email: false, sms: true, push: true } };
  expect(choicesOf({ routing, cells })).toEqual([
    {
      type: "mention",
      switches: [
        { channel: "in-app", state: "on", isLocked: true },
        { channel: "email", state: "off", isLocked: false },
        { channel: "sms", state: "urgent", isLocked: false },
        { channel: "push", state: "on", isLocked: false },
      ],
    },
  ]);
});

test("what a switch shows is what the worker decides, for every cell and wish", () => {
  for (const when of ["on", "off", "urgent"] as const) {
    for (const wish of [undefined, true, false]) {
      for (const locked of [true, false]) {
        const routing = { mention: row({ email: cell(when, locked) }) };
        const cells: Preferences["cells"] = wish === undefined ? {} : { mention: { email: wish } };
        const shown = choicesOf({ routing, cells })[0]?.switches[0]?.state ?? "off";
        const sends = (priority: "normal" | "high") => routeFor(cell(when, locked), wish, priority).send;
        expect([shown !== "off", shown === "on"], `${when} ${wish} ${locked}`).toEqual([sends("high"), sends("normal")]);
      }
    }
  }
});

test("a switch sends only what differs from the matrix and leaves the other choices", () => {
  const { routing } = makeView();
  const others = { note_added: { push: true } };
  const muted = switched(others, routing, "mention", "email", false);
  expect(muted).toEqual({ ...others, mention: { email: false } });
  expect(switched(muted, routing, "mention", "push", true)).toEqual({ ...others, mention: { email: false, push: true } });
  expect(switched(muted, routing, "mention", "email", true)).toEqual(others);
  expect(switched({}, routing, "mention", "sms", false)).toEqual({ mention: { sms: false } });
  expect(switched({ mention: { push: true } }, routing, "mention", "push", false)).toEqual({});
});

/** A server that stores what it is sent, and refuses what mutes a locked cell. */
function makeServer(stored: PreferencesView) {
  const server = { stored, writes: 0, isDown: false };
  const call = async (method: string, _path: string, body?: unknown): Promise<unknown> => {
    await Promise.resolve();
    if (server.isDown) throw new Error("down");
    if (method === "GET") return server.stored;
    server.writes++;
    const { cells, quietHours } = body as PreferencesView;
    if (cells["mention"]?.email === false && server.stored.routing["mention"]!.email.locked) throw new Error("locked");
    server.stored = { ...server.stored, cells, quietHours };
    return server.stored;
  };
  return Object.assign(server, { call: call as Connection["call"] });
}
const mute =
  (channel: Channel) =>
  ({ cells, routing }: PreferencesView) => ({ cells: switched(cells, routing, "mention", channel, false) });

test("a change shows at once, and changes are stored one after another", async () => {
  const server = makeServer(makeView());
  const saver = createSaver(server.stored, server.call);
  const saving = [saver.save(mute("email")), saver.save(mute("sms"))];
  expect(saver.shown().cells).toEqual({ mention: { email: false, sms: false } });
  expect(server.writes).toBe(0);
  await Promise.all(saving);
  expect(server.stored.cells).toEqual({ mention: { email: false, sms: false } });
  expect(server.writes).toBe(2);
});

test("a refused change is taken back alone, and what the organisation has locked meanwhile is then shown", async () => {
  const server = makeServer(makeView());
  const saver = createSaver(server.stored, server.call);
  server.stored = makeView({ routing: { mention: row({ email: cell("on", true), sms: cell("urgent") }) } });
  const refused = saver.save(mute("email"));
  const accepted = saver.save(mute("sms"));
  await expect(refused).rejects.toThrow("locked");
  await accepted;
  expect(saver.shown().cells).toEqual({ mention: { sms: false } });
  expect(choicesOf(saver.shown())[0]?.switches[0]).toEqual({ channel: "email", state: "on", isLocked: true });
});

test("what another tab has chosen meanwhile is kept, and without a server nothing seems chosen", async () => {
  const server = makeServer(makeView());
  const saver = createSaver(server.stored, server.call);
  server.stored = makeView({ cells: { mention: { push: true } } });
  await saver.save(mute("email"));
  expect(server.stored.cells).toEqual({ mention: { email: false, push: true } });
  server.isDown = true;
  await expect(saver.save(mute("sms"))).rejects.toThrow("down");
  expect(saver.shown().cells).toEqual({ mention: { email: false, push: true } });
});

const org = (fields: Partial<QuietHours>): QuietHours => ({ ...initialQuietHours(), enabled: true, ...fields });

test("without bounds a person may shorten the organisation's hours, and none may be had where there are none", () => {
  expect(boundsOf(initialQuietHours())).toBeNull();
  expect(boundsOf(org({}))).toEqual({ start: "20:00", end: "08:00", days: ["sat", "sun"], mayRefuseUrgent: false });
});

test("the offered hours are always allowed, and never empty", () => {
  const all = [
    org({}),
    org({ urgentPasses: false }),
    org({
      enabled: false,
      quietDays: [],
      bounds: { earliestStart: "18:00", latestEnd: "09:00", extraDays: ["fri"], mayRefuseUrgent: true },
    }),
    org({ bounds: { earliestStart: "00:00", latestEnd: "00:00", extraDays: [], mayRefuseUrgent: false } }),
  ];
  for (const quietHours of all) {
    const offer = offerOf(quietHours, boundsOf(quietHours)!);
    expect(checkAgainstBounds(offer, quietHours)).toEqual([]);
    expect(offer.start).not.toBe(offer.end);
  }
});

test("the picture of own hours shows the very minutes that the worker holds, for 2,000 weeks inside random bounds", () => {
  let state = 20_261_123;
  const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
  const time = () => `${String(random(24)).padStart(2, "0")}:${["00", "15", "30", "59"][random(4)]}`;
  const days = () => DAYS.filter(() => random(3) > 0);
  let compared = 0;
  for (let n = 0; compared < 2_000; n++) {
    if (n > 200_000) throw new Error("too few weeks lie inside their bounds");
    const bounds = random(2) ? null : { earliestStart: time(), latestEnd: time(), extraDays: days(), mayRefuseUrgent: true };
    const quietHours = org({ start: time(), end: time(), nights: days(), quietDays: [], bounds });
    const own: PersonQuietHours = {
      enabled: true,
      start: time(),
      end: time(),
      quietDays: bounds ? days().slice(0, 2) : [],
      urgentPasses: true,
    };
    if (quietHours.start === quietHours.end || own.start === own.end || checkAgainstBounds(own, quietHours).length > 0) continue;
    const inForce = effectiveQuietHours(quietHours, own, { event: null, person: null });
    if (!inForce) continue;
    const week = ownWeek(quietHours, boundsOf(quietHours)!, own);
    const ranges = quietRanges(inForce);
    for (let minute = random(30); minute < 7 * 1_440; minute += 1 + random(60)) {
      const isHeld = ranges.some(({ from, to }) => minute >= from && minute < to);
      const isDrawn = isQuiet(week, Math.floor(minute / 1_440), minute % 1_440);
      if (isDrawn !== isHeld) throw new Error(`minute ${minute}: ${JSON.stringify({ quietHours, own, isDrawn, isHeld })}`);
    }
    compared++;
  }
  expect(compared).toBe(2_000);
});

test("a week is drawn as a bar for each stretch of each day", () => {
  const week = { start: "22:00", end: "06:00", nights: ["sun"] as const, quietDays: ["wed"] as const };
  const bars = drawWeek([week.start, week.end], (day, minute) => isQuiet(week, day, minute));
  expect(bars).toBe("M0 0h360v.8h-360zM0 2h1440v.8h-1440zM1320 6h120v.8h-120z");
});

test("a routing without the event of a stored choice does not break the rows", () => {
  const routing: RoutingCells = {};
  expect(choicesOf({ routing, cells: { gone: { email: true } } })).toEqual([]);
});
