import { isUtf8, toText } from "@carillon/worker/embedded/store/bytes";
import { afterEach, expect, test } from "vitest";
import { cleanup, faces, TOKENS } from "./harness.ts";
import { type Picker, picker, randomCommand } from "./random-commands.ts";
import { hasRedis, realRedis } from "./real-redis.ts";

const REQUESTS = 800;
/** Their answers depend on chance, on the clock or on an order that is nobody's business. */
const LOOSE = /^(TIME|.*TTL|P?EXPIRETIME|.*RAND.*|HGETALL|HKEYS|HVALS|SMEMBERS|SINTER|SUNION|SDIFF|KEYS)$/;

const clean = cleanup();
afterEach(clean.run);

test.skipIf(!hasRedis())(
  "any request in any form is answered alike before the embedded store and before a real Redis",
  async () => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`seed ${seed}`);
    const pick = picker(seed);
    const ours = await faces(clean);
    const theirs = await faces(clean, { store: { kind: "redis", url: await realRedis(clean) } });
    for (let n = 0; n < REQUESTS; n++) {
      const request = randomRequest(pick);
      const [answer, expected] = await Promise.all([ask(ours.redisUrl, request), ask(theirs.redisUrl, request)]);
      expect(answer, `seed ${seed}, request ${n}: ${JSON.stringify(request)}`).toEqual(expected);
    }
  },
  60_000,
);

type Request = { path: string; body?: string; headers: Record<string, string> };

async function ask(url: string, { path, body, headers }: Request): Promise<object> {
  const response = await fetch(url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${TOKENS.redisToken}`, ...headers },
    ...(body === undefined ? {} : { body: Buffer.from(body, "latin1") }),
  });
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    body: (await response.text()).replaceAll(/ ("|\r)/g, "$1"),
  };
}

function randomRequest(pick: Picker): Request {
  const command = () => {
    for (;;) {
      const candidate = randomCommand(pick);
      if (!LOOSE.test(candidate[0] ?? "")) return candidate;
    }
  };
  const headers = pick<Record<string, string>>([{}, {}, { "upstash-encoding": "base64" }, { "upstash-response-format": "resp2" }]);
  const form = pick(["path", "body", "json", "pipeline", "multi-exec"]);
  if (form === "path" || form === "body") {
    const words = command();
    const last = form === "body" && words.length > 2 ? words.at(-1) : undefined;
    const path = `/${(last ? words.slice(0, -1) : words).map(percent).join("/")}`;
    return last ? { path, body: last, headers } : { path, headers };
  }
  const commands = Array.from({ length: form === "json" ? 1 : pick([1, 2, 4]) }, () => asText(command()));
  const body = Buffer.from(JSON.stringify(form === "json" ? commands[0] : commands)).toString("latin1");
  return { path: form === "json" ? "/" : `/${form}`, body, headers };
}

const percent = (bytes: string) => [...bytes].map((one) => `%${one.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");
/** JSON holds text only. */
const asText = (command: string[]) => command.map((arg) => (isUtf8(arg) ? toText(arg) : "x"));
