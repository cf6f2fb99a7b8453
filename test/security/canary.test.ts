import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHANNELS } from "@carillon/shared/channels";
import { SCOPES } from "@carillon/shared/access";
import { readTicket } from "@carillon/shared/socket-ticket";
import { routes } from "@carillon/worker/app";
import { bundle } from "@carillon/worker/local/workers-command";
import { smtpError, startMailServer, type TestServer } from "../channels/mail-server.ts";
import { BellSocket } from "../harness/bell-socket.ts";
import { Instance, RUNTIMES, until } from "../harness/instance.ts";
import { canaryOf, filesIn, leaksIn, leaksInFiles, type Canary } from "./leaks.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** What the start and the sandbox keep for themselves; it never passes through Carillon's own stores. */
const OWN_FILES = ["credentials.json", "secrets.json", "account.json"];
/** Stands in what everybody may see, so that a search that finds nothing is known to look in the right places. */
const CONTROL = "Seen-by-everybody";

/** The secret part of a key, 43 letters of base64url, among which there may be a `_`. */
const secretOf = (key: string): string => key.slice(-43);
const plant = (name: string): string => `Canary-${name}-${randomBytes(12).toString("hex")}`;
type Headed = Record<string, string>;

describe.each(RUNTIMES)("secrets on %s", (runtime) => {
  const carillon = new Instance(runtime, { CARILLON_LOG: "info", CARILLON_METRICS_TOKEN: "unseen-by-everybody" });
  const canaries: Canary[] = [];
  const answers: { what: string; text: string }[] = [];
  /** Answers whose very purpose is to show a secret. */
  const shown: { what: string; text: string }[] = [];
  let mail: TestServer;
  let provider: Server;
  let cookie = "";

  const secrets = { password: plant("password"), clientSecret: plant("client-secret"), refreshToken: plant("refresh-token") };

  /** Every answer is kept, headers and all; `shows` marks those that are meant to show a secret. */
  async function ask(method: string, path: string, body?: unknown, headers: Headed = {}, shows = false) {
    const response = await fetch(carillon.credentials.url + path, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(15_000),
    });
    const text = `${JSON.stringify([...response.headers])}\n${await beginningOf(response)}`;
    (shows ? shown : answers).push({ what: `${method} ${path} ${response.status}`, text });
    return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text.slice(text.indexOf("\n"))) };
  }
  const crm = (method: string, path: string, body?: unknown, shows = false) =>
    ask(method, path, body, { authorization: `Bearer ${carillon.credentials.apiKey}` }, shows);
  const admin = (method: string, path: string, body?: unknown, shows = false) => ask(method, `/admin/api${path}`, body, { cookie }, shows);
  const email = async () => (await admin("GET", "/channels/email")).json();

  beforeAll(async () => {
    mail = await startTattler();
    provider = await startTokenTattler();
    await carillon.start();
    for (const [name, secret] of Object.entries(secrets)) canaries.push(canaryOf(name, secret));
    canaries.push(canaryOf("the sandbox's password, saved by the start", carillon.credentials.smtp.password));
    canaries.push(canaryOf("the start's API key", secretOf(carillon.credentials.apiKey)));
    await plantCredentials();
    await useEverything();
  }, 120_000);
  afterAll(async () => {
    await carillon.dispose();
    await mail.stop();
    provider.close();
  });

  /** What Carillon itself makes is planted by being made. */
  async function plantCredentials(): Promise<void> {
    const person = { id: "owner", name: "Robin Owner", email: "robin@example.com" };
    const { ticket } = (await crm("POST", "/v1/admin-tickets", { admin: person, role: "owner" }, true)).json();
    canaries.push(canaryOf("a sign-in ticket", ticket));
    const session = await ask("POST", "/admin/api/session", { ticket }, {}, true);
    cookie = session.headers.get("set-cookie")!.split(";")[0]!;
    canaries.push(canaryOf("the session's cookie", cookie.split(".").at(-1)!));
    const unused = (await crm("POST", "/v1/admin-tickets", { admin: person, role: "viewer" }, true)).json();
    canaries.push(canaryOf("an unused sign-in ticket", unused.ticket));

    const key = (await admin("POST", "/keys", { name: CONTROL, scopes: SCOPES }, true)).json();
    canaries.push(canaryOf("an API key", secretOf(key.secret)));
    await ask("GET", "/v1/ledger", undefined, { authorization: `Bearer ${key.secret}` });

    const { token } = (await crm("POST", "/v1/tokens", { user: "u1" }, true)).json();
    canaries.push(canaryOf("a user token", token.split(".").at(-1)));
    for (const name of ["a socket's ticket", "an unused socket's ticket"]) {
      const made = (await ask("POST", "/v1/me/socket-ticket", undefined, { authorization: `Bearer ${token}` }, true)).json();
      canaries.push(canaryOf(name, made.ticket), canaryOf(`${name}, inside`, readTicket(made.ticket)!.secret));
      if (name !== "a socket's ticket") continue;
      const bell = await BellSocket.connect(carillon, made.ticket);
      bell.send({ type: "hello", after: 0 });
      await until(() => bell.frames.length > 0, "the bell is answered");
      answers.push({ what: "frames", text: JSON.stringify(bell.frames) });
      bell.close();
    }
    await ask("GET", "/v1/me/inbox", undefined, { authorization: `Bearer ${token}` });
    await ask("GET", "/v1/me/inbox", undefined, { authorization: `Bearer ${token.slice(0, -1)}` });
  }

  /** Saves, tests, delivers and fails with the planted secrets, in every way that could make someone repeat them. */
  async function useEverything(): Promise<void> {
    const sandbox = (await email()).settings;
    const tattler = { ...sandbox, host: "127.0.0.1", port: mail.port, username: "user", encryption: "none" };
    const oauth = { clientId: "client", tokenUrl: `http://127.0.0.1:${(provider.address() as AddressInfo).port}/token` };
    const save = async (settings: object, more: object) =>
      admin("PUT", "/channels/email", { version: (await email()).version, settings, secrets: more });
    const deliver = async (id: string) => {
      await crm("POST", "/v1/events", { id, type: "mention", recipients: ["u1"], data: { text: CONTROL } });
      const isSettled = async () => !/queued|sending/.test((await crm("GET", `/v1/events/${id}`)).text);
      await until(isSettled, `${id} is settled`, 20_000);
    };

    expect((await save(tattler, { password: secrets.password })).status).toBe(200);
    expect((await admin("POST", "/channels/email/test", { to: "a@example.com" })).text).toContain('"stage":"login","ok":false');
    await deliver("by-password");
    expect((await save({ ...tattler, auth: "oauth2", oauth }, secrets)).status).toBe(200);
    expect((await admin("POST", "/channels/email/test", { to: "a@example.com" })).text).toContain('"stage":"login","ok":false');
    await admin("POST", "/channels/email/disable", {});
    await admin("POST", "/channels/email/enable", {});
    await deliver("by-token");
    const unsaved = { settings: tattler, secrets: { password: secrets.password }, to: "a@example.com" };
    await admin("POST", "/channels/email/test", unsaved);
    await admin("POST", "/session/confirm", {});
    const revealed = await admin("POST", "/channels/email/reveal", { field: "password" }, true);
    expect(revealed.text).toContain(secrets.password);

    await makeMistakes(tattler);

    const settings = { ...sandbox, oauth };
    expect((await save(settings, { ...secrets, password: carillon.credentials.smtp.password })).status).toBe(200);
    expect((await admin("POST", "/channels/email/test", { to: "a@example.com" })).text).toContain('"stage":"done","ok":true');
    await deliver("at-last");
    expect((await crm("GET", "/v1/events/at-last")).text).toContain('"sent"');
    await lookAtEverything();
  }

  /** Refusals must not repeat what they refuse. */
  async function makeMistakes(settings: object): Promise<void> {
    const { version } = await email();
    const forms: unknown[] = [
      { version: version - 1, settings, secrets },
      { version, settings: { ...settings, port: 99_999 }, secrets },
      { version, settings: { ...settings, password: secrets.password }, secrets },
      { version, settings, secrets: { ...secrets, [secrets.password]: "x" } },
      { version, settings, secrets: { password: [secrets.password] } },
      { version: secrets.password, settings, secrets },
      { version, settings: secrets.password },
      `{"version":1,"secrets":{"password":"${secrets.password}"`,
      JSON.stringify({ version, settings, secrets, filling: "x".repeat(70_000) }),
    ];
    for (const form of forms.slice(0, 3).concat(forms.slice(4)))
      expect((await admin("PUT", "/channels/email", form)).status).toBeGreaterThanOrEqual(400);
    await admin("POST", "/channels/email/test", { secrets, settings: { ...settings, host: "nowhere.invalid" }, to: "a@example.com" });
    await admin("POST", "/channels/email/reveal", { field: "nothing" });
    await ask("PUT", "/admin/api/channels/email", { version, settings, secrets }, { cookie, origin: "https://evil.example" });
    await admin("POST", "/session", { ticket: secrets.password });
    await ask("GET", "/v1/ledger", undefined, { authorization: `Bearer ck_demo.k1_${"x".repeat(43)}` });
    await ask("GET", "/admin/api/keys", undefined, { cookie: "__Host-carillon=demo.wrong" });
    await ask("POST", "/internal/jobs/deliver", { secrets }, { "upstash-signature": "a.b.c" });
    await ask("POST", "/internal/bootstrap", {
      org: "x",
      name: "x",
      owner: { id: "o", name: "O", email: "o@example.com" },
      apiKey: secrets.password,
    });
  }

  /** Every GET that there is, of the page and of the CRM. */
  async function lookAtEverything(): Promise<void> {
    const { data } = (await crm("GET", "/v1/deliveries")).json();
    for (const { path, caller } of routes.filter(({ method }) => method === "GET")) {
      for (const channel of path.includes(":channel") ? CHANNELS : ["none"]) {
        const id = path.includes("/users/") ? "u1" : path.includes("/events/") ? "at-last" : data[0].id;
        const filled = path.replace(":channel", channel).replace(":id", id).replace(/:\w+/g, "x");
        if (filled === "/v1/me/socket") continue;
        if (caller.kind === "crm") await crm("GET", filled);
        else if (caller.kind === "admin") await ask("GET", filled, undefined, { cookie });
        else await ask("GET", filled);
      }
    }
    for (const path of ["/", "/email", "/demo", "/embed/bell.js", "/embed/client.js", "/nothing"])
      await ask("GET", path, undefined, { accept: "text/html" });
    await admin("DELETE", "/keys/nothing");
  }

  test("are shown where that is the purpose, so the search below can find them", () => {
    const found = new Set(shown.flatMap(({ text }) => leaksIn(text, canaries)));
    const missing = canaries.map(({ name }) => name).filter((name) => !found.has(name));
    expect(missing.sort()).toEqual(
      ["clientSecret", "refreshToken", "the sandbox's password, saved by the start", "the start's API key"]
        .concat(canaries.map(({ name }) => name).filter((name) => name.endsWith(", inside") && !found.has(name)))
        .sort(),
    );
  });

  test("stand in no other answer, whether it went well or not", () => {
    expect(answers.length).toBeGreaterThan(60);
    expect(answers.some(({ text }) => text.includes(CONTROL))).toBe(true);
    for (const status of [400, 401, 403, 404, 409, 413, 422])
      expect(answers.map(({ what }) => what.split(" ").at(-1))).toContain(String(status));
    expect(answers.flatMap(({ what, text }) => leaksIn(text, canaries).map((name) => `${name} in ${what}`))).toEqual([]);
  });

  test("stand in nothing that the processes print", () => {
    expect(carillon.output).toContain("Carillon is ready");
    const printed = carillon.output.replaceAll(carillon.credentials.apiKey, "the start's own curl line");
    expect(leaksIn(printed, canaries)).toEqual([]);
  });

  test("stand in no file of any store, while it runs and after it was killed and stopped", async () => {
    const control = [canaryOf("control", CONTROL)];
    const own = canaries.filter(({ name }) => name !== "the start's API key");
    const files = () => filesIn(carillon.data, OWN_FILES);
    expect(leaksInFiles(files(), control).length).toBeGreaterThan(0);
    expect(leaksInFiles(files(), own)).toEqual([]);
    await carillon.kill();
    expect(leaksInFiles(files(), own)).toEqual([]);
    await carillon.start();
    await carillon.stop();
    expect(leaksInFiles(files(), own)).toEqual([]);
  }, 60_000);

  test("stand in no bundle and no page", () => {
    const built = [...filesIn(bundle()), ...filesIn(`${ROOT}/admin-ui/dist`)];
    expect(built.length).toBeGreaterThan(10);
    expect(leaksInFiles(built, canaries)).toEqual([]);
  });
});

/** An answer as far as it comes within a moment: a live stream has no end. */
async function beginningOf(response: Response): Promise<string> {
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) return response.text();
  const reader = response.body!.getReader();
  const first = await Promise.race([reader.read(), new Promise<null>((done) => setTimeout(() => done(null), 500))]);
  await reader.cancel();
  return first?.value ? new TextDecoder().decode(first.value) : "";
}

/** A mail server that refuses everybody and repeats what it heard, plain and in base64. */
function startTattler(): Promise<TestServer> {
  return startMailServer({
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    onAuth({ username, password, accessToken }, _session, callback) {
      const heard = password ?? accessToken ?? "";
      const words = [heard, Buffer.from(heard).toString("base64"), Buffer.from(`\0${username}\0${heard}`).toString("base64")];
      callback(smtpError(535, `5.7.8 Not accepted: ${words.join(" ")}`));
    },
  });
}

/** An OAuth provider that refuses everybody and repeats the whole request. */
async function startTokenTattler(): Promise<Server> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (text: Buffer) => (body += text.toString()));
    request.on("end", () => {
      const description = `refused ${decodeURIComponent(body)} ${Buffer.from(body).toString("base64")}`;
      response
        .writeHead(400, { "content-type": "application/json" })
        .end(JSON.stringify({ error: "invalid_grant", error_description: description }));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return server;
}
