import { LIMITS } from "@carillon/shared/limits";
import { badRequest, invalid } from "../errors.ts";

const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/** JSON from outside: throws what HTTP answers for broken text, for nesting too deep and for names that could reach a prototype. */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRequest("body.not-json", "The body is not valid JSON.");
  }
  check(value, 1);
  return value;
}

function check(value: unknown, depth: number): void {
  if (value === null || typeof value !== "object") return;
  if (depth > LIMITS.jsonDepth) throw invalid("body.too-deep", `JSON may be nested ${LIMITS.jsonDepth} levels deep at the most.`);
  if (Array.isArray(value)) {
    for (const item of value) check(item, depth + 1);
    return;
  }
  for (const name of Object.keys(value)) {
    if (FORBIDDEN.has(name))
      throw invalid("body.forbidden-name", `The name ${name} is not allowed.`, [{ path: name, message: "Not allowed" }]);
    check((value as Record<string, unknown>)[name], depth + 1);
  }
}
