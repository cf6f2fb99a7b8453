import { SAMPLE_TEMPLATES } from "@carillon/shared/whatsapp-samples";
import type { WhatsAppSettings } from "@carillon/shared/whatsapp-settings";
import type { Configuration, Message, Outcome, ProviderNews } from "@carillon/worker/channels/channel";
import { createWhatsApp } from "@carillon/worker/channels/whatsapp";
import { CODE_ROWS } from "@carillon/worker/channels/whatsapp/errors";
import { fetchTemplates } from "@carillon/worker/channels/whatsapp/templates";
import { answerHandshake, isFromMeta, parseWebhook } from "@carillon/worker/channels/whatsapp/webhook";
import { startSandbox, type Sandbox } from "@carillon/worker/local/sandbox/sandbox";
import { magicNumber } from "@carillon/worker/local/sandbox/twilio-magic";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

const PATIENCE = { answer: 1_500 };
const whatsapp = createWhatsApp(PATIENCE);
const TO = "+4915112345601";

let folder: string;
let sandbox: Sandbox;
let server: Server;
const news: ProviderNews[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "whatsapp-"));
  sandbox = await startSandbox({ dataDir: folder, httpPort: 0, smtpPort: 0, smtpsPort: 0 });
  const { appSecret, verifyToken } = sandbox.graph.account;
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://localhost");
      if (request.method === "GET") {
        const challenge = answerHandshake(url.searchParams, verifyToken);
        response.writeHead(challenge === null ? 403 : 200).end(challenge);
        return;
      }
      const body = Buffer.concat(chunks);
      const isSigned = isFromMeta(appSecret, String(request.headers["x-hub-signature-256"]), body);
      if (isSigned) news.push(parseWebhook(JSON.parse(body.toString())));
      response.writeHead(isSigned ? 200 : 401).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await sandbox.graph.connect(`http://localhost:${(server.address() as AddressInfo).port}/hooks/whatsapp/acme`);
});
beforeEach(async () => {
  await sandbox.graph.settled();
  news.length = 0;
  sandbox.store.clear("whatsapp");
});
afterAll(async () => {
  await sandbox.stop();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const configuration = (
  templates: WhatsAppSettings["templates"] = sampleMappings(),
  accessToken = sandbox.graph.account.accessToken,
): Configuration<WhatsAppSettings> => {
  const { phoneNumberId, businessAccountId } = sandbox.graph.account;
  return {
    settings: { phoneNumberId, businessAccountId, templates },
    secrets: { accessToken, appSecret: sandbox.graph.account.appSecret },
    sender: { publicUrl: "https://notify.example.com", orgName: "Müller GmbH" },
    allowPrivateHosts: true,
    endpoints: { graph: sandbox.graph.url },
  };
};
const sampleMappings = (): WhatsAppSettings["templates"] =>
  Object.fromEntries(Object.entries(SAMPLE_TEMPLATES).map(([type, { mapping }]) => [type, { en: mapping }]));
const message = (address = TO, more: Partial<Message> = {}): Message => ({
  deliveryId: "0.d1",
  org: "acme",
  to: { id: "u1", name: "Ada", address, locale: "en" },
  event: { id: "e1", type: "task_assigned", priority: "normal" },
  texts: { title: "New task", body: "Call Acme", action: "Open task", locale: "en" },
  link: "/tasks/77",
  values: { task_title: "Call “Acme” 世界", actorName: "Kim" },
  ...more,
});
async function send(one: Message, of = configuration()): Promise<Outcome> {
  const session = whatsapp.open(of);
  const outcome = await session.send(one);
  await session.close();
  return outcome;
}
const stored = async (to = TO) => await sandbox.store.list({ channel: "whatsapp", to, limit: 100 });
const receipts = async () => {
  await sandbox.graph.settled();
  return news.flatMap((one) => one.receipts);
};
const inTemplate = (body: string, variables: WhatsAppSettings["templates"][string][string]["variables"]) => {
  sandbox.graph.setTemplate({ name: "own", language: "en", status: "APPROVED", body });
  return configuration({ task_assigned: { en: { name: "own", language: "en", variables } } });
};

describe("a message", () => {
  test("goes out as its template, and webhooks say by our id how far it came", async () => {
    expect(await send(message())).toEqual({ kind: "ok", code: "accepted", providerId: expect.stringMatching(/^wamid\./) });
    const [only] = await stored();
    expect(only).toMatchObject({
      subject: "crm_task_assigned",
      text: "Hello Ada, a task was assigned to you: Call “Acme” 世界, by Kim. Open your CRM to see more.",
    });
    expect(await receipts()).toMatchObject([
      { deliveryId: "0.d1", state: "sent", outcome: null },
      { deliveryId: "0.d1", state: "delivered", outcome: null },
    ]);
  });

  test("of every built-in event goes out with nothing known but the event", async () => {
    for (const type of Object.keys(SAMPLE_TEMPLATES)) {
      const event = { id: "e", type, priority: "normal" } as Message["event"];
      expect(await send(message(TO, { event, values: {}, to: { id: "u", name: null, address: TO, locale: "en" } })), type).toMatchObject({
        kind: "ok",
      });
    }
    const all = await stored();
    expect(all).toHaveLength(Object.keys(SAMPLE_TEMPLATES).length);
    for (const { text } of all) expect(text).not.toContain("{{");
  });

  test("fills templates whose variables have names, and takes line breaks out", async () => {
    const variables = [
      { name: "what", value: "body" as const },
      { name: "where", value: "link" as const },
    ];
    const of = inTemplate("See {{what}} at {{where}} soon", variables);
    const texts = { title: "", body: `a\n\tb      c ${"世".repeat(2_000)}`, action: "", locale: "en" };
    expect(await send(message(TO, { texts }), of)).toMatchObject({ kind: "ok" });
    expect((await stored())[0]?.text).toMatch(/^See a b c 世+… at https:\/\/notify\.example\.com\/tasks\/77 soon$/);
  });

  test("without a template is for nobody", async () => {
    expect(await send(message(), configuration({}))).toMatchObject({ kind: "permanent", code: "no-template" });
    expect(await stored()).toEqual([]);
  });
});

describe("every row of the table", () => {
  const LATER = new Set([131_026, 131_047, 131_049, 130_472]);
  const all = CODE_ROWS.flatMap((row) => row.codes.map((code) => ({ ...row, code: typeof code === "number" ? code : code[0] })));

  test.each(all.filter(({ code }) => !LATER.has(code)))("$code is answered: $kind", async ({ code, kind, remedy, isTemplate }) => {
    const to = magicNumber(code);
    const template = isTemplate ? { template: { name: "crm_task_assigned", language: "en" } } : {};
    expect(await send(message(to))).toMatchObject({ kind, remedy, code: String(code), ...template });
    expect(await stored(to)).toEqual([]);
  });

  test.each(all.filter(({ code }) => LATER.has(code)))("$code comes by webhook: $kind", async ({ code, kind, remedy }) => {
    expect(await send(message(magicNumber(code)))).toMatchObject({ kind: "ok" });
    expect((await receipts()).at(-1)).toMatchObject({ state: "failed", code: String(code), outcome: { kind, remedy } });
  });
});

describe("templates", () => {
  test("are listed over all pages with status, quality and what they ask for", async () => {
    sandbox.graph.setTemplate({
      name: "waiting",
      language: "de",
      body: "Hallo {{1}}, {{name}} und {{1}} sagen Hallo.",
      status: "PENDING",
      quality: "YELLOW",
    });
    const listed = await fetchTemplates(configuration(), PATIENCE);
    const templates = "templates" in listed ? listed.templates : [];
    expect(templates.length).toBeGreaterThan(14);
    expect(templates.find(({ name }) => name === "crm_mention")).toMatchObject({
      language: "en",
      status: "APPROVED",
      quality: "GREEN",
      category: "UTILITY",
      parameters: { header: [], body: ["1", "2", "3", "4"], button: [] },
    });
    expect(templates.find(({ name }) => name === "waiting")).toMatchObject({
      status: "PENDING",
      quality: "YELLOW",
      parameters: { body: ["1", "name"] },
    });
    await sandbox.graph.settled();
    expect(news.flatMap((one) => one.templates)).toEqual([
      { name: "waiting", language: "de", status: "PENDING", reason: "NONE", verdict: null },
      { name: "waiting", language: "de", quality: "YELLOW" },
    ]);
  });

  test("that can't be listed say why", async () => {
    expect(await fetchTemplates(configuration({}, "wrong"), PATIENCE)).toMatchObject({ outcome: { kind: "fault", code: "190" } });
  });

  test.each([
    ["PAUSED", "132015"],
    ["DISABLED", "132016"],
    ["REJECTED", "132001"],
  ])("that are %s are a fault of that template alone", async (status, code) => {
    const of = inTemplate("Hello", []);
    sandbox.graph.setTemplate({ name: "own", language: "en", status });
    expect(await send(message(), of)).toMatchObject({ kind: "fault", code, template: { name: "own", language: "en" } });
    expect(await send(message())).toMatchObject({ kind: "ok" });
  });

  test("with other variables than the mapping has refuse the message", async () => {
    expect(await send(message(), inTemplate("Hello {{1}} and {{2}} there", ["title"]))).toMatchObject({
      kind: "fault",
      code: "132000",
      template: { name: "own" },
    });
    expect(await send(message(), inTemplate("Hello {{who}} there", ["title"]))).toMatchObject({
      kind: "fault",
      code: "132012",
      template: { name: "own" },
    });
  });
});

describe("trouble", () => {
  test("a message without an answer is in doubt, and its webhook still brings our id", async () => {
    expect(await send(message(magicNumber(900_001)))).toMatchObject({ kind: "ambiguous", code: "no-answer", afterMs: 300_000 });
    expect((await receipts()).map(({ deliveryId, state }) => `${deliveryId} ${state}`)).toEqual(["0.d1 sent", "0.d1 delivered"]);
    expect(await send(message(magicNumber(900_000)))).toMatchObject({ kind: "ambiguous" });
    expect(await stored(magicNumber(900_000))).toEqual([]);
  });

  test("a server's error is tried again; a refused token is a fault and never stands in its own refusal", async () => {
    expect(await send(message(magicNumber(900_500)))).toMatchObject({ kind: "retry", code: "503" });
    sandbox.graph.revoke(true);
    expect(await send(message())).toMatchObject({
      kind: "fault",
      code: "190",
      said: "Malformed access token •••",
    });
    sandbox.graph.revoke(false);
  });

  test("where nobody listens nothing was sent", async () => {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
    const graph = `http://127.0.0.1:${(probe.address() as AddressInfo).port}`;
    await new Promise((resolve) => probe.close(resolve));
    expect(await send(message(), { ...configuration(), endpoints: { graph } })).toMatchObject({
      kind: "retry",
      code: "unreachable",
      unreachable: true,
    });
  });
});

describe("the staged test", () => {
  const stagesOf = async (of: Configuration<WhatsAppSettings>, to = TO) => await Array.fromAsync(whatsapp.test(of, to));
  const named = (stages: { stage: string; ok: boolean }[]) => stages.map(({ stage, ok }) => `${stage} ${ok ? "ok" : "failed"}`).join(", ");

  test("token, templates, message", async () => {
    const stages = await stagesOf(configuration());
    expect(named(stages)).toBe("token ok, templates ok, accepted ok, done ok");
    expect(stages[0]?.said).toBe("Sandbox · +1 555-123-4567 · GREEN");
    expect(stages[1]?.said).toMatch(/^\d+ of \d+ approved, 14 of 14 chosen ones fit$/);
    expect((await stored())[0]?.text).toBe("Hello Test, a task was assigned to you: –, by –. Open your CRM to see more.");
  });

  test.each([
    ["a wrong token", () => configuration({}, "wrong"), TO, "token failed, done failed"],
    ["no template", () => configuration({}), TO, "token ok, templates failed, done failed"],
    ["a template that does not fit", () => inTemplate("Hi {{1}} there", []), TO, "token ok, templates failed, done failed"],
    ["no number", () => configuration(), "0151", "token ok, templates ok, accepted failed, done failed"],
    ["a number outside the list", () => configuration(), magicNumber(131_030), "token ok, templates ok, accepted failed, done failed"],
  ])("stops at %s and says what to do", async (_title, of, to, expected) => {
    const stages = await stagesOf(of(), to);
    expect(named(stages)).toBe(expected);
    expect(stages.at(-2)?.remedy).toMatch(/^[A-Za-z].+\.$/);
  });
});

test("the sandbox refuses what Meta refuses", async () => {
  const { accessToken, phoneNumberId } = sandbox.graph.account;
  const good = {
    messaging_product: "whatsapp",
    recipient_type: "individual",
    to: TO,
    type: "template",
    template: {
      name: "crm_task_assigned",
      language: { code: "en" },
      components: [{ type: "body", parameters: ["a", "b", "c"].map((text) => ({ type: "text", text })) }],
    },
  };
  const post = async (body: unknown) => {
    const headers = { authorization: `Bearer ${accessToken}` };
    const answer = await fetch(`${sandbox.graph.url}/v23.0/${phoneNumberId}/messages`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    const { error } = (await answer.json()) as { error?: { code: number } };
    return [answer.status, error?.code];
  };
  const withText = (text: unknown) => ({
    ...good,
    template: {
      ...good.template,
      components: [
        {
          type: "body",
          parameters: [
            { type: "text", text },
            { type: "text", text: "b" },
            { type: "text", text: "c" },
          ],
        },
      ],
    },
  });
  expect(await post(good)).toEqual([200, undefined]);
  expect(await post({ ...good, messaging_product: undefined })).toEqual([400, 100]);
  expect(await post({ ...good, recipient_type: undefined })).toEqual([400, 100]);
  expect(await post({ ...good, type: "text", text: { body: "x" } })).toEqual([400, 100]);
  expect(await post({ ...good, extra: 1 })).toEqual([400, 100]);
  expect(await post({ ...good, to: "0151" })).toEqual([400, 131_009]);
  expect(await post({ ...good, biz_opaque_callback_data: "x".repeat(513) })).toEqual([400, 100]);
  expect(await post({ ...good, template: { ...good.template, language: { code: "fr" } } })).toEqual([404, 132_001]);
  expect(await post({ ...good, template: { ...good.template, components: [] } })).toEqual([400, 132_000]);
  expect(await post(withText(""))).toEqual([400, 131_008]);
  expect(await post(withText("a\nb"))).toEqual([400, 132_018]);
  expect(await post(withText(7))).toEqual([400, 100]);
  expect(await post([])).toEqual([400, 100]);
});
