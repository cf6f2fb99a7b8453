import { expect, test } from "vitest";
import { secretsToForget } from "./email-secrets.ts";

test("another server takes every stored secret, another client only those of OAuth", () => {
  const staying = ["password", "clientSecret", "refreshToken"];
  expect(secretsToForget(["port"], staying)).toEqual(staying);
  expect(secretsToForget(["oauth.clientId"], staying)).toEqual(["clientSecret", "refreshToken"]);
});

test("a name on the envelope and a secret that is typed again take nothing", () => {
  expect(secretsToForget(["fromName", "encryption"], ["password"])).toEqual([]);
  expect(secretsToForget(["host", "password"], [])).toEqual([]);
});
