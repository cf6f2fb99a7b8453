import { randomUUID } from "node:crypto";
import { Instance, type Credentials } from "../harness/instance.ts";
import type { Measured } from "./process.ts";
import { spawnDeno } from "./servers.ts";

/** A Carillon whose mail channel is on and does nothing, in one process that is all its work; the other channels are not set up. */
export async function startNothing(): Promise<{ carillon: Instance; ours: Measured }> {
  const carillon = new Instance("deno");
  const token = randomUUID();
  const ours = await spawnDeno("deno-nothing.ts", carillon.data, token);
  const owner = { id: "owner", name: "Robin Owner", email: "robin@example.com" };
  const made = await fetch(`${ours.url}/internal/bootstrap`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ org: "acme", name: "Acme CRM", owner }),
  });
  if (!made.ok) throw new Error(`The organisation was not made: ${await made.text()}`);
  const { apiKey } = (await made.json()) as { apiKey: string };
  carillon.credentials = { url: ours.url, apiKey, org: "acme" } as Credentials;

  const admin = await carillon.admin();
  const settings = { host: "127.0.0.1", port: 25, fromAddress: "crm@example.com" };
  for (const [method, path, body] of [
    ["PUT", "", { version: (await admin("GET", "/channels/email")).body.version, settings, secrets: { password: "x" } }],
    ["POST", "/enable", {}],
  ] as const) {
    const answer = await admin(method, `/channels/email${path}`, body);
    if (answer.status !== 200) throw new Error(`Mail was not set up: ${JSON.stringify(answer.body)}`);
  }
  return { carillon, ours };
}
