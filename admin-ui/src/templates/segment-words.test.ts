import { countSegments } from "@carillon/shared/sms-segments";
import { expect, test } from "vitest";
import { segmentWords } from "./segment-words.ts";

test("says how many SMS a text takes, how much room is left and in which alphabet", () => {
  expect(segmentWords(countSegments("Hello"))).toEqual({
    count: "1 SMS, room for 155 more",
    detail: "5 characters in GSM-7: 160 fit one, 153 each of several. Values bring characters of their own.",
  });
  expect(segmentWords(countSegments("ж".repeat(71)))).toMatchObject({ count: "2 SMS, room for 63 more" });
});
