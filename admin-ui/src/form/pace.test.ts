import { expect, test } from "vitest";
import type { FormShape } from "../stores/channel-form.ts";
import { withPace } from "./pace.ts";

const shape = withPace({
  channel: "sms",
  schema: null as never,
  toDraft: ({ from = "" }) => ({ from }) as { from: string },
  toSettings: ({ from }: { from: string }) => ({ from }),
} as FormShape<{ from: string }>);

test("a channel without a pace has empty fields, and empty fields are none", () => {
  expect(shape.toDraft({ from: "a" })).toEqual({ from: "a", pace: { perSecond: "", connections: "" } });
  expect(JSON.stringify(shape.toSettings(shape.toDraft({ from: "a" })))).toBe('{"from":"a"}');
});

test("one field alone is a pace; a comma is a point, and what is no number is left to the schema", () => {
  expect(shape.toDraft({ pace: { perSecond: null, connections: 3 } }).pace).toEqual({ perSecond: "", connections: 3 });
  const settings = (perSecond: string, connections: string) => shape.toSettings({ from: "", pace: { perSecond, connections } });
  expect(settings("0,5", "")).toMatchObject({ pace: { perSecond: 0.5, connections: null } });
  expect(settings("", " 3 ")).toMatchObject({ pace: { perSecond: null, connections: 3 } });
  expect(settings("fast", "")).toMatchObject({ pace: { perSecond: "fast", connections: null } });
});
