import { createDecipheriv, createECDH, createPublicKey, hkdfSync, verify } from "node:crypto";

/** A browser's own side of a subscription, base64url. */
export type BrowserKeys = { publicKey: string; privateKey: string; auth: string };

const bytes = (text: string): Buffer => Buffer.from(text, "base64url");
const derive = (key: Buffer, salt: Buffer, info: Buffer, length: number): Buffer =>
  Buffer.from(hkdfSync("sha256", key, salt, info, length));

/** RFC 8291 over RFC 8188, one record, as a browser reads it; apart from the library that writes, so that each proves the other. Throws. */
export function decrypt(body: Buffer, keys: BrowserKeys): string {
  const salt = body.subarray(0, 16);
  const recordSize = body.readUInt32BE(16);
  const idLength = body.readUInt8(20);
  const serverKey = body.subarray(21, 21 + idLength);
  const record = body.subarray(21 + idLength);
  if (record.length > recordSize) throw new Error("more than one record");
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(bytes(keys.privateKey));
  const shared = curve.computeSecret(serverKey);
  const info = Buffer.concat([Buffer.from("WebPush: info\0"), bytes(keys.publicKey), serverKey]);
  const input = derive(shared, bytes(keys.auth), info, 32);
  const key = derive(input, salt, Buffer.from("Content-Encoding: aes128gcm\0"), 16);
  const nonce = derive(input, salt, Buffer.from("Content-Encoding: nonce\0"), 12);
  const decipher = createDecipheriv("aes-128-gcm", key, nonce);
  decipher.setAuthTag(record.subarray(-16));
  const plain = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
  const end = plain.lastIndexOf(2); // the last record's delimiter, then only zeros
  if (end < 0 || plain.subarray(end + 1).some((byte) => byte !== 0)) throw new Error("no delimiter");
  return plain.subarray(0, end).toString("utf8");
}

/** The VAPID key that signed, or why the signature is none (RFC 8292). */
export function verifyVapid(authorization: string, audience: string, now: number): { key: string } | { why: string } {
  const [, token = "", key = ""] = /^vapid t=([\w.-]+), ?k=([\w-]+)$/.exec(authorization) ?? [];
  const [header = "", payload = "", signature = ""] = token.split(".");
  const point = bytes(key);
  if (point.length !== 65) return { why: "no VAPID key" };
  const jwk = {
    kty: "EC",
    crv: "P-256",
    x: point.subarray(1, 33).toString("base64url"),
    y: point.subarray(33).toString("base64url"),
  };
  try {
    const publicKey = createPublicKey({ key: jwk, format: "jwk" });
    const isSigned = verify("sha256", Buffer.from(`${header}.${payload}`), { key: publicKey, dsaEncoding: "ieee-p1363" }, bytes(signature));
    if (!isSigned) return { why: "the JWT's signature is wrong" };
    const { aud, exp, sub } = JSON.parse(bytes(payload).toString("utf8")) as { aud?: unknown; exp?: unknown; sub?: unknown };
    if (aud !== audience) return { why: `aud is ${String(aud)}, not ${audience}` };
    if (typeof exp !== "number" || exp * 1_000 < now || exp * 1_000 > now + 86_400_000)
      return { why: "exp is past or more than a day ahead" };
    if (typeof sub !== "string" || !/^(mailto:|https:)/.test(sub)) return { why: "sub is no mailto: or https: address" };
    return { key };
  } catch (error) {
    return { why: error instanceof Error ? error.message : "unreadable" };
  }
}
