import type { Context } from "hono";
import type { AppError } from "../errors.ts";
import { seenOf } from "./seen.ts";

/** An error as RFC 9457 problem+json. */
export function problemOf(error: AppError, requestId: string): Record<string, unknown> {
  return {
    type: "about:blank",
    title: TITLES[error.status] ?? "Error",
    status: error.status,
    code: error.code,
    detail: error.message,
    ...(error.errors.length > 0 ? { errors: error.errors } : {}),
    requestId,
    ...error.extra,
  };
}

/** By this a person's complaint finds its line in the log; made when it is first needed. */
export function requestIdOf(c: Context): string {
  const seen = seenOf(c);
  return (seen.requestId ??= crypto.randomUUID());
}

const TITLES: Record<number, string> = {
  400: "Bad request",
  401: "Not signed in",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  413: "Too large",
  415: "Unsupported media type",
  422: "Can't be processed",
  429: "Too many requests",
  500: "Internal error",
  503: "Unavailable",
};
