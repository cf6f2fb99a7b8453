import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cleanup, faces, TOKENS } from "../contracts/harness.ts";
import { CONTRACTS, type Order } from "./contract-runner.ts";
import { startRuntime, type Runtime, type RuntimeName } from "./start-runtime.ts";

/** What each runtime really uses: workerd has no store and queue of its own, it speaks to Upstash. */
const USED: Record<RuntimeName, Order["suite"][]> = {
  deno: ["sql", "store", "queue", "upstash-store", "upstash-queue"],
  workerd: ["sql", "upstash-store", "upstash-queue"],
};

describe.each(Object.entries(USED) as [RuntimeName, Order["suite"][]][])("the ports' duties on true %s", (name, suites) => {
  const folder = mkdtempSync(join(tmpdir(), "carillon-contracts-"));
  const clean = cleanup();
  let runtime: Runtime;

  beforeAll(async () => {
    writeFileSync(join(folder, "ca.pem"), rootCertificates[0]!);
    const entry = join(import.meta.dirname, `${name}-contracts.ts`);
    runtime = await startRuntime(name, entry, folder, join(folder, "ca.pem"), "Scratch");
  }, 40_000);
  afterAll(async () => {
    await runtime.stop();
    await clean.run();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const suite of suites) {
    CONTRACTS[suite].forEach((duty, index) => {
      test(`${suite}: ${duty.name}`, async () => {
        // An empty store and queue for each duty.
        const { redisUrl, qstashUrl } = suite.startsWith("upstash") ? await faces(clean) : { redisUrl: "", qstashUrl: "" };
        const order: Order = {
          suite,
          index,
          redis: { url: redisUrl, token: TOKENS.redisToken },
          qstash: { url: qstashUrl, token: TOKENS.qstashToken, currentKey: TOKENS.qstashCurrentKey, nextKey: TOKENS.qstashNextKey },
        };
        const answer = await fetch(`${runtime.url}/run`, { method: "POST", body: JSON.stringify(order) });
        expect(await answer.text()).toBe("kept");
        await clean.run();
      });
    });
  }
});
