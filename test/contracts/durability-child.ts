import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { embeddedQueue } from "@carillon/worker/embedded/queue";
import { embeddedStore } from "@carillon/worker/embedded/store";
import { jobOf } from "./queue.ts";

/** Writes until it is killed, and prints what it was told is stored, one number per line. Arguments: what, file, first number. */
const [what, file = "", first = "0"] = process.argv.slice(2);
const sql = openSql(file);
const clock = { now: () => Date.now() };
const acknowledge = (n: number) => process.stdout.write(`${n}\n`);

const store = what === "store" ? embeddedStore(sql, clock) : null;
const queue = what === "queue" ? embeddedQueue({ sql, clock, handle: async () => ({ ok: true }) }) : null;

for (let n = Number(first); ; n += 10) {
  const numbers = Array.from({ length: 10 }, (_, index) => n + index);
  await Promise.all(
    numbers.map(async (number) => {
      await store?.atomic(["HSET", "left", `n${number}`, number], ["HSET", "right", `n${number}`, number]);
      await queue?.publish([jobOf(Date.now() + 3_600_000, String(number))]);
      acknowledge(number);
    }),
  );
}
