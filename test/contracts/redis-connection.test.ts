import { spawn } from "node:child_process";
import { CommandError } from "@carillon/worker/embedded/store/command";
import { connectRedis } from "@carillon/worker/local/faces/redis/connection";
import { encodeCommand, encodeReply, type RawReply, ReplyReader } from "@carillon/worker/local/faces/redis/resp";
import { startFaces } from "@carillon/worker/local/faces/start";
import { freePort } from "@carillon/worker/local/free-port";
import { afterEach, expect, test } from "vitest";
import { cleanup, folder, TOKENS } from "./harness.ts";
import { connected, hasRedis } from "./real-redis.ts";

const clean = cleanup();
afterEach(clean.run);

test("replies are read whole, however the stream is cut", () => {
  const replies: RawReply[] = ["text\r\n\xff\0", "", null, 7, -1, ["a", null, [1, []]], new CommandError("ERR no")];
  const bytes = Buffer.from(replies.map((reply) => encodeReply(reply as never)).join(""), "latin1");
  for (const size of [1, 3, 7, bytes.length]) {
    const reader = new ReplyReader();
    const read: RawReply[] = [];
    for (let at = 0; at < bytes.length; at += size) read.push(...reader.read(bytes.subarray(at, at + size)));
    expect(read).toEqual(replies);
  }
});

test("a command is written with the lengths of its bytes", () => {
  expect(encodeCommand(["SET", "k", "\xc3\xa9"])).toBe("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\xc3\xa9\r\n");
});

test.skipIf(!hasRedis())("an address may name password and database; a wrong password is told at once", async () => {
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--requirepass", "p@ss", "--save", "", "--dir", folder(clean)];
  const server = spawn("redis-server", args, { stdio: "ignore" });
  clean.after(() => void server.kill("SIGKILL"));
  const third = await connected(`redis://:p%40ss@127.0.0.1:${port}/3`);
  const first = await connected(`redis://default:p%40ss@127.0.0.1:${port}`);
  expect(
    await third.send([
      ["SET", "k", "v"],
      ["GET", "k"],
    ]),
  ).toEqual(["OK", "v"]);
  expect(await first.send([["GET", "k"]])).toEqual([null]);
  await expect(connectRedis(`redis://:wrong@127.0.0.1:${port}`)).rejects.toMatchObject({ name: "Unavailable", part: "store" });
  const ended = Promise.withResolvers<void>();
  const second = await connectRedis(`redis://:p%40ss@127.0.0.1:${port}/3`, { ended: ended.resolve });
  server.kill("SIGKILL");
  await ended.promise;
  await expect(second.send([["GET", "k"]])).rejects.toMatchObject({ name: "Unavailable" });
});

test("a start with an address where no Redis is says so and keeps the password to itself", async () => {
  const start = (url: string) =>
    startFaces({ data: folder(clean), store: { kind: "redis", url }, secrets: TOKENS, redisPort: 0, qstashPort: 0 });
  await expect(start(`redis://:secret@127.0.0.1:${await freePort()}`)).rejects.toThrow(
    /^REDIS_URL: redis:\/\/127\.0\.0\.1:\d+ does not answer$/,
  );
  await expect(start("localhost")).rejects.toThrow(/must be a URL/);
});
