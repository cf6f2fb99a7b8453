import type { Issue } from "@carillon/shared/events";

/** An expected failure that HTTP turns into problem+json. `code` is stable, `message` is for people. */
export class AppError extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: Issue[];
  readonly extra: Record<string, unknown>;
  readonly headers: Record<string, string>;
  constructor(
    status: number,
    code: string,
    message: string,
    more: { errors?: Issue[]; extra?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = "AppError";
    this.status = status;
    this.code = code;
    this.errors = more.errors ?? [];
    this.extra = more.extra ?? {};
    this.headers = more.headers ?? {};
  }
}

export const badRequest = (code: string, message: string, errors: Issue[] = []) => new AppError(400, code, message, { errors });
export const invalid = (code: string, message: string, errors: Issue[] = []) => new AppError(422, code, message, { errors });
export const unauthorized = (code: string, message: string) =>
  new AppError(401, code, message, { headers: { "www-authenticate": "Bearer" } });
export const forbidden = (code: string, message: string) => new AppError(403, code, message);
export const notFound = (what: string) => new AppError(404, "not-found", `There is no such ${what}.`);
export const conflict = (code: string, message: string, extra: Record<string, unknown> = {}) => new AppError(409, code, message, { extra });
export const tooLarge = (message: string) => new AppError(413, "body.too-large", message);
export const tooMany = (message: string, seconds: number) =>
  new AppError(429, "rate-limited", message, { headers: { "retry-after": String(seconds) } });
export const unavailable = (what: string) =>
  new AppError(503, "unavailable", `${what} can't be reached just now; nothing was stored. Please try again.`, {
    headers: { "retry-after": "1" },
  });

/** The store, the queue or a shard could not be reached in time. */
export class Unavailable extends Error {
  readonly part: "store" | "queue" | "shard";
  constructor(part: "store" | "queue" | "shard", cause?: unknown) {
    super(`The ${part} can't be reached`, { cause });
    this.name = "Unavailable";
    this.part = part;
  }
}

/** A sealed secret does not open: wrong key, wrong place, or changed. */
export class SealBroken extends Error {
  constructor(why: string) {
    super(why);
    this.name = "SealBroken";
  }
}
