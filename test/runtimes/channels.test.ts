import type { TestStage } from "@carillon/shared/channels";
import { SAMPLE_TEMPLATES } from "@carillon/shared/whatsapp-samples";
import type { Configuration, Message, Outcome } from "@carillon/worker/channels/channel";
import type { PushAnswer } from "@carillon/worker/local/sandbox/push";
import { startSandbox, type Sandbox } from "@carillon/worker/local/sandbox/sandbox";
import { magicNumber } from "@carillon/worker/local/sandbox/twilio-magic";
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Check, Order } from "./channels-entry.ts";
import { RUNTIMES, startRuntime, type Runtime } from "./start-runtime.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const ENTRY = join(import.meta.dirname, "channels-entry.ts");
const TO = "+4915112345601";

describe.each(RUNTIMES)("the channels over HTTP in %s", (name) => {
  /** workerd has one error for a connection that was refused and for one that broke off. */
  const REFUSED = name === "deno" ? "retry" : "ambiguous";
  let folder: string;
  let sandbox: Sandbox;
  let runtime: Runtime;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "channels-runtime-"));
    sandbox = await startSandbox({ dataDir: folder, httpPort: 0, smtpPort: 0, smtpsPort: 0 });
    runtime = await startRuntime(name, name === "workerd" ? bundled(folder) : ENTRY, folder, sandbox.smtp.caFile);
  }, 60_000);
  beforeEach(async () => {
    await sandbox.twilio.settled();
    sandbox.store.clear(null);
  });
  afterAll(async () => {
    await runtime.stop();
    await sandbox.stop();
    rmSync(folder, { recursive: true });
  });

  async function ask<T>(path: string, order: Order | Check): Promise<T> {
    const answer = await fetch(`${runtime.url}${path}`, { method: "POST", body: JSON.stringify(order) });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as T;
  }
  const stored = async (channel: string, to: string) => (await sandbox.store.list({ channel, to, limit: 100 })).map(({ text }) => text);

  describe("SMS", () => {
    const configuration = (more: Partial<Configuration<unknown>> = {}): Configuration<unknown> => {
      const { accountSid, authToken, from } = sandbox.twilio.account;
      return {
        settings: { accountSid, from, messagingServiceSid: "" },
        secrets: { authToken },
        sender: { publicUrl: runtime.url, orgName: "Müller GmbH" },
        allowPrivateHosts: true,
        endpoints: { twilio: sandbox.twilio.url },
        ...more,
      };
    };
    const send = (configuration: Configuration<unknown>, ...to: string[]) =>
      ask<Outcome[]>("/send", { channel: "sms", configuration, messages: to.map((address, n) => message(n, address)) });

    test("is sent, refused, looked up and left in doubt", async () => {
      const [lost, silent] = [magicNumber(900_001), magicNumber(900_000)];
      expect(await send(configuration(), TO, magicNumber(21_614), magicNumber(20_429), lost, silent)).toMatchObject([
        { kind: "ok", code: "queued" },
        { kind: "gone", code: "21614" },
        { kind: "retry", code: "20429", afterMs: 1_000 },
        { kind: "ok", code: "queued" },
        { kind: "ambiguous", code: "no-answer" },
      ]);
      expect(await stored("sms", TO)).toEqual(["Grüße 世界\nhttps://crm.example.com/tasks/77"]);
      expect(await stored("sms", lost)).toHaveLength(1);
      expect(await stored("sms", silent)).toEqual([]);
    });

    test("a wrong token is a fault; where nobody listens nothing was sent", async () => {
      expect(await send(configuration({ secrets: { authToken: "wrong" } }), TO)).toMatchObject([{ kind: "fault", code: "20003" }]);
      expect(await send(configuration({ endpoints: { twilio: await nowhere() } }), TO)).toMatchObject([
        { kind: REFUSED, unreachable: true },
      ]);
    });

    test("the staged test goes through", async () => {
      const stages = await ask<TestStage[]>("/test", { channel: "sms", configuration: configuration(), to: "+49 151 12345601" });
      expect(stages.map(({ stage, ok }) => `${stage} ${ok}`)).toEqual(["credentials true", "number true", "accepted true", "done true"]);
      expect(await stored("sms", TO)).toEqual(["Test message from Müller GmbH: SMS works."]);
    });

    test("Twilio's signature is checked", async () => {
      const url = "https://notify.example.com/hooks/twilio/acme?delivery=0.d1";
      const signature = createHmac("sha1", "token").update(`${url}MessageStatussent`).digest("base64");
      const check: Check = { authToken: "token", signature, url, form: "MessageStatus=sent" };
      expect(await ask("/signature", check)).toBe(true);
      expect(await ask("/signature", { ...check, form: "MessageStatus=delivered" })).toBe(false);
    });
  });

  describe("WhatsApp", () => {
    const configuration = (more: Partial<Configuration<unknown>> = {}): Configuration<unknown> => {
      const { phoneNumberId, businessAccountId, accessToken } = sandbox.graph.account;
      return {
        settings: { phoneNumberId, businessAccountId, templates: { task_assigned: { en: SAMPLE_TEMPLATES.task_assigned.mapping } } },
        secrets: { accessToken },
        sender: { publicUrl: "https://notify.example.com", orgName: "Müller GmbH" },
        allowPrivateHosts: true,
        endpoints: { graph: sandbox.graph.url },
        ...more,
      };
    };

    test("is sent by template, refused, paused and left in doubt", async () => {
      const messages = [TO, magicNumber(131_030), magicNumber(132_015), magicNumber(900_000)].map((address, n) =>
        message(n, address, { values: { task_title: "世界", actorName: "Kim" } }),
      );
      expect(await ask<Outcome[]>("/send", { channel: "whatsapp", configuration: configuration(), messages })).toMatchObject([
        { kind: "ok", code: "accepted", providerId: expect.stringMatching(/^wamid\./) },
        { kind: "permanent", code: "131030" },
        { kind: "fault", code: "132015", template: { name: "crm_task_assigned", language: "en" } },
        { kind: "ambiguous", code: "no-answer" },
      ]);
      expect(await stored("whatsapp", TO)).toEqual(["Hello Zoë, a task was assigned to you: 世界, by Kim. Open your CRM to see more."]);
    });

    test("the staged test goes through all pages of templates, and a wrong token is a fault", async () => {
      const stages = await ask<TestStage[]>("/test", { channel: "whatsapp", configuration: configuration(), to: TO });
      expect(stages.map(({ stage, ok }) => `${stage} ${ok}`)).toEqual(["token true", "templates true", "accepted true", "done true"]);
      const wrong = configuration({ secrets: { accessToken: "wrong" } });
      expect(await ask("/send", { channel: "whatsapp", configuration: wrong, messages: [message(0, TO)] })).toMatchObject([
        { kind: "fault", code: "190", said: "Malformed access token •••" },
      ]);
    });

    test("Meta's signature is checked", async () => {
      const signature = `sha256=${createHmac("sha256", "secret").update("Grüße").digest("hex")}`;
      const check: Check = { authToken: "secret", signature, url: "", form: "Grüße" };
      expect(await ask("/meta-signature", check)).toBe(true);
      expect(await ask("/meta-signature", { ...check, form: "Grüsse" })).toBe(false);
    });
  });

  describe("push", () => {
    type Keys = { publicKey: string; privateKey: string; isPair: boolean };
    const makeKeys = async () => (await (await fetch(`${runtime.url}/keys`)).json()) as Keys;
    const configuration = ({ publicKey, privateKey }: Keys): Configuration<unknown> => ({
      settings: { subject: "mailto:admin@example.com", publicKey, previousPublicKey: "" },
      secrets: { privateKey },
      sender: { publicUrl: "https://notify.example.com", orgName: "Müller GmbH" },
      allowPrivateHosts: true,
      endpoints: { pushHosts: [sandbox.push.host] },
    });

    test("is encrypted, signed and read by the browser; what was gone, slow or silent is told apart", async () => {
      const keys = await makeKeys();
      expect(keys.isPair).toBe(true);
      const browser = (answer: PushAnswer) => sandbox.push.subscribe("u1", keys.publicKey, answer);
      const messages = [
        message(0, "", { subscriptions: [browser("201"), browser("410")] }),
        message(1, "", { subscriptions: [browser("silent")] }),
        message(2, "", { subscriptions: [browser("301")] }),
        message(3, "", { subscriptions: [browser("413")], texts: { title: "T", body: "世".repeat(3_000), action: "", locale: "en" } }),
        message(4, "", { subscriptions: [browser("429")] }),
      ];
      expect(await ask<Outcome[]>("/send", { channel: "push", configuration: configuration(keys), messages })).toMatchObject([
        { kind: "ok", code: "201", gone: [browser("410").endpoint] },
        { kind: "retry", code: "no-answer" },
        { kind: "permanent", code: "301" },
        { kind: "ok", code: "201" },
        { kind: "retry", code: "429", afterMs: 1_000 },
      ]);
      expect(await stored("push", "u1")).toEqual([expect.stringMatching(/^世+…$/), "Grüße 世界"]);
    });

    test("many browsers take it at once, and the staged test goes through", async () => {
      const keys = await makeKeys();
      const subscriptions = Array.from({ length: 20 }, (_, n) => sandbox.push.subscribe(`p${n}`, keys.publicKey));
      const order: Order = { channel: "push", configuration: configuration(keys), messages: [message(0, "", { subscriptions })] };
      expect(await ask("/send", order)).toMatchObject([{ kind: "ok" }]);
      expect(await sandbox.store.list({ channel: "push", to: null, limit: 100 })).toHaveLength(20);
      const stages = await ask<TestStage[]>("/test", { ...order, to: JSON.stringify(subscriptions[0]) });
      expect(stages.map(({ stage, ok }) => `${stage} ${ok}`)).toEqual(["keys true", "subscription true", "accepted true", "done true"]);
    });
  });
});

/** The entry as `wrangler deploy` would bundle it. */
function bundled(folder: string): string {
  const config = join(folder, "wrangler.json");
  writeFileSync(config, JSON.stringify({ name: "channels", main: ENTRY, compatibility_date: "2026-11-17" }));
  const wrangler = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [wrangler, "deploy", "--dry-run", "--config", config, "--outdir", join(folder, "bundle")],
    { cwd: ROOT, encoding: "utf8", env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1", CLOUDFLARE_CF_FETCH_ENABLED: "false" } },
  );
  if (status !== 0) throw new Error(`The entry could not be bundled:\n${stdout}${stderr}`);
  // CommonJS packages say `crypto`, which workerd takes; startRuntime's own bundling wants `node:crypto`.
  const file = join(folder, "bundle/channels-entry.js");
  const names = (line: string, before: string, module: string) => (isBuiltin(module) ? `${before}"node:${module}"` : line);
  writeFileSync(file, readFileSync(file, "utf8").replace(/^(import [^"]*)"([^":]+)"/gm, names));
  return file;
}

/** An address where nobody listens. */
async function nowhere(): Promise<string> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return `http://127.0.0.1:${port}`;
}

const message = (n: number, address: string, more: Partial<Message> = {}): Message => ({
  deliveryId: `0.d${n}`,
  org: "acme",
  to: { id: "u1", name: "Zoë", address, locale: "en" },
  event: { id: "e1", type: "task_assigned", priority: "normal" },
  texts: { title: "New task", body: "Grüße 世界", action: "Open the task", locale: "en" },
  link: "https://crm.example.com/tasks/77",
  ...more,
});
