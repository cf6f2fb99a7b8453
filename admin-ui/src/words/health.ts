import type { HealthState } from "@carillon/shared/channels";
import { CircleAlert, CircleCheck, CircleDashed, FlaskConical } from "@lucide/vue";

/** A channel's health in a word, with its sign. */
export const HEALTH = {
  ok: { word: "Healthy", tone: "good", icon: CircleCheck },
  fault: { word: "Fault", tone: "bad", icon: CircleAlert },
  untested: { word: "Untested", tone: "warn", icon: FlaskConical },
  unconfigured: { word: "Not set up", tone: "plain", icon: CircleDashed },
} as const satisfies Record<HealthState, object>;
