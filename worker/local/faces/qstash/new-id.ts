import { randomBytes } from "node:crypto";

let latest = { at: 0, count: 0 };

/** An id that nobody can guess, such as `msg_…`. Of two ids, the later one is the greater: queues go by that. */
export function newId(prefix: string): string {
  const now = Date.now();
  latest = now > latest.at ? { at: now, count: 0 } : { at: latest.at, count: latest.count + 1 };
  const order = latest.at.toString(36).padStart(9, "0") + latest.count.toString(36).padStart(5, "0");
  return prefix + order + randomBytes(12).toString("hex");
}
