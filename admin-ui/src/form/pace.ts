import type { Pace } from "@carillon/shared/pace";
import type { FormShape } from "../stores/channel-form.ts";

/** Numbers, or text while they are none; empty for no limit. */
export type Paced = { pace: { perSecond: number | string; connections: number | string } };

/** A channel's form together with the pace of its provider. */
export function withPace<Draft extends object>(shape: FormShape<Draft>): FormShape<Draft & Paced> {
  return {
    ...shape,
    toDraft(settings) {
      const { perSecond, connections } = (settings["pace"] ?? {}) as Partial<Pace>;
      return { ...shape.toDraft(settings), pace: { perSecond: perSecond ?? "", connections: connections ?? "" } };
    },
    toSettings({ pace, ...draft }) {
      const perSecond = toNumber(pace.perSecond);
      const connections = toNumber(pace.connections);
      const isNone = perSecond === null && connections === null;
      return { ...shape.toSettings(draft as unknown as Draft), pace: isNone ? undefined : { perSecond, connections } };
    },
  };
}

/** What is no number stays as it was typed, so that the schema says so. */
function toNumber(typed: number | string): number | string | null {
  const text = String(typed).trim().replace(",", ".");
  return text === "" ? null : Number.isNaN(Number(text)) ? typed : Number(text);
}
