import { describe, expect, test } from "vitest";
import { checkAgainstBounds, effectiveQuietHours, personQuietHoursSchema, type PersonQuietHours } from "./quiet-bounds.ts";
import { quietHoursSchema, type QuietHours } from "./quiet-hours.ts";

const organisation = (more: Partial<QuietHours> = {}): QuietHours =>
  quietHoursSchema.parse({ version: 1, enabled: true, timeZone: "Europe/Berlin", ...more });
const own = (more: Partial<PersonQuietHours> = {}): PersonQuietHours => personQuietHoursSchema.parse({ enabled: true, ...more });
const NO_ZONE = { event: null, person: null };

describe("without bounds of their own, persons may go as far as the organisation's window", () => {
  test.each([
    ["20:00", "08:00", []],
    ["22:00", "06:00", []],
    ["20:00", "00:00", []],
    ["00:00", "08:00", []],
    ["01:00", "07:00", []],
    ["20:00", "20:01", []],
    ["19:59", "08:00", ["earliestStart"]],
    ["20:00", "08:01", ["latestEnd"]],
    ["19:00", "09:00", ["earliestStart", "latestEnd"]],
    ["08:00", "20:00", ["earliestStart", "latestEnd"]],
    ["12:00", "13:00", ["earliestStart", "latestEnd"]],
    ["07:00", "21:00", ["latestEnd"]],
    ["08:00", "07:00", ["earliestStart"]],
  ])("%s–%s: %j", (start, end, bounds) => {
    expect(checkAgainstBounds(own({ start, end }), organisation()).map(({ bound }) => bound)).toEqual(bounds);
  });

  test("days and urgent events too; every issue names field, bound and limit", () => {
    const issues = checkAgainstBounds(
      own({ start: "19:00", end: "09:00", quietDays: ["fri", "sat"], urgentPasses: false }),
      organisation(),
    );
    expect(issues.map(({ path, bound }) => `${path}: ${bound}`)).toEqual([
      "quietHours.start: earliestStart",
      "quietHours.end: latestEnd",
      "quietHours.quietDays.0: extraDays",
      "quietHours.urgentPasses: mayRefuseUrgent",
    ]);
    expect(issues[0]?.message).toContain("20:00 at the earliest");
    expect(issues[1]?.message).toContain("08:00 at the latest");
    expect(issues[2]?.message).toContain("allowed are sat, sun");
  });

  test("urgent events may be refused where the organisation itself holds them", () => {
    expect(checkAgainstBounds(own({ urgentPasses: false }), organisation({ urgentPasses: false }))).toEqual([]);
  });
});

test("bounds may be wider or narrower than the organisation's window", () => {
  const wider = organisation({ bounds: { earliestStart: "17:00", latestEnd: "10:00", extraDays: ["fri"], mayRefuseUrgent: true } });
  expect(checkAgainstBounds(own({ start: "17:00", end: "10:00", quietDays: ["fri", "sun"], urgentPasses: false }), wider)).toEqual([]);
  const narrower = organisation({ bounds: { earliestStart: "22:00", latestEnd: "06:00", extraDays: [], mayRefuseUrgent: false } });
  expect(checkAgainstBounds(own(), narrower).map(({ bound }) => bound)).toEqual(["earliestStart", "latestEnd"]);
});

test("bounds within one day, and bounds that leave the whole day", () => {
  const siesta = organisation({ bounds: { earliestStart: "12:00", latestEnd: "16:00", extraDays: [], mayRefuseUrgent: false } });
  expect(checkAgainstBounds(own({ start: "13:00", end: "15:00" }), siesta)).toEqual([]);
  expect(checkAgainstBounds(own({ start: "15:00", end: "13:00" }), siesta).map(({ bound }) => bound)).toEqual(["latestEnd"]);
  const fromNoon = organisation({ bounds: { earliestStart: "12:00", latestEnd: "12:00", extraDays: [], mayRefuseUrgent: false } });
  expect(checkAgainstBounds(own({ start: "12:00", end: "11:59" }), fromNoon)).toEqual([]);
  expect(checkAgainstBounds(own({ start: "11:00", end: "13:00" }), fromNoon).map(({ bound }) => bound)).toEqual(["latestEnd"]);
});

test("no quiet hours at all are always allowed", () => {
  expect(checkAgainstBounds(own({ enabled: false, start: "10:00", end: "12:00", urgentPasses: false }), organisation())).toEqual([]);
});

test("where the organisation has none and sets no bounds, there is nothing to shorten", () => {
  const off = organisation({ enabled: false });
  expect(checkAgainstBounds(own(), off).map(({ bound }) => bound)).toEqual(["organisation"]);
  expect(effectiveQuietHours(off, own(), NO_ZONE)).toBeNull();
  const withBounds = organisation({
    enabled: false,
    bounds: { earliestStart: "20:00", latestEnd: "08:00", extraDays: [], mayRefuseUrgent: false },
  });
  expect(checkAgainstBounds(own(), withBounds)).toEqual([]);
  expect(effectiveQuietHours(withBounds, own(), NO_ZONE)).toMatchObject({ start: "20:00", end: "08:00", whose: "person" });
  expect(effectiveQuietHours(withBounds, null, NO_ZONE)).toBeNull();
});

describe("what is in force", () => {
  test("without a preference the organisation's, which its bounds do not limit", () => {
    const org = organisation({ bounds: { earliestStart: "23:00", latestEnd: "05:00", extraDays: [], mayRefuseUrgent: false } });
    expect(effectiveQuietHours(org, null, NO_ZONE)).toEqual({
      start: "20:00",
      end: "08:00",
      nights: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
      quietDays: ["sat", "sun"],
      timeZone: "Europe/Berlin",
      urgentPasses: true,
      heldChannels: ["email", "sms", "whatsapp", "push"],
      whose: "organisation",
    });
  });

  test("a person's own take the organisation's place, quiet days included; none is none", () => {
    expect(effectiveQuietHours(organisation(), own({ start: "22:00", end: "06:00" }), NO_ZONE)).toMatchObject({
      start: "22:00",
      end: "06:00",
      quietDays: [],
      whose: "person",
    });
    expect(effectiveQuietHours(organisation(), own({ enabled: false }), NO_ZONE)).toBeNull();
  });

  test("the zone is the event's, else the person's, else the organisation's; one that nobody knows is passed over", () => {
    const zoneOf = (event: string | null, person: string | null) => effectiveQuietHours(organisation(), null, { event, person })?.timeZone;
    expect(zoneOf("Asia/Tokyo", "America/Lima")).toBe("Asia/Tokyo");
    expect(zoneOf(null, "America/Lima")).toBe("America/Lima");
    expect(zoneOf(null, null)).toBe("Europe/Berlin");
    expect(zoneOf("Mars/Olympus", "America/Lima")).toBe("America/Lima");
  });

  test.each([
    ["cut at both ends", { start: "20:00", end: "08:00" }, "22:00", "06:00", { start: "22:00", end: "06:00" }],
    ["cut at its start", { start: "20:00", end: "01:00" }, "22:00", "06:00", { start: "22:00", end: "01:00" }],
    ["cut at its end", { start: "23:00", end: "09:00" }, "22:00", "06:00", { start: "23:00", end: "06:00" }],
    ["untouched inside", { start: "01:00", end: "02:00" }, "22:00", "06:00", { start: "01:00", end: "02:00" }],
    ["of two parts the longer one", { start: "05:00", end: "23:30" }, "22:00", "06:00", { start: "22:00", end: "23:30" }],
  ])("stored hours under tightened bounds: %s", (_name, stored, earliestStart, latestEnd, expected) => {
    const org = organisation({ bounds: { earliestStart, latestEnd, extraDays: [], mayRefuseUrgent: false } });
    expect(effectiveQuietHours(org, own(stored), NO_ZONE)).toMatchObject(expected);
  });

  test("stored days and a refusal of urgent events fall away when the bounds no longer allow them", () => {
    const stored = own({ start: "10:00", end: "12:00", quietDays: ["fri", "sat"], urgentPasses: false });
    expect(effectiveQuietHours(organisation(), stored, NO_ZONE)).toMatchObject({ nights: [], quietDays: ["sat"], urgentPasses: true });
    expect(effectiveQuietHours(organisation({ quietDays: [] }), stored, NO_ZONE)).toBeNull();
  });
});

describe("a person's window belongs to the organisation's nights", () => {
  const nightsOf = (org: Partial<QuietHours>, window: Partial<PersonQuietHours>) =>
    effectiveQuietHours(organisation(org), own(window), NO_ZONE)?.nights;

  test("one that starts before midnight starts on the same day", () => {
    expect(nightsOf({ nights: ["mon", "thu"] }, { start: "22:00", end: "06:00" })).toEqual(["mon", "thu"]);
  });
  test("one that starts after midnight starts a day later", () => {
    expect(nightsOf({ nights: ["mon", "sun"] }, { start: "01:00", end: "06:00" })).toEqual(["mon", "tue"]);
  });
  test("an organisation's window after midnight lies in the bounds of the evening before", () => {
    const org: Partial<QuietHours> = {
      start: "00:30",
      end: "07:00",
      nights: ["sat"],
      bounds: { earliestStart: "22:00", latestEnd: "09:00", extraDays: [], mayRefuseUrgent: false },
    };
    expect(nightsOf(org, { start: "22:30", end: "06:00" })).toEqual(["fri"]);
    expect(nightsOf(org, { start: "00:30", end: "06:00" })).toEqual(["sat"]);
  });
  test("bounds narrower than the organisation's window keep its days", () => {
    const bounds = { earliestStart: "21:00", latestEnd: "05:00", extraDays: [], mayRefuseUrgent: false };
    expect(nightsOf({ nights: ["wed"], bounds }, { start: "21:00", end: "04:00" })).toEqual(["wed"]);
  });
});
