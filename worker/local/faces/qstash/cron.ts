import { Cron } from "croner";
import { Refused } from "./refused.ts";

/**
 * Compiles `minute hour day month weekday`, by `CRON_TZ=Area/City ` before it in that zone, else in UTC, to a function that answers the
 * first such instant after another. Throws Refused. https://upstash.com/docs/qstash/features/schedules
 */
export function compileCron(text: string): (after: number) => number {
  const [, zone = "UTC", pattern = ""] = /^(?:CRON_TZ=(\S+)\s+)?(.*)$/s.exec(text.trim()) ?? [];
  try {
    if (pattern.split(/\s+/).length !== 5) throw new Error("five fields are expected");
    const cron = new Cron(pattern, { timezone: zone, mode: "5-part", paused: true });
    const next = (after: number): number => {
      const found = cron.nextRun(new Date(after));
      if (!found) throw new Error("it never comes");
      return found.getTime();
    };
    next(0);
    return next;
  } catch (error) {
    throw new Refused(400, `invalid cron: ${text.trim()}: ${error instanceof Error ? error.message : ""}`);
  }
}
