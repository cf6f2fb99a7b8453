import { Buffer } from "node:buffer";
import { SealBroken } from "../errors.ts";
import type { SecretPlace, Vault } from "../ports.ts";

/** AES-256-GCM, NIST SP 800-38D: a key of 32 bytes, a fresh IV of 12 for every seal. */
const KEY_BYTES = 32;
const IV_BYTES = 12;
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;

/**
 * Seals to `v1.<key id>.<iv>.<ciphertext and tag>`, both in base64url. New seals use the active key; older ones open with the key
 * they name, so a rotation needs no downtime. Throws at once for a key that is not 32 bytes, or an active one that is not there.
 */
export function createVault({ keys, active }: { keys: Record<string, string>; active: string }): Vault {
  const rawKeys = new Map(Object.entries(keys).map(([id, text]) => [id, readKey(id, text)] as const));
  if (!rawKeys.has(active)) throw new Error(`There is no settings key ${active}.`);
  const older = [...rawKeys.keys()].filter((id) => id !== active);
  const imported = new Map<string, Promise<CryptoKey>>();
  const derived = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

  /** Importing costs more than sealing, so it is done once. */
  const sealingKey = (id: string): Promise<CryptoKey> => {
    const raw = rawKeys.get(id);
    if (!raw) throw new SealBroken(`The secret was sealed with the key ${id}, which is not configured`);
    return remember(imported, id, () => crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]));
  };

  const signingKey = (id: string, purpose: string): Promise<Uint8Array<ArrayBuffer>> =>
    remember(derived, `${id} ${purpose}`, () => derive(rawKeys.get(id)!, purpose));

  return {
    async seal(plain, place) {
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
      const sealed = await crypto.subtle.encrypt(
        { name: "AES-GCM", iv, additionalData: bytesOf(place) },
        await sealingKey(active),
        new TextEncoder().encode(plain),
      );
      return `v1.${active}.${Buffer.from(iv).toString("base64url")}.${Buffer.from(sealed).toString("base64url")}`;
    },

    async open(sealed, place) {
      const [version, id, iv, text, ...rest] = sealed.split(".");
      if (version !== "v1" || !id || !iv || !text || rest.length > 0) throw new SealBroken("This is not a sealed secret");
      const key = await sealingKey(id);
      const nonce = decode(iv);
      if (nonce.byteLength !== IV_BYTES) throw new SealBroken("The sealed secret was changed");
      try {
        const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce, additionalData: bytesOf(place) }, key, decode(text));
        return new TextDecoder().decode(plain);
      } catch {
        throw new SealBroken("The sealed secret was changed, or stands in another place");
      }
    },

    signingKey: (purpose) => signingKey(active, purpose),

    signingKeys: (purpose) => Promise.all([active, ...older].map((id) => signingKey(id, purpose))),
  };
}

function readKey(id: string, text: string): Uint8Array<ArrayBuffer> {
  if (!KEY_ID.test(id)) throw new Error(`${JSON.stringify(id)} can't be the name of a settings key: letters, digits, _ and - only.`);
  const bytes = new Uint8Array(Buffer.from(text, "base64"));
  if (bytes.byteLength !== KEY_BYTES) throw new Error(`The settings key ${id} must be ${KEY_BYTES} bytes in base64.`);
  return bytes;
}

/** HKDF with SHA-256 (RFC 5869): the purpose keeps keys apart, so that what one signs no other accepts. */
async function derive(secret: Uint8Array<ArrayBuffer>, purpose: string): Promise<Uint8Array<ArrayBuffer>> {
  const material = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const info = new TextEncoder().encode(`carillon signing key: ${purpose}`);
  return new Uint8Array(
    await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info }, material, KEY_BYTES * 8),
  );
}

/** Each part behind its length, so that no two places have the same bytes. */
function bytesOf({ org, channel, field }: SecretPlace): Uint8Array<ArrayBuffer> {
  const parts = [org, channel, field].map((part) => new TextEncoder().encode(part));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.byteLength, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.byteLength);
    bytes.set(part, at + 4);
    at += 4 + part.byteLength;
  }
  return bytes;
}

/** Base64url in its one proper spelling; spare bits or foreign characters are a change like any other. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") !== text) throw new SealBroken("The sealed secret was changed");
  return new Uint8Array(bytes);
}

function remember<Value>(made: Map<string, Promise<Value>>, name: string, make: () => Promise<Value>): Promise<Value> {
  let value = made.get(name);
  if (!value) made.set(name, (value = make()));
  return value;
}
