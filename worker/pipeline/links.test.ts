import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { initialSettings } from "@carillon/shared/settings";
import type { Message } from "../channels/channel.ts";
import { createVault } from "../settings/vault.ts";
import { readRenewal, readReport, readUnsubscribe, renewalProof, reportUrl, unsubscribeUrl, withLinks } from "./links.ts";

const key = (fill: number) => Buffer.alloc(32, fill).toString("base64");
const portsWith = (keys: Record<string, string>, active: string) => ({
  vault: createVault({ keys, active }),
  config: { publicUrl: "https://carillon.example.com" } as never,
});
const ports = portsWith({ k1: key(1) }, "k1");
const MATTER = { org: "acme", user: "u17", type: "task_assigned" };
const lastPart = (url: string) => decodeURIComponent(url.slice(url.lastIndexOf("/") + 1));

test("an unsubscribe link says for whom and which kind, and is short", async () => {
  const url = await unsubscribeUrl(ports, MATTER);
  expect(url).toMatch(/^https:\/\/carillon\.example\.com\/u\/acme~u17~task_assigned~[\w-]{22}$/);
  expect(await readUnsubscribe(ports, lastPart(url))).toEqual(MATTER);
  const { length } = await unsubscribeUrl(ports, {
    org: "a".repeat(20),
    user: "5f0c1a52-9e0b-4c55-9d1f-1d6d0c9b7a11",
    type: "deal_stage_change",
  });
  expect(length).toBeLessThanOrEqual(200);
});

test.each(["Jürgen.Ö", "a@b+c:d", "user_1-2"])("a person called %s comes back whole", async (user) => {
  const url = await unsubscribeUrl(ports, { ...MATTER, user });
  expect(url).toMatch(/^[\x21-\x7e]+$/);
  expect(await readUnsubscribe(ports, lastPart(url))).toEqual({ ...MATTER, user });
});

test("a changed letter, another purpose and another key are not ours", async () => {
  const text = lastPart(await unsubscribeUrl(ports, MATTER));
  for (const broken of [
    "",
    "~",
    "~~~",
    text.slice(0, -1),
    `${text}x`,
    text.replace("u17", "u18"),
    text.replace("acme", "other"),
    `x~${text}`,
  ])
    expect(await readUnsubscribe(ports, broken), broken).toBeNull();
  expect(await readUnsubscribe(portsWith({ k2: key(2) }, "k2"), text)).toBeNull();
  const report = lastPart(await reportUrl(ports, { org: "acme", delivery: "0-3k" }));
  expect(await readReport(ports, report)).toEqual({ org: "acme", delivery: "0-3k" });
  expect(await readRenewal(ports, report, "")).toBeNull();
});

test("a mail that was sent before the settings key was changed can still be unsubscribed from", async () => {
  const text = lastPart(await unsubscribeUrl(ports, MATTER));
  expect(await readUnsubscribe(portsWith({ k1: key(1), k2: key(2) }, "k2"), text)).toEqual(MATTER);
});

test("a renewal's proof is good for the address that it was made for", async () => {
  const proof = await renewalProof(ports, { org: "acme", user: "u17" }, "https://push.example.com/a");
  expect(await readRenewal(ports, proof, "https://push.example.com/a")).toEqual({ org: "acme", user: "u17" });
  expect(await readRenewal(ports, proof, "https://push.example.com/b")).toBeNull();
  expect(await readRenewal(ports, proof.replace("u17", "u18"), "https://push.example.com/a")).toBeNull();
});

test("a mail that its reader may mute has a way out; a locked one, a catch-up and other channels have none", async () => {
  const settings = { ...initialSettings(), version: 1 };
  settings.routing.cells["mention"]!.email = { when: "on", locked: true };
  const message = (type: string, more: Partial<Message> = {}) =>
    ({ deliveryId: "0-3k", org: "acme", to: { id: "u17" }, event: { id: "e", type, priority: "normal" }, ...more }) as Message;
  const linksOf = async (channel: "email" | "sms" | "push", one: Message) => {
    const { unsubscribeUrl, reportUrl } = await withLinks(ports, settings, channel, one);
    return [unsubscribeUrl !== undefined, reportUrl !== undefined];
  };
  expect(await linksOf("email", message("task_assigned"))).toEqual([true, false]);
  expect(await linksOf("email", message("mention"))).toEqual([false, false]);
  expect(await linksOf("email", message("of_nobody"))).toEqual([false, false]);
  expect(await linksOf("email", message("task_assigned", { isBundle: true }))).toEqual([false, false]);
  expect(await linksOf("sms", message("task_assigned"))).toEqual([false, false]);
  expect(await linksOf("push", message("task_assigned"))).toEqual([false, true]);
});
