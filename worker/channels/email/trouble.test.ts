import { expect, test } from "vitest";
import { createRedactor } from "./redact.ts";
import { PATIENCE, resolveHost } from "./socket.ts";
import { troubleOf, type Phase } from "./trouble.ts";

const failed = (message: string, more: Record<string, unknown> = {}) => Object.assign(new Error(message), more);

test.each<[string, Error, Phase, string]>([
  ["Node: unknown name", failed("getaddrinfo ENOTFOUND x", { code: "ENOTFOUND" }), "connecting", "name"],
  ["Node: refused", failed("connect ECONNREFUSED 127.0.0.1:1", { code: "ECONNREFUSED" }), "connecting", "refused"],
  ["Deno: only inner errors say something", failed("", { errors: [failed("x", { code: "ECONNREFUSED" })] }), "connecting", "refused"],
  ["Node: timeout", failed("connect ETIMEDOUT", { code: "ETIMEDOUT" }), "connecting", "timeout"],
  ["workerd: opaque", failed("proxy request failed, cannot connect to the specified address"), "connecting", "refused"],
  ["workerd: opaque while encrypting", failed("proxy request failed, cannot connect to the specified address"), "securing", "tls"],
  ["workerd: internal error", failed("internal error; reference = abc"), "securing", "tls"],
  [
    "Node: another name",
    failed("Hostname/IP does not match certificate's altnames", { code: "ERR_TLS_CERT_ALTNAME_INVALID" }),
    "securing",
    "certificate",
  ],
  ["Node: self-signed", failed("self-signed certificate", { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }), "securing", "certificate"],
  [
    "Node: unknown authority",
    failed("unable to verify the first certificate", { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" }),
    "securing",
    "certificate",
  ],
  ["Node: expired", failed("certificate has expired", { code: "CERT_HAS_EXPIRED" }), "securing", "certificate"],
  ["Deno: unknown authority", failed("invalid peer certificate: UnknownIssuer"), "securing", "certificate"],
  ["Deno: another name", failed("invalid peer certificate: NotValidForName"), "securing", "certificate"],
  ["Node: no TLS there", failed("wrong version number", { code: "ERR_SSL_WRONG_VERSION_NUMBER" }), "securing", "tls"],
  ["Deno: no TLS there", failed("received corrupt message of type InvalidContentType"), "securing", "tls"],
  [
    "nodemailer: no greeting",
    failed("Greeting never received", { code: "ETIMEDOUT", timeoutType: "GREETING_TIMEOUT" }),
    "securing",
    "silent",
  ],
  ["nodemailer: broken off", failed("Connection closed unexpectedly", { code: "ECONNECTION" }), "talking", "lost"],
  ["reset", failed("read ECONNRESET", { code: "ESOCKET", originalCode: "ECONNRESET" }), "talking", "lost"],
])("%s", (_title, error, phase, trouble) => {
  expect(troubleOf(error, phase)).toBe(trouble);
});

test("what a server repeats of a secret is blanked out, also as base64", () => {
  const redactor = createRedactor();
  redactor.hide("hunter2!", "eve");
  const line = Buffer.from("\0eve\0hunter2!").toString("base64");
  expect(redactor.words(`500 unknown: AUTH PLAIN ${line} hunter2! ${btoa("hunter2!")}`)).toBe("500 unknown: AUTH PLAIN ••• ••• •••");
});

test("a name that leads to a private address is refused, unless private hosts are allowed", async () => {
  await expect(resolveHost("localhost", false, PATIENCE)).rejects.toMatchObject({ trouble: "private-host" });
  await expect(resolveHost("127.0.0.1", false, PATIENCE)).rejects.toMatchObject({ trouble: "private-host" });
  expect(await resolveHost("localhost", true, PATIENCE)).toContain("127.0.0.1");
});
