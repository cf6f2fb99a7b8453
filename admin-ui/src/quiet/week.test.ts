import { DAYS } from "@carillon/shared/zones";
import { expect, test } from "vitest";
import { dayWords, daysWords, exampleOf, isDrawable, pictureOf, stretchesOf } from "./week.ts";

const MANUAL = { start: "20:00", end: "08:00", nights: DAYS, quietDays: ["sat", "sun"] as const };
const OFFICE = { ...MANUAL, nights: ["mon", "fri"] as const, quietDays: [] };

test("a window over midnight is drawn on both days, a quiet day as a whole", () => {
  const [monday, , , , friday, saturday] = pictureOf(MANUAL);
  expect(monday?.pieces).toEqual([
    { from: 0, to: 480, kind: "hours" },
    { from: 1_200, to: 1_440, kind: "hours" },
  ]);
  expect(dayWords(friday!)).toBe("quiet 00:00 to 08:00 and 20:00 to 24:00");
  expect(saturday?.pieces).toEqual([{ from: 0, to: 1_440, kind: "day" }]);
  expect(dayWords(saturday!)).toBe("quiet all day");
});

test("a window belongs to the day on which it starts", () => {
  expect(pictureOf(OFFICE).map(dayWords)).toEqual([
    "quiet 20:00 to 24:00",
    "quiet 00:00 to 08:00",
    "not quiet",
    "not quiet",
    "quiet 20:00 to 24:00",
    "quiet 00:00 to 08:00",
    "not quiet",
  ]);
});

test("quiet in one piece is told in one piece, also over Sunday's midnight", () => {
  expect(stretchesOf(MANUAL)).toEqual([
    "Mon 20:00 – Tue 08:00",
    "Tue 20:00 – Wed 08:00",
    "Wed 20:00 – Thu 08:00",
    "Thu 20:00 – Fri 08:00",
    "Fri 20:00 – Mon 08:00",
  ]);
  expect(stretchesOf({ ...OFFICE, nights: ["sun"] })).toEqual(["Sun 20:00 – Mon 08:00"]);
  expect(stretchesOf({ ...OFFICE, quietDays: DAYS })).toEqual(["the whole week"]);
});

test("the example follows what is typed", () => {
  expect(exampleOf(MANUAL)).toBe("Fri 20:00 – Sat 08:00");
  expect(exampleOf({ ...MANUAL, start: "12:00", end: "13:30", nights: ["sun"] })).toBe("Sun 12:00 – Sun 13:30");
  expect(exampleOf({ ...MANUAL, nights: ["sun"] })).toBe("Sun 20:00 – Mon 08:00");
  expect(exampleOf({ ...MANUAL, nights: [] })).toBeNull();
  expect(exampleOf({ ...MANUAL, end: "20:00" })).toBeNull();
});

test("days are told as people tell them", () => {
  expect(
    [DAYS, [], ["sat", "sun"], ["mon", "tue", "wed"], ["mon", "wed", "fri"], ["tue"]].map((days) => daysWords(days as typeof DAYS)),
  ).toEqual(["every day", "no day", "Saturday and Sunday", "Monday to Wednesday", "Monday, Wednesday and Friday", "Tuesday"]);
});

test("a half-typed time is not drawn", () => {
  expect(isDrawable({ start: "20:00", end: "" })).toBe(false);
  expect(isDrawable(MANUAL)).toBe(true);
});
