import { createHash, timingSafeEqual } from "node:crypto";

/** Whether a request bears the token, as a header or in the query parameter of that name. */
export function bears(request: Request, token: string, parameter: string): boolean {
  const [scheme, given] = (request.headers.get("authorization") ?? "").split(" ");
  const presented = scheme?.toLowerCase() === "bearer" ? given : new URL(request.url).searchParams.get(parameter);
  return typeof presented === "string" && timingSafeEqual(digest(presented), digest(token));
}

const digest = (text: string) => createHash("sha256").update(text).digest();
