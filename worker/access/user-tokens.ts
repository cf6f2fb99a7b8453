import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import * as z from "zod";
import { LIMITS } from "@carillon/shared/limits";
import { USER_ID } from "@carillon/shared/people";
import { unauthorized } from "../errors.ts";
import type { Outside } from "../ports.ts";
import { bearerOf, isSame } from "./secrets.ts";

/** The one header there is: algorithm and type are never read from a token, they are compared. */
const HEADER = encode({ alg: "HS256", typ: "carillon-user+jwt" });
const AUDIENCE = "carillon:me";
/** Clocks of two machines may differ by so much, seconds. */
const SKEW_SECONDS = 60;
const MOST_CHARACTERS = 4_096;

/** RFC 7519; times in seconds since 1970. */
const claimsSchema = z.object({
  aud: z.literal(AUDIENCE),
  sub: z.string().regex(USER_ID),
  org: z.string().min(1).max(40),
  shards: z.int().min(1),
  iat: z.int(),
  exp: z.int(),
});

/** Person and organisation of a token, as it was minted. */
export type UserIdentity = { org: string; user: string; shards: number };

/** A token for one person's browser, good for `ttl` seconds (15 minutes at the most). */
export async function mintUserToken(
  ports: Pick<Outside, "vault" | "clock">,
  { org, user, shards }: UserIdentity,
  ttl: number = LIMITS.tokenSeconds,
): Promise<{ token: string; expiresAt: string }> {
  const iat = Math.floor(ports.clock.now() / 1_000);
  const exp = iat + Math.min(ttl, LIMITS.tokenSeconds);
  const signed = `${HEADER}.${encode({ aud: AUDIENCE, sub: user, org, shards, iat, exp } satisfies z.infer<typeof claimsSchema>)}`;
  return { token: `${signed}.${await sign(ports, signed)}`, expiresAt: new Date(exp * 1_000).toISOString() };
}

/**
 * Checks the token of an `Authorization: Bearer …` header, without asking anyone.
 * @throws 401 `token.missing`, `token.invalid`, `token.expired`
 */
export async function verifyUserToken(ports: Pick<Outside, "vault" | "clock">, header: string | null | undefined): Promise<UserIdentity> {
  if (!header) throw unauthorized("token.missing", "This call needs a user token: Authorization: Bearer <token>");
  const token = bearerOf(header) ?? "";
  const [head, body, signature, ...rest] = token.split(".");
  if (token.length > MOST_CHARACTERS || head !== HEADER || !body || !signature || rest.length > 0) throw invalidToken();
  if (!isSame(signature, await sign(ports, `${head}.${body}`))) throw invalidToken();
  const claims = claimsSchema.safeParse(JSON.parse(Buffer.from(body, "base64url").toString()));
  if (!claims.success) throw invalidToken();
  const { sub, org, shards, iat, exp } = claims.data;
  const now = ports.clock.now() / 1_000;
  if (exp - iat > LIMITS.tokenSeconds || iat > now + SKEW_SECONDS) throw invalidToken();
  if (exp <= now) throw unauthorized("token.expired", "This token has expired; get a new one.");
  return { org, user: sub, shards };
}

const invalidToken = () => unauthorized("token.invalid", "This token is not valid.");

/** HMAC with SHA-256 (RFC 7515, HS256). */
const sign = async ({ vault }: Pick<Outside, "vault">, text: string): Promise<string> =>
  createHmac("sha256", await vault.signingKey("user-token"))
    .update(text)
    .digest("base64url");

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
