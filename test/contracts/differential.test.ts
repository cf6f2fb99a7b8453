import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { openStore, type StoreEngine } from "@carillon/worker/embedded/store";
import { toBytes } from "@carillon/worker/embedded/store/bytes";
import { CommandError } from "@carillon/worker/embedded/store/command";
import type { RawReply } from "@carillon/worker/local/faces/redis/resp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cleanup, folder, realClock } from "./harness.ts";
import { type Picker, picker, randomCommand } from "./random-commands.ts";
import { connected, hasRedis, realRedis } from "./real-redis.ts";

const COMMANDS = 8_000;
const TRANSACTIONS = 400;
/** Their order is Redis's own business. */
const UNORDERED = ["HGETALL", "HKEYS", "HVALS", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "KEYS"];
/** They tell the time, which goes on between two questions. */
const TIMED: Record<string, number> = { TTL: 1, PTTL: 2_000, EXPIRETIME: 1, PEXPIRETIME: 2_000 };
/** What they pick is a matter of chance; only its shape is compared. */
const RANDOM = ["SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER", "RANDOMKEY", "TIME"];

const clean = cleanup();
afterEach(clean.run);

describe.skipIf(!hasRedis())("the embedded store beside a real Redis", () => {
  let seed = 0;
  let pick: Picker;
  let theirs: (...commands: string[][]) => Promise<RawReply[]>;
  let file = "";
  let engine: StoreEngine;
  let close = (): void => undefined;

  beforeEach(async () => {
    seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`seed ${seed}`);
    pick = picker(seed);
    const connection = await connected(await realRedis(clean));
    clean.after(connection.close);
    theirs = (...commands) => connection.send(commands);
    file = `${folder(clean)}/store.db`;
    open();
    clean.after(() => close());
  });

  function open(): void {
    const sql = openSql(file);
    engine = openStore(sql, realClock);
    close = sql.close;
  }

  async function reopen(): Promise<void> {
    await engine.settled();
    close();
    open();
  }

  test("any sequence of commands is answered the same, also after a restart", async () => {
    for (let n = 0; n < COMMANDS; n++) {
      const command = randomCommand(pick);
      const [reply = null] = await theirs(command);
      expect(near(command, engine.execute(command), reply), `seed ${seed}, command ${n}: ${JSON.stringify(command)}`).toEqual(
        comparable(command, reply),
      );
      if (n % 2_000 === 1_999) await reopen();
    }
    await sameContent();
  }, 60_000);

  test("any transaction is answered the same, or discarded the same", async () => {
    for (let n = 0; n < TRANSACTIONS; n++) {
      const commands = Array.from({ length: pick([1, 2, 3, 5]) }, () => randomCommand(pick)).filter(
        ([name = ""]) => !RANDOM.includes(name),
      );
      const replies = await theirs(["MULTI"], ...commands, ["EXEC"]);
      const all = replies.at(-1) ?? null;
      const ours = engine.executeAll(commands);
      const told = `seed ${seed}, transaction ${n}: ${JSON.stringify(commands)}`;
      if (ours instanceof CommandError || !Array.isArray(all)) expect(comparable([], ours as RawReply), told).toEqual(comparable([], all));
      else
        expect(
          commands.map((command, index) => near(command, ours[index] ?? null, all[index] ?? null)),
          told,
        ).toEqual(commands.map((command, index) => comparable(command, all[index] ?? null)));
    }
    await reopen();
    await sameContent();
  }, 60_000);

  test("a whole scan finds what a whole scan of Redis finds", async () => {
    const names = Array.from({ length: 300 }, (_, n) => `${pick(["a", "b", "ü"].map(toBytes))}:${n}`);
    const fill = names.flatMap((name, n) => [
      ["SET", name, "1"],
      ["HSET", "hash", name, String(n)],
      ["SADD", "set", name],
      ["ZADD", "zset", String(n), name],
    ]);
    await theirs(...fill);
    for (const command of fill) engine.execute(command);
    const scans = [
      ["SCAN"],
      ["SCAN", "MATCH", "a:*", "COUNT", "50"],
      ["SCAN", "TYPE", "zset"],
      ["HSCAN", "hash", "COUNT", "7"],
      ["SSCAN", "set", "MATCH", "*1?"],
      ["ZSCAN", "zset"],
    ];
    for (const scan of scans) {
      const [ours, other] = [
        await whole(scan, async (command) => engine.execute(command)),
        await whole(scan, async (command) => (await theirs(command))[0] ?? null),
      ];
      expect(ours, scan.join(" ")).toEqual(other);
    }
  });

  /** Everything that a scan answers from its beginning to its end, in the order of the bytes. */
  async function whole([name = "", ...args]: string[], ask: (command: string[]) => Promise<RawReply>): Promise<RawReply[]> {
    const found = new Set<string>();
    let cursor = "0";
    do {
      const [before, after] = name === "SCAN" ? [[], args] : [args.slice(0, 1), args.slice(1)];
      const [next, step] = (await ask([name, ...before, cursor, ...after])) as [string, string[]];
      if (name === "HSCAN" || name === "ZSCAN") for (let at = 0; at < step.length; at += 2) found.add(`${step[at]} ${step[at + 1]}`);
      else for (const one of step) found.add(one);
      cursor = next;
    } while (cursor !== "0");
    return [...found].sort();
  }

  async function sameContent(): Promise<void> {
    const readers: Record<string, string[]> = { hash: ["HGETALL"], set: ["SMEMBERS"], zset: ["ZRANGE"], list: ["LRANGE"], string: ["GET"] };
    const [keys] = await theirs(["KEYS", "*"]);
    expect(comparable(["KEYS"], engine.execute(["KEYS", "*"]))).toEqual(comparable(["KEYS"], keys ?? null));
    for (const key of keys as string[]) {
      const [kind] = await theirs(["TYPE", key]);
      const command = [...(readers[String(kind)] ?? []), key, ...(kind === "zset" || kind === "list" ? ["0", "-1"] : [])];
      const [reply = null] = await theirs(command);
      expect(comparable(command, engine.execute(command)), `seed ${seed}: ${JSON.stringify(command)}`).toEqual(comparable(command, reply));
    }
  }
});

function comparable([name = ""]: string[], reply: RawReply): unknown {
  if (reply instanceof CommandError) return { error: reply.message.trim() };
  if (RANDOM.includes(name)) return Array.isArray(reply) ? reply.length : typeof reply;
  return UNORDERED.includes(name) && Array.isArray(reply) ? reply.toSorted() : reply;
}

/** A time that differs by no more than it may counts as the same. */
function near(command: string[], ours: RawReply, theirs: RawReply): unknown {
  const tolerance = TIMED[command[0] ?? ""];
  const isNear =
    tolerance !== undefined && typeof ours === "number" && typeof theirs === "number" && ours >= 0 && Math.abs(ours - theirs) <= tolerance;
  return comparable(command, isNear ? theirs : ours);
}
