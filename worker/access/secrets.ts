import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";

/** 256 random bits in base64url, 43 characters. */
export const newSecret = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");

/** What is stored in place of a secret. A plain hash will do: 256 random bits can't be guessed. */
export const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("base64url");

/** Compares in a time that tells nothing of where they differ. */
export function isSame(a: string, b: string): boolean {
  const first = Buffer.from(a);
  const second = Buffer.from(b);
  return first.byteLength === second.byteLength && timingSafeEqual(first, second);
}

/** The credential of an `Authorization: Bearer …` header, or null. */
export function bearerOf(header: string | null | undefined): string | null {
  const match = /^Bearer +([^\s]+)$/i.exec(header ?? "");
  return match?.[1] ?? null;
}
