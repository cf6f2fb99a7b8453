import { DAYS, type Day } from "./zones.ts";
import type { QuietWeek } from "./quiet-hours.ts";

/**
 * Quiet hours as a person would check them with a calendar: in this zone, with these hours, is this moment quiet, and until when?
 * Hours: `20:00–08:00`, then `quiet: sat sun` (all day; none if absent) and `nights: fri` (days on which it starts; all if absent).
 * Moments are wall-clock times with the offset that holds there and then.
 */
export type QuietCase = { name: string; zone: string; hours: string; at: string; until: string | "open" };

export function weekOf(hours: string): QuietWeek {
  const [window = "", ...rest] = hours.split("; ");
  const [start = "", end = ""] = window.split("–");
  const daysAfter = (word: string): Day[] | undefined => {
    const found = rest.find((part) => part.startsWith(word));
    return found === undefined ? undefined : DAYS.filter((day) => found.slice(word.length).split(" ").includes(day));
  };
  return { start, end, nights: daysAfter("nights: ") ?? DAYS, quietDays: daysAfter("quiet: ") ?? [] };
}

type Row = [name: string, hours: string, at: string, until: string | "open"];
const inZone = (zone: string, rows: Row[]): QuietCase[] => rows.map(([name, hours, at, until]) => ({ name, zone, hours, at, until }));

export const QUIET_CASES: QuietCase[] = [
  // An ordinary week: 2026-11-23 is a Monday, 2026-11-27 a Friday.
  ...inZone("Europe/Berlin", [
    ["in the middle of a working day", "20:00–08:00", "2026-11-23T12:00+01:00", "open"],
    ["a minute before it starts", "20:00–08:00", "2026-11-23T19:59+01:00", "open"],
    ["the last millisecond before it starts", "20:00–08:00", "2026-11-23T19:59:59.999+01:00", "open"],
    ["the start is included", "20:00–08:00", "2026-11-23T20:00+01:00", "2026-11-24T08:00+01:00"],
    ["within a minute, the release stands on the minute", "20:00–08:00", "2026-11-23T22:17:42.123+01:00", "2026-11-24T08:00+01:00"],
    ["at midnight", "20:00–08:00", "2026-11-24T00:00+01:00", "2026-11-24T08:00+01:00"],
    ["the last minute", "20:00–08:00", "2026-11-24T07:59+01:00", "2026-11-24T08:00+01:00"],
    ["the last millisecond", "20:00–08:00", "2026-11-24T07:59:59.999+01:00", "2026-11-24T08:00+01:00"],
    ["the end is excluded", "20:00–08:00", "2026-11-24T08:00+01:00", "open"],
    ["a window inside one day, at lunch", "12:00–13:30", "2026-11-24T13:29+01:00", "2026-11-24T13:30+01:00"],
    ["a window inside one day, at night", "12:00–13:30", "2026-11-24T01:00+01:00", "open"],
    ["a window of one minute", "12:00–12:01", "2026-11-24T12:00:30+01:00", "2026-11-24T12:01+01:00"],
    ["a window that ends at midnight", "20:00–00:00", "2026-11-24T23:59+01:00", "2026-11-25T00:00+01:00"],
    ["a window that ends at midnight is over then", "20:00–00:00", "2026-11-25T00:00+01:00", "open"],
    ["a window that starts at midnight", "00:00–06:00", "2026-11-25T00:00+01:00", "2026-11-25T06:00+01:00"],
    ["all but one minute: during it", "08:01–08:00", "2026-11-25T08:00:20+01:00", "open"],
    ["all but one minute: after it", "08:01–08:00", "2026-11-25T08:01+01:00", "2026-11-26T08:00+01:00"],
    ["Friday night runs into a quiet weekend", "20:00–08:00; quiet: sat sun", "2026-11-27T21:00+01:00", "2026-11-30T08:00+01:00"],
    ["Saturday noon is quiet all day", "20:00–08:00; quiet: sat sun", "2026-11-28T12:00+01:00", "2026-11-30T08:00+01:00"],
    ["Sunday's night reaches into Monday", "20:00–08:00; quiet: sat sun", "2026-11-29T23:30+01:00", "2026-11-30T08:00+01:00"],
    ["a quiet day by itself starts at midnight", "12:00–13:00; quiet: sat", "2026-11-27T23:59+01:00", "open"],
    ["a quiet day by itself ends at midnight", "12:00–13:00; quiet: sat", "2026-11-28T15:00+01:00", "2026-11-29T00:00+01:00"],
    ["a window on a quiet day changes nothing", "12:00–13:00; quiet: sat", "2026-11-28T12:30+01:00", "2026-11-29T00:00+01:00"],
    ["two quiet days apart", "12:00–13:00; quiet: mon wed", "2026-11-23T18:00+01:00", "2026-11-24T00:00+01:00"],
    [
      "six quiet days leave Thursday's hours",
      "20:00–08:00; quiet: mon tue wed fri sat sun",
      "2026-11-27T00:00+01:00",
      "2026-12-03T08:00+01:00",
    ],
    ["a window belongs to the day on which it starts", "22:00–06:00; nights: fri", "2026-11-28T03:00+01:00", "2026-11-28T06:00+01:00"],
    ["the night before is not named", "22:00–06:00; nights: fri", "2026-11-27T03:00+01:00", "open"],
    ["the evening after is not named", "22:00–06:00; nights: fri", "2026-11-28T22:00+01:00", "open"],
    ["Sunday's night is Monday morning", "22:00–06:00; nights: sun", "2026-11-23T05:00+01:00", "2026-11-23T06:00+01:00"],
    ["Monday morning without Sunday's night", "22:00–06:00; nights: mon tue wed thu fri sat", "2026-11-23T05:00+01:00", "open"],
    ["no nights, only quiet days: at night", "20:00–08:00; nights: none; quiet: sun", "2026-11-28T23:00+01:00", "open"],
    ["no nights, only quiet days: on the day", "20:00–08:00; nights: none; quiet: sun", "2026-11-29T09:00+01:00", "2026-11-30T00:00+01:00"],
    ["over New Year", "20:00–08:00", "2026-12-31T23:59+01:00", "2027-01-01T08:00+01:00"],
    ["over the leap day", "20:00–08:00", "2028-02-28T23:00+01:00", "2028-02-29T08:00+01:00"],
  ]),

  // The clocks go from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25; both are Sundays.
  ...inZone("Europe/Berlin", [
    ["spring: a night of eleven hours", "20:00–08:00", "2026-03-28T22:00+01:00", "2026-03-29T08:00+02:00"],
    ["spring: after the change", "20:00–08:00", "2026-03-29T03:00+02:00", "2026-03-29T08:00+02:00"],
    ["spring: the window is skipped whole, before", "02:15–02:45", "2026-03-29T01:59+01:00", "open"],
    ["spring: the window is skipped whole, after", "02:15–02:45", "2026-03-29T03:00+02:00", "open"],
    ["spring: its start is skipped", "02:30–03:30", "2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00"],
    ["spring: its start is skipped, and it is not quiet before", "02:30–03:30", "2026-03-29T01:59:59.999+01:00", "open"],
    ["spring: its end is skipped", "01:30–02:30", "2026-03-29T01:45+01:00", "2026-03-29T03:00+02:00"],
    ["spring: its end is the change", "01:00–02:00", "2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00"],
    ["spring: its end is the first minute after", "01:00–03:00", "2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00"],
    ["spring: the quiet Sunday has 23 hours", "12:00–13:00; quiet: sun", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"],
    ["autumn: a night of thirteen hours", "20:00–08:00", "2026-10-24T22:00+02:00", "2026-10-25T08:00+01:00"],
    ["autumn: in the hour that comes twice, the first time", "20:00–08:00", "2026-10-25T02:30+02:00", "2026-10-25T08:00+01:00"],
    ["autumn: in the hour that comes twice, the second time", "20:00–08:00", "2026-10-25T02:30+01:00", "2026-10-25T08:00+01:00"],
    ["autumn: the window opens", "02:15–02:45", "2026-10-25T02:15+02:00", "2026-10-25T02:45+02:00"],
    ["autumn: … closes", "02:15–02:45", "2026-10-25T02:45+02:00", "open"],
    ["autumn: … stays closed over the change", "02:15–02:45", "2026-10-25T02:14+01:00", "open"],
    ["autumn: … and opens again", "02:15–02:45", "2026-10-25T02:15+01:00", "2026-10-25T02:45+01:00"],
    ["autumn: it ends within the double hour, the first time", "22:00–02:30", "2026-10-24T23:00+02:00", "2026-10-25T02:30+02:00"],
    ["autumn: … is over between", "22:00–02:30", "2026-10-25T02:59+02:00", "open"],
    ["autumn: … and is quiet again, at the second two o'clock", "22:00–02:30", "2026-10-25T02:00+01:00", "2026-10-25T02:30+01:00"],
    ["autumn: it starts within the double hour and is interrupted", "02:30–06:00", "2026-10-25T02:40+02:00", "2026-10-25T02:00+01:00"],
    ["autumn: … the interruption", "02:30–06:00", "2026-10-25T02:29+01:00", "open"],
    ["autumn: … and starts again", "02:30–06:00", "2026-10-25T02:30+01:00", "2026-10-25T06:00+01:00"],
    ["autumn: a window until three lasts both hours", "01:00–03:00", "2026-10-25T01:30+02:00", "2026-10-25T03:00+01:00"],
    ["autumn: the quiet Sunday has 25 hours", "12:00–13:00; quiet: sun", "2026-10-25T00:00+02:00", "2026-10-26T00:00+01:00"],
    ["autumn: Saturday's night alone, in the second hour", "22:00–02:30; nights: sat", "2026-10-25T02:10+01:00", "2026-10-25T02:30+01:00"],
  ]),

  // 02:00 to 03:00 on 2026-03-08; 02:00 back to 01:00 on 2026-11-01.
  ...inZone("America/New_York", [
    ["spring: the night is short", "20:00–08:00", "2026-03-07T20:00-05:00", "2026-03-08T08:00-04:00"],
    ["spring: its end is skipped", "22:00–02:30", "2026-03-08T01:59-05:00", "2026-03-08T03:00-04:00"],
    ["spring: the first minute after", "22:00–02:30", "2026-03-08T03:00-04:00", "open"],
    ["autumn: the night is long", "20:00–08:00", "2026-10-31T20:00-04:00", "2026-11-01T08:00-05:00"],
    ["autumn: it ends at the first half past one", "22:00–01:30", "2026-11-01T00:30-04:00", "2026-11-01T01:30-04:00"],
    ["autumn: … and is quiet at the second one o'clock", "22:00–01:30", "2026-11-01T01:00-05:00", "2026-11-01T01:30-05:00"],
    ["autumn: … and over at the second half past one", "22:00–01:30", "2026-11-01T01:30-05:00", "open"],
  ]),

  // Half-hour offsets: the same dates, at 02:00 of the island's own clock.
  ...inZone("America/St_Johns", [
    ["winter, 3½ hours behind", "20:00–08:00", "2026-01-15T20:00-03:30", "2026-01-16T08:00-03:30"],
    ["spring: through the change", "20:00–08:00", "2026-03-08T01:30-03:30", "2026-03-08T08:00-02:30"],
    ["spring: skipped start", "02:15–03:15", "2026-03-08T03:00-02:30", "2026-03-08T03:15-02:30"],
    ["autumn: first time", "01:10–01:20", "2026-11-01T01:10-02:30", "2026-11-01T01:20-02:30"],
    ["autumn: between", "01:10–01:20", "2026-11-01T01:20-02:30", "open"],
    ["autumn: second time", "01:10–01:20", "2026-11-01T01:19-03:30", "2026-11-01T01:20-03:30"],
  ]),

  // The clocks move by half an hour: 02:00 back to 01:30 on 2026-04-05, 02:00 to 02:30 on 2026-10-04.
  ...inZone("Australia/Lord_Howe", [
    ["autumn: a night with half an hour more", "20:00–08:00", "2026-04-04T20:00+11:00", "2026-04-05T08:00+10:30"],
    ["autumn: the doubled half hour, first time", "01:40–01:50", "2026-04-05T01:40+11:00", "2026-04-05T01:50+11:00"],
    ["autumn: … between", "01:40–01:50", "2026-04-05T01:50+11:00", "open"],
    ["autumn: … second time", "01:40–01:50", "2026-04-05T01:45+10:30", "2026-04-05T01:50+10:30"],
    ["autumn: only half an hour comes twice", "01:00–01:20", "2026-04-05T01:30+10:30", "open"],
    ["autumn: interrupted for a quarter of an hour", "01:45–06:00", "2026-04-05T01:50+11:00", "2026-04-05T01:30+10:30"],
    ["spring: the end is skipped", "22:00–02:15", "2026-10-04T01:59+10:30", "2026-10-04T02:30+11:00"],
    ["spring: the start is skipped", "02:10–03:00", "2026-10-04T02:30+11:00", "2026-10-04T03:00+11:00"],
  ]),

  // An hour back for Ramadan from 2026-02-15 to 2026-03-22, and for good on 2026-09-20.
  ...inZone("Africa/Casablanca", [
    ["before Ramadan", "20:00–08:00", "2026-02-14T20:00+01:00", "2026-02-15T08:00+00:00"],
    ["Ramadan begins: first half past two", "02:20–02:40", "2026-02-15T02:30+01:00", "2026-02-15T02:40+01:00"],
    ["Ramadan begins: second half past two", "02:20–02:40", "2026-02-15T02:30+00:00", "2026-02-15T02:40+00:00"],
    ["in Ramadan", "20:00–08:00", "2026-03-01T07:59+00:00", "2026-03-01T08:00+00:00"],
    ["Ramadan ends: the end is skipped", "22:00–02:30", "2026-03-22T01:00+00:00", "2026-03-22T03:00+01:00"],
    ["summer, an hour ahead", "20:00–08:00", "2026-07-01T20:00+01:00", "2026-07-02T08:00+01:00"],
    ["the hour ahead is given up", "20:00–08:00", "2026-09-19T23:00+01:00", "2026-09-20T08:00+00:00"],
    ["… the hour comes twice", "22:00–01:30", "2026-09-20T01:15+00:00", "2026-09-20T01:30+00:00"],
    ["no change for the Ramadan of 2027", "20:00–08:00", "2027-02-10T07:59+00:00", "2027-02-10T08:00+00:00"],
  ]),

  // The clocks change at midnight: 00:00 to 01:00 on 2026-04-24, and 24:00 back to 23:00 on 2026-10-29, a Thursday.
  ...inZone("Africa/Cairo", [
    ["spring: there is no midnight", "20:00–00:00", "2026-04-23T23:59+02:00", "2026-04-24T01:00+03:00"],
    ["spring: it ends in the hour that is not there", "20:00–00:30", "2026-04-23T23:00+02:00", "2026-04-24T01:00+03:00"],
    ["spring: it ends at the first minute of the day", "20:00–01:00", "2026-04-23T23:00+02:00", "2026-04-24T01:00+03:00"],
    ["spring: the quiet Friday begins at one", "12:00–13:00; quiet: fri", "2026-04-24T01:00+03:00", "2026-04-25T00:00+03:00"],
    ["spring: Thursday is not quiet before it", "12:00–13:00; quiet: fri", "2026-04-23T23:59+02:00", "open"],
    ["autumn: Thursday's last hour comes twice", "12:00–13:00; quiet: thu", "2026-10-29T23:30+03:00", "2026-10-30T00:00+02:00"],
    ["autumn: … in the second one", "12:00–13:00; quiet: thu", "2026-10-29T23:30+02:00", "2026-10-30T00:00+02:00"],
    ["autumn: a window until midnight lasts both hours", "20:00–00:00", "2026-10-29T23:59+03:00", "2026-10-30T00:00+02:00"],
    ["autumn: late window, between", "23:10–23:20", "2026-10-29T23:20+03:00", "open"],
    ["autumn: late window, again", "23:10–23:20", "2026-10-29T23:10+02:00", "2026-10-29T23:20+02:00"],
  ]),

  // One last change on 2026-03-08; on 2026-11-01 the clocks stay: a runtime with older data is an hour off from then on.
  ...inZone("America/Vancouver", [
    ["the last spring change", "20:00–08:00", "2026-03-07T23:00-08:00", "2026-03-08T08:00-07:00"],
    ["summer", "20:00–08:00", "2026-07-01T20:00-07:00", "2026-07-02T08:00-07:00"],
    ["the night in which the clocks no longer go back", "20:00–08:00", "2026-10-31T20:00-07:00", "2026-11-01T08:00-07:00"],
    ["one o'clock comes once", "01:15–01:45", "2026-11-01T01:30-07:00", "2026-11-01T01:45-07:00"],
    ["winter, at the release", "20:00–08:00", "2026-11-24T08:00-07:00", "open"],
    ["winter, a minute before", "20:00–08:00", "2026-11-24T07:59-07:00", "2026-11-24T08:00-07:00"],
    ["and so in 2030", "20:00–08:00", "2030-01-15T07:59-07:00", "2030-01-15T08:00-07:00"],
  ]),
  ...inZone("America/Edmonton", [["winter on summer's clock", "20:00–08:00", "2026-12-01T07:59-06:00", "2026-12-01T08:00-06:00"]]),
  ...inZone("America/Winnipeg", [["winter on summer's clock", "20:00–08:00", "2026-12-01T07:59-05:00", "2026-12-01T08:00-05:00"]]),

  // Changes at uncommon times, and by uncommon steps.
  ...inZone("Pacific/Chatham", [
    ["autumn at 03:45: first time", "03:00–03:30", "2026-04-05T03:15+13:45", "2026-04-05T03:30+13:45"],
    ["autumn at 03:45: second time", "03:00–03:30", "2026-04-05T03:15+12:45", "2026-04-05T03:30+12:45"],
    ["spring at 02:45: the end is skipped", "22:00–03:00", "2026-09-27T02:44+12:45", "2026-09-27T03:45+13:45"],
  ]),
  ...inZone("Antarctica/Troll", [
    ["spring by two hours: the end is skipped", "22:00–02:30", "2026-03-29T00:59+00:00", "2026-03-29T03:00+02:00"],
    ["autumn by two hours: interrupted", "01:30–02:30", "2026-10-25T02:30+02:00", "open"],
    ["autumn by two hours: again", "01:30–02:30", "2026-10-25T01:30+00:00", "2026-10-25T02:30+00:00"],
  ]),
  ...inZone("America/Santiago", [
    ["autumn: Saturday's last hour comes twice", "12:00–13:00; quiet: sat", "2026-04-04T23:30-03:00", "2026-04-05T00:00-04:00"],
    ["spring: Sunday begins at one", "12:00–13:00; quiet: sun", "2026-09-06T01:00-03:00", "2026-09-07T00:00-03:00"],
  ]),
  ...inZone("America/Havana", [["spring: no midnight", "20:00–00:15", "2026-03-07T23:59-05:00", "2026-03-08T01:00-04:00"]]),
  ...inZone("America/Nuuk", [
    ["the clocks go back over midnight: Saturday again", "12:00–13:00; quiet: sat", "2026-10-24T23:59-01:00", "2026-10-25T00:00-02:00"],
    ["spring: 23:00 is skipped", "22:00–23:30", "2026-03-28T22:59-02:00", "2026-03-29T00:00-01:00"],
  ]),
  ...inZone("Atlantic/Azores", [
    ["autumn: Sunday's first hour comes twice", "00:10–00:20", "2026-10-25T00:15-01:00", "2026-10-25T00:20-01:00"],
  ]),
  ...inZone("Europe/London", [["autumn: first half past one", "22:00–01:30", "2026-10-25T01:29+01:00", "2026-10-25T01:30+01:00"]]),
  ...inZone("Europe/Dublin", [["summer", "20:00–08:00", "2026-06-01T20:00+01:00", "2026-06-02T08:00+01:00"]]),
  ...inZone("Asia/Jerusalem", [["spring on a Friday", "22:00–02:30", "2026-03-27T01:00+02:00", "2026-03-27T03:00+03:00"]]),
  ...inZone("Asia/Gaza", [["autumn on a Saturday: again quiet", "22:00–01:30", "2026-10-24T01:00+02:00", "2026-10-24T01:30+02:00"]]),
  ...inZone("Asia/Beirut", [["spring: no midnight", "20:00–00:30", "2026-03-28T23:59+02:00", "2026-03-29T01:00+03:00"]]),

  // Zones without changes, far from UTC, and by their other names.
  ...inZone("Asia/Kathmandu", [["5¾ hours ahead", "20:00–08:00", "2026-11-23T20:00+05:45", "2026-11-24T08:00+05:45"]]),
  ...inZone("Asia/Calcutta", [["an old name of Asia/Kolkata", "20:00–08:00", "2026-11-24T07:59+05:30", "2026-11-24T08:00+05:30"]]),
  ...inZone("Pacific/Kiritimati", [["a day ahead", "20:00–08:00; quiet: sat sun", "2026-11-28T00:00+14:00", "2026-11-30T08:00+14:00"]]),
  ...inZone("Pacific/Pago_Pago", [
    ["half a day behind", "20:00–08:00; quiet: sat sun", "2026-11-29T23:59-11:00", "2026-11-30T08:00-11:00"],
  ]),
  ...inZone("Asia/Tehran", [["no summer time since 2022", "20:00–08:00", "2026-07-01T07:59+03:30", "2026-07-01T08:00+03:30"]]),
  ...inZone("America/Mexico_City", [["no summer time since 2022", "20:00–08:00", "2026-07-01T07:59-06:00", "2026-07-01T08:00-06:00"]]),
  ...inZone("Asia/Almaty", [["an hour west since 2024", "20:00–08:00", "2026-07-01T07:59+05:00", "2026-07-01T08:00+05:00"]]),
  ...inZone("US/Pacific", [["an old name with changes", "22:00–02:30", "2026-03-08T01:59-08:00", "2026-03-08T03:00-07:00"]]),
  ...inZone("UTC", [["no zone at all", "20:00–08:00", "2026-11-23T20:00+00:00", "2026-11-24T08:00+00:00"]]),
  // Before the years that Carillon carries, from the runtime's own data: Samoa had no 2011-12-30, a Friday.
  ...inZone("Pacific/Apia", [
    ["a whole quiet day is skipped", "12:00–13:00; quiet: fri", "2011-12-29T23:59-10:00", "open"],
    ["a quiet Thursday ends on Saturday", "12:00–13:00; quiet: thu", "2011-12-29T12:00-10:00", "2011-12-31T00:00+14:00"],
  ]),
];
