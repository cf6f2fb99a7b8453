import { createHash, createHmac } from "node:crypto";

/** What QStash claims of a message: https://upstash.com/docs/qstash/features/security */
export type Claims = { iss?: string; sub?: string; exp?: number | undefined; nbf?: number; iat?: number; jti?: string; body?: string };

/** A message's signature as QStash makes it. `claims` replace single claims, undefined leaves one out. */
export function signAsQueue({
  url,
  body,
  key,
  now,
  claims = {},
}: {
  url: string;
  body: string;
  key: string;
  now: number;
  claims?: Claims;
}): string {
  const issued = Math.floor(now / 1_000);
  const all: Claims = {
    iss: "Upstash",
    sub: url,
    exp: issued + 300,
    nbf: issued,
    iat: issued,
    jti: "jwt_test",
    body: createHash("sha256").update(body).digest("base64url"),
    ...claims,
  };
  const unsigned = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(all)}`;
  return `${unsigned}.${createHmac("sha256", key).update(unsigned).digest("base64url")}`;
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");
