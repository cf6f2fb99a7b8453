import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Sandbox } from "@carillon/worker/local/prepared";
import { readSecrets } from "@carillon/worker/local/secrets";
import { seed } from "@carillon/worker/local/seed";

const LINK = { ticket: "t", url: "http://localhost/#ticket=t" };

test("a start whose machine is busy asks again instead of ending", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const isFirst = asked.filter((one) => one === asked.at(-1)).length === 1;
    const status = request.url === "/readyz" ? 200 : isFirst ? 503 : 200;
    // Email is already set up, and nothing else there is to set up.
    const channel = { version: 1, configured: true, settings: { host: "", port: 0 }, publicKey: null, endpoints: [] };
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ ...channel, token: "token", ...LINK }));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const data = mkdtempSync(join(tmpdir(), "carillon-"));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sandbox = {
      smtp: { host: "localhost", port: 1, username: "user", password: "pass" },
      twilio: { account: {}, connect: () => {} },
      graph: { account: {}, connect: async () => {} },
      push: { host: "localhost" },
    } as unknown as Sandbox;
    expect(await seed({ url, state: data, secrets: readSecrets(data), sandbox })).toEqual({ adminUrl: LINK.url });
    expect(asked.slice(0, 4)).toEqual(["GET /readyz", "POST /internal/bootstrap", "POST /internal/bootstrap", "POST /v1/users/bulk"]);
  } finally {
    server.close();
    rmSync(data, { recursive: true });
  }
}, 30_000);
