import { createServer, type Server } from "node:net";
import { queueReceiver, upstashQueue } from "@carillon/worker/adapters/upstash-qstash";
import { upstashStore } from "@carillon/worker/adapters/upstash-redis";
import type { Queue, Store } from "@carillon/worker/ports";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { jobOf } from "./queue.ts";

/** Servers that answer every request wrongly, by what is wrong. */
const FAULTS: Record<string, (server: Server) => void> = {
  "nobody listens": (server) => void server.close(),
  "the other side hangs": () => undefined,
  "the answer is cut in the middle": (server) =>
    reply(server, 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n[{"result":"seal'),
  "the answer is no JSON": (server) => reply(server, "HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>"),
  "the other side is overloaded": (server) =>
    reply(server, 'HTTP/1.1 503 Unavailable\r\ncontent-length: 16\r\nconnection: close\r\n\r\n{"error":"busy"}'),
  "the token is not accepted": (server) =>
    reply(server, 'HTTP/1.1 401 Unauthorized\r\ncontent-length: 21\r\nconnection: close\r\n\r\n{"error":"WRONGPASS"} '),
};
const LATEST_MS = 1_300; // A second, and what a busy machine takes.

describe.each(Object.keys(FAULTS))("when %s", (fault) => {
  let url = "";
  let server: Server;
  beforeAll(async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined); // QStash's client logs by itself.
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    server = createServer((socket) => void socket.on("error", () => undefined));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
    FAULTS[fault]?.(server);
  });
  afterAll(() => {
    vi.restoreAllMocks();
    server.close();
  });

  const store = (): Store => upstashStore({ url, token: "t" });
  const queue = (): Queue =>
    upstashQueue({ url, token: "t", destination: "http://127.0.0.1:1/deliver", failureUrl: "http://127.0.0.1:1/failed" });

  test("a read, a write and a transaction throw Unavailable within a second, without what was written", async () => {
    for (const ask of [
      () => store().run(["HGET", "h", "f"]),
      () => store().run(["SET", "k", "a secret"]),
      () => store().atomic(["SET", "k", "a secret"]),
    ]) {
      const { error, ms } = await timed(ask);
      expect(error).toMatchObject({ name: "Unavailable", part: "store" });
      expect(`${error} ${error instanceof Error ? String(error.cause) : ""}`).not.toContain("secret");
      expect(ms).toBeLessThan(LATEST_MS);
    }
  });

  test("a publish throws Unavailable within a second", async () => {
    const { error, ms } = await timed(() => queue().publish([jobOf(Date.now(), "1")]));
    expect(error).toMatchObject({ name: "Unavailable", part: "queue" });
    expect(ms).toBeLessThan(LATEST_MS);
  });

  test("neither says that it is ready", async () => {
    expect([await store().isReady(), await queue().isReady()]).toEqual([false, false]);
  });
});

test("a signature is refused when anything about it is wrong", async () => {
  const isFromQueue = queueReceiver({ currentKey: "k1", nextKey: "k2" });
  const now = Math.floor(Date.now() / 1000);
  const url = "https://carillon.example/internal/jobs/deliver";
  const claims = {
    iss: "Upstash",
    sub: url,
    exp: now + 300,
    nbf: now,
    iat: now,
    jti: "jwt_1",
    body: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
  };
  const { exp: _, ...endless } = claims;
  const asks: Record<string, [object, string, string]> = {
    "signed with the current key": [claims, "k1", url],
    "signed with the next key": [claims, "k2", url],
    "signed with another key": [claims, "k3", url],
    "for another address": [claims, "k1", `${url}/x`],
    "for no address": [claims, "k1", ""],
    "for another body": [{ ...claims, body: "x" }, "k1", url],
    "without a body": [{ ...claims, body: undefined }, "k1", url],
    "that never ends": [endless, "k1", url],
    "long over": [{ ...claims, exp: now - 61 }, "k1", url],
    "of somebody else": [{ ...claims, iss: "Mallory" }, "k1", url],
  };
  const accepted: string[] = [];
  for (const [name, [token, key, address]] of Object.entries(asks)) {
    if (await isFromQueue({ body: "", signature: await sign(token, key), url: address })) accepted.push(name);
  }
  for (const garbage of ["", ".", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
    expect(await isFromQueue({ body: "", signature: garbage, url })).toBe(false);
  expect(accepted).toEqual(["signed with the current key", "signed with the next key"]);
});

function reply(server: Server, text: string): void {
  server.on("connection", (socket) => socket.once("data", () => socket.end(text)));
}

async function timed(ask: () => Promise<unknown>): Promise<{ error: unknown; ms: number }> {
  const start = performance.now();
  const error = await ask().then(
    () => null,
    (reason: unknown) => reason,
  );
  return { error, ms: performance.now() - start };
}

async function sign(claims: object, key: string): Promise<string> {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const unsigned = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  const secret = await crypto.subtle.importKey("raw", new TextEncoder().encode(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", secret, new TextEncoder().encode(unsigned));
  return `${unsigned}.${Buffer.from(signature).toString("base64url")}`;
}
