import { CircleAlert, CircleCheck, CirclePause, Hourglass } from "@lucide/vue";

/** How a template's state and quality look; Meta's own words are kept. */
export const stateLook = (status: string) => STATES[status] ?? { tone: "plain" as const, icon: CirclePause };
export const stateWord = (status: string): string => status[0] + status.slice(1).toLowerCase().replaceAll("_", " ");

const STATES: Record<string, { tone: "good" | "warn" | "bad" | "plain"; icon: typeof CircleCheck }> = {
  APPROVED: { tone: "good", icon: CircleCheck },
  PENDING: { tone: "warn", icon: Hourglass },
  IN_APPEAL: { tone: "warn", icon: Hourglass },
  PAUSED: { tone: "warn", icon: CirclePause },
  REJECTED: { tone: "bad", icon: CircleAlert },
  DISABLED: { tone: "bad", icon: CircleAlert },
};

export const QUALITY: Record<string, string> = { GREEN: "high quality", YELLOW: "medium quality", RED: "low quality" };
