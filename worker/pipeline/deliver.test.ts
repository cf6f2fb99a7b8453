import { expect, test } from "vitest";
import { SealBroken, Unavailable } from "../errors.ts";
import type { Job, Ports, Store } from "../ports.ts";
import { fixedClock } from "../settings/fixtures.ts";
import type { Served, ShardCalls } from "../shard/calls.ts";
import { deliver } from "./deliver.ts";

const JOB: Job = { org: "acme", shard: 0, channel: "email", at: 0, number: "w1" };

/** A shard with one due delivery, and a store and a vault that may fail. */
function makePorts({ settings, vaultIsBroken = false }: { settings: object | null; vaultIsBroken?: boolean }) {
  const told: string[] = [];
  const nothing: Served = { claim: null, wakes: [] };
  const calls: Partial<ShardCalls> = {
    async begin() {
      told.push("begin");
      return { claim: { id: "0-1.1", message: {} as never }, wakes: [] };
    },
    async next({ outcome }) {
      told.push(`settle ${outcome.kind} ${outcome.said}`);
      return nothing;
    },
  };
  const store: Partial<Store> = {
    async run([name]) {
      if (name === "HMGET") return [["7", "1", "Acme"]];
      if (settings === null) throw new Unavailable("store");
      return [JSON.stringify(settings)];
    },
  };
  const open = async () => {
    if (vaultIsBroken) throw new SealBroken("another key");
    return "secret";
  };
  const ports = {
    clock: fixedClock(),
    store,
    shards: { get: () => calls },
    background: (work: Promise<unknown>) => void work,
    config: { publicUrl: "http://localhost", allowPrivateHosts: true, standIns: {} },
    vault: { open },
    channels: { email: {} },
  } as unknown as Ports;
  return { told, ports };
}

test("a job that can't read the settings claims nothing, so that nothing is left in doubt", async () => {
  const { told, ports } = makePorts({ settings: null });
  await expect(deliver(ports, JOB)).rejects.toThrow(Unavailable);
  expect(told).toEqual([]);
});

test("a secret that no longer opens is a fault of the channel, and no try of the message", async () => {
  const email = { settings: { host: "mail.example.com", port: 587, fromAddress: "crm@acme.example" }, secrets: { password: "sealed" } };
  const { told, ports } = makePorts({ settings: { version: 7, channels: { email } }, vaultIsBroken: true });
  await deliver(ports, JOB);
  expect(told).toEqual(["begin", "settle fault A saved secret of email can no longer be opened"]);
});
