import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { expect, test } from "vitest";
import { startRuntime } from "./start-runtime.ts";

test("on Deno, a held shard is read by a backup only; whoever else calls waits for its end, in order", async () => {
  const folder = mkdtempSync(join(tmpdir(), "carillon-held-"));
  writeFileSync(join(folder, "ca.pem"), rootCertificates[0]!);
  const runtime = await startRuntime("deno", join(import.meta.dirname, "deno-held.ts"), folder, join(folder, "ca.pem"));
  try {
    expect(await (await fetch(`${runtime.url}/run`)).json()).toEqual(["read", "u1", "u2"]);
  } finally {
    await runtime.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 40_000);
