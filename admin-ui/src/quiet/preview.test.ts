import { initialQuietHours } from "@carillon/shared/quiet-hours";
import { expect, test } from "vitest";
import { fateWords, previewOf, previewZones } from "./preview.ts";

const MONDAY_21_UTC = Date.parse("2026-11-23T21:00:00Z");
const hours = { ...initialQuietHours(), enabled: true, timeZone: "Europe/Berlin" };

test("a message on a quiet evening is held in the zones where it is evening, and the bell stays silent", () => {
  const [berlin, newYork] = previewOf(hours, true, ["Europe/Berlin", "America/New_York"], MONDAY_21_UTC);
  expect(fateWords(berlin!.normal, berlin!.zone)).toEqual({
    state: "held",
    head: "Held until Tue 24 Nov, 08:00",
    text: "Email, SMS, WhatsApp, Browser Push. In-App arrives silently.",
  });
  expect(fateWords(berlin!.urgent, berlin!.zone).head).toBe("Sent at once");
  expect(newYork).toMatchObject({ clock: "Mon 23 Nov, 16:00", normal: { held: [], until: null, isSilent: false } });
});

test("without the override urgent ones are held too; what is not held is sent", () => {
  const [berlin] = previewOf({ ...hours, urgentPasses: false, heldChannels: ["sms"] }, false, ["Europe/Berlin"], MONDAY_21_UTC);
  expect(fateWords(berlin!.urgent, berlin!.zone).text).toBe("SMS. The others are sent at once.");
});

test("switched off, nothing is held", () => {
  const [berlin] = previewOf({ ...hours, enabled: false }, true, ["Europe/Berlin"], MONDAY_21_UTC);
  expect(fateWords(berlin!.normal, berlin!.zone)).toEqual({ state: "sent", head: "Sent at once", text: "On all channels." });
});

test("the organisation's zone comes first and no zone twice", () => {
  expect(previewZones("Asia/Tokyo", "Asia/Tokyo")).toEqual(["Asia/Tokyo", "America/New_York", "Europe/London", "Asia/Kolkata"]);
});
