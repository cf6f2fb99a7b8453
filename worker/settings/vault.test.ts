import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { SealBroken } from "../errors.ts";
import type { SecretPlace } from "../ports.ts";
import { createVault } from "./vault.ts";

const key = (fill: number): string => Buffer.alloc(32, fill).toString("base64");
const place: SecretPlace = { org: "acme", channel: "email", field: "password" };
const vault = createVault({ keys: { k1: key(1) }, active: "k1" });

test("a sealed secret opens where it was sealed, and never looks the same twice", async () => {
  for (const plain of ["", "hunter2", "pässwörd 🔑", "x".repeat(8_000)])
    expect(await vault.open(await vault.seal(plain, place), place)).toBe(plain);
  expect(await vault.seal("hunter2", place)).not.toBe(await vault.seal("hunter2", place));
  expect(await vault.seal("hunter2", place)).toMatch(/^v1\.k1\.[\w-]{16}\.[\w-]+$/);
});

test("a secret that was moved elsewhere does not open", async () => {
  const sealed = await vault.seal("hunter2", place);
  const elsewhere: SecretPlace[] = [
    { ...place, org: "other" },
    { ...place, channel: "sms" },
    { ...place, field: "clientSecret" },
    { org: "acmeemail", channel: "email", field: "password" },
  ];
  for (const other of elsewhere) await expect(vault.open(sealed, other)).rejects.toThrow(SealBroken);
});

test("lengths keep apart what stands side by side", async () => {
  const sealed = await vault.seal("hunter2", { org: "a", channel: "email", field: "b" });
  await expect(vault.open(sealed, { org: "ae", channel: "email", field: "b" })).rejects.toThrow(SealBroken);
});

test("any changed character breaks the seal", async () => {
  const sealed = await vault.seal("hunter2", place);
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice(0, at) + (sealed[at] === "A" ? "B" : "A") + sealed.slice(at + 1);
    await expect(vault.open(changed, place)).rejects.toThrow(SealBroken);
  }
  for (const broken of ["", "v1", "hunter2", `${sealed}.x`, `${sealed}=`, sealed.slice(0, -1), sealed.replace("v1.", "v2.")]) {
    await expect(vault.open(broken, place)).rejects.toThrow(SealBroken);
  }
});

test("after a rotation old seals still open, until their key is taken away", async () => {
  const old = await vault.seal("hunter2", place);
  const rotated = createVault({ keys: { k1: key(1), k2: key(2) }, active: "k2" });
  expect(await rotated.open(old, place)).toBe("hunter2");
  expect(await rotated.seal("hunter2", place)).toMatch(/^v1\.k2\./);
  await expect(createVault({ keys: { k2: key(2) }, active: "k2" }).open(old, place)).rejects.toThrow("k1");
  await expect(createVault({ keys: { k1: key(3) }, active: "k1" }).open(old, place)).rejects.toThrow(SealBroken);
});

test("every purpose has a signing key of its own, the same one each time", async () => {
  const [tokens, tickets, again] = await Promise.all([
    vault.signingKey("tokens"),
    vault.signingKey("tickets"),
    createVault({ keys: { k1: key(1) }, active: "k1" }).signingKey("tokens"),
  ]);
  expect(tokens).toHaveLength(32);
  expect(tokens).toEqual(again);
  expect(tokens).not.toEqual(tickets);
});

test("what was signed before a rotation is verified after it", async () => {
  const rotated = createVault({ keys: { k1: key(1), k2: key(2) }, active: "k2" });
  const [before] = await vault.signingKeys("links");
  expect(await rotated.signingKeys("links")).toEqual([await rotated.signingKey("links"), before]);
  expect(before).toEqual(await vault.signingKey("links"));
  expect(before).not.toEqual(await rotated.signingKey("links"));
});

test("a wrong key stops the start", () => {
  expect(() => createVault({ keys: { k1: "c2hvcnQ=" }, active: "k1" })).toThrow("32 bytes");
  expect(() => createVault({ keys: { "k.1": key(1) }, active: "k.1" })).toThrow("can't be the name");
  expect(() => createVault({ keys: { k1: key(1) }, active: "k2" })).toThrow("k2");
});
