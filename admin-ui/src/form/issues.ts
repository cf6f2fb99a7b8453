import type { Issue } from "@carillon/shared/events";
import type * as z from "zod";

/** The first complaint of each field, by its path. */
export function issuesIn(schema: z.ZodType, values: unknown): Record<string, string> {
  const parsed = schema.safeParse(values);
  return parsed.success ? {} : byField(parsed.error.issues.map((issue) => ({ path: issue.path.join("."), message: issue.message })));
}

/** The server names fields from the body's root (`settings.host`, `secrets.password`), the form from its own. */
export function byField(issues: Issue[]): Record<string, string> {
  const messages: Record<string, string> = {};
  for (const { path, message } of issues) messages[path.replace(/^(settings|secrets)\./, "")] ??= message;
  return messages;
}
