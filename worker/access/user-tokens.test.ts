import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { AppError } from "../errors.ts";
import { fixedClock } from "../settings/fixtures.ts";
import { createVault } from "../settings/vault.ts";
import { mintUserToken, verifyUserToken } from "./user-tokens.ts";

const vault = createVault({ keys: { k1: Buffer.alloc(32, 1).toString("base64") }, active: "k1" });
const clock = fixedClock();
const ports = { vault, clock };
const person = { org: "acme", user: "u17", shards: 3 };
const now = clock.now() / 1_000;

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const forge = async (header: object, claims: object, key?: Uint8Array) => {
  const text = `${encode(header)}.${encode(claims)}`;
  return `Bearer ${text}.${createHmac("sha256", key ?? (await vault.signingKey("user-token")))
    .update(text)
    .digest("base64url")}`;
};
const refusal = async (header: string | undefined, at: Parameters<typeof verifyUserToken>[0] = ports) => {
  const error = await verifyUserToken(at, header).then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof AppError ? error.code : error;
};
const HEADER = { alg: "HS256", typ: "carillon-user+jwt" };
const CLAIMS = { aud: "carillon:me", sub: "u17", org: "acme", shards: 3, iat: now, exp: now + 900 };

test("a token names its person and organisation, for 15 minutes at the most", async () => {
  const { token, expiresAt } = await mintUserToken(ports, person);
  expect(expiresAt).toBe("2026-11-23T12:15:00.000Z");
  expect(await verifyUserToken(ports, `Bearer ${token}`)).toEqual(person);
  expect((await mintUserToken(ports, person, 86_400)).expiresAt).toBe(expiresAt);
  const later = (ms: number) => ({ vault, clock: { now: () => clock.now() + ms } });
  expect(await verifyUserToken(later(899_000), `Bearer ${token}`)).toEqual(person);
  expect(await refusal(`Bearer ${token}`, later(900_000))).toBe("token.expired");
});

test("only a token just as we make it is taken", async () => {
  expect(await refusal(undefined)).toBe("token.missing");
  expect(await refusal(await forge(HEADER, CLAIMS))).toBe(null);
  const { exp: _, ...endless } = CLAIMS;
  const refused = [
    await forge({ alg: "none", typ: HEADER.typ }, CLAIMS),
    await forge({ alg: "HS512", typ: HEADER.typ }, CLAIMS),
    await forge({ alg: "HS256", typ: "JWT" }, CLAIMS),
    await forge(HEADER, endless),
    await forge(HEADER, { ...CLAIMS, exp: now + 901 }),
    await forge(HEADER, { ...CLAIMS, iat: now + 120, exp: now + 600 }),
    await forge(HEADER, { ...CLAIMS, aud: "other" }),
    await forge(HEADER, { ...CLAIMS, aud: ["carillon:me"] }),
    await forge(HEADER, { ...CLAIMS, sub: "" }),
    await forge(HEADER, { ...CLAIMS, exp: String(CLAIMS.exp) }),
    await forge(HEADER, CLAIMS, await vault.signingKey("other")),
    `Bearer ${encode(HEADER)}.${encode(CLAIMS)}.`,
    `Bearer ${encode(HEADER)}.${encode(CLAIMS)}`,
    `${(await forge(HEADER, CLAIMS)).slice(0, -2)}`,
    "Bearer a.b.c",
    `Bearer ${"x".repeat(10_000)}`,
  ];
  for (const header of refused) expect(await refusal(header)).toBe("token.invalid");
});
