import type { EmailSettings } from "@carillon/shared/channels";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { tokenSource } from "./oauth.ts";

let server: Server;
let asked: Record<string, string>[];
let reply: { status: number; body: string; headers?: Record<string, string> };

beforeEach(async () => {
  asked = [];
  reply = { status: 200, body: '{"access_token":"t1","expires_in":3600}' };
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += chunk));
    request.on("end", () => {
      asked.push(Object.fromEntries(new URLSearchParams(text)));
      response.writeHead(reply.status, reply.headers).end(reply.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const source = (secrets: Record<string, string>, allowPrivate = true) => {
  const tokenUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  const settings: EmailSettings = {
    host: "smtp.office365.com",
    port: 587,
    username: "crm@example.com",
    encryption: "tls",
    fromAddress: "crm@example.com",
    fromName: "CRM",
    replyTo: "",
    auth: "oauth2",
    oauth: { tenant: "contoso", clientId: "client", tokenUrl },
  };
  return tokenSource(settings, secrets, allowPrivate, () => {});
};

test("an application signs in with its secret, and the token is kept until it is asked to be renewed", async () => {
  const token = source({ clientSecret: "s1" });
  expect([await token(false), await token(false), await source({ clientSecret: "s1" })(false)]).toEqual(["t1", "t1", "t1"]);
  expect(asked).toEqual([
    { grant_type: "client_credentials", scope: "https://outlook.office365.com/.default", client_id: "client", client_secret: "s1" },
  ]);
  reply = { status: 200, body: '{"access_token":"t2","expires_in":3600}' };
  expect(await token(true)).toBe("t2");
  expect(await token(false)).toBe("t2");
});

test("a refresh token is used where there is one, and a changed secret finds no old token", async () => {
  await source({ clientSecret: "s2", refreshToken: "r" })(false);
  await source({ clientSecret: "s3", refreshToken: "r" })(false);
  expect(asked).toEqual(
    ["s2", "s3"].map((secret) => ({ grant_type: "refresh_token", refresh_token: "r", client_id: "client", client_secret: secret })),
  );
});

test("a token that lasts no longer than a minute is not kept", async () => {
  reply = { status: 200, body: '{"access_token":"short","expires_in":60}' };
  const token = source({ clientSecret: "s4" });
  await token(false);
  await token(false);
  expect(asked).toHaveLength(2);
});

test.each([
  [
    400,
    '{"error":"invalid_grant","error_description":"Token has been revoked."}',
    { kind: "fault", said: "invalid_grant: Token has been revoked." },
  ],
  [401, "nope", { kind: "fault", code: "oauth 401" }],
  [200, "{}", { kind: "fault" }],
  [302, "", { kind: "fault", code: "oauth 302" }],
  [429, "{}", { kind: "retry", unreachable: true }],
  [503, "<html>", { kind: "retry", unreachable: true }],
])("an answer %i %s is %j", async (status, body, outcome) => {
  reply = { status, body, headers: status === 302 ? { location: "http://127.0.0.1:1/steal" } : {} };
  await expect(source({ clientSecret: `s${status}${body.length}` })(false)).rejects.toMatchObject({ outcome });
});

test("a private token address is refused unless private hosts are allowed", async () => {
  await expect(source({ clientSecret: "s5" }, false)(false)).rejects.toMatchObject({ outcome: { kind: "fault", code: "oauth" } });
  expect(asked).toEqual([]);
});
