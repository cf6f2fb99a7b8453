import { expect, test } from "vitest";
import { whyNotEndpoint } from "./endpoint-policy.ts";

test.each([
  "https://fcm.googleapis.com/fcm/send/abc:def",
  "https://jmt17.google.com/fcm/send/abc",
  "https://updates.push.services.mozilla.com/wpush/v2/abc",
  "https://updates-autopush.stage.push.services.mozilla.com/wpush/v2/abc",
  "https://wns2-par02p.notify.windows.com/w/?token=abc",
  "https://web.push.apple.com/abc",
  "https://fcm.googleapis.com:443/fcm/send/abc",
])("%s is a push service", (endpoint) => expect(whyNotEndpoint(endpoint)).toBeNull());

test.each([
  "http://fcm.googleapis.com/fcm/send/abc",
  "https://fcm.googleapis.com:8443/fcm/send/abc",
  "https://user@fcm.googleapis.com/x",
  "https://fcm.googleapis.com.evil.example/x",
  "https://evilpush.apple.com.example/x",
  "https://notify.windows.com/x",
  "https://xpush.services.mozilla.com/x",
  "https://169.254.169.254/latest/meta-data",
  "https://localhost/x",
  "https://[::1]/x",
  "ftp://fcm.googleapis.com/x",
  "file:///etc/passwd",
  "",
  "push",
])("%j is none", (endpoint) => expect(whyNotEndpoint(endpoint)).toMatch(/^[A-Za-z0-9[]/));

test("further hosts are only those that are named, also by http", () => {
  const hosts = ["localhost:8025", "push.test"];
  expect(whyNotEndpoint("http://localhost:8025/push/x", hosts)).toBeNull();
  expect(whyNotEndpoint("https://push.test:9443/x", hosts)).toBeNull();
  expect(whyNotEndpoint("http://localhost:8026/push/x", hosts)).not.toBeNull();
  expect(whyNotEndpoint("http://user:x@localhost:8025/push/x", hosts)).not.toBeNull();
  expect(whyNotEndpoint("javascript://push.test/x", hosts)).not.toBeNull();
});
