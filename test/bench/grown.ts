import { eventSchema, toEvent, type Event } from "@carillon/shared/events";
import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { Shard } from "@carillon/worker/shard/shard";
import { rulesWith } from "../harness/rules.ts";

const BATCH = 500;
const T0 = Date.UTC(2026, 10, 23, 9);

/** A shard on a file with as much in it as wanted, and calls of it as its host makes them: each in a transaction. */
export function openGrown(file: string) {
  const sql = openSql(file);
  let now = T0;
  const shard = new Shard({ sql, clock: { now: () => now }, org: "acme", shard: 0, isListening: () => false });
  const ask = <Answer>(call: (shard: Shard) => Answer): Answer => {
    sql.begin();
    const answer = call(shard);
    shard.beforeCommit();
    sql.commit();
    shard.takeTold();
    shard.takeWork();
    return answer;
  };
  ask((one) => one.apply(rulesWith("in-app", "email")));

  return {
    ask,
    /** So many events for these people of each, one a millisecond; all that they say is searchable. */
    fill(count: number, peopleOf: (n: number) => string[]): void {
      for (let from = 0; from < count; from += BATCH) {
        now += BATCH;
        const events = Array.from({ length: Math.min(BATCH, count - from) }, (_, n) => ({
          event: eventFor(from + n, peopleOf(from + n)),
          hash: "hash",
        }));
        ask((one) => one.accept({ version: 1, events }));
      }
      now += 1;
      ask((one) => one.inbox({ ...FIRST_PAGE, user: "nobody-yet", q: "everything" }));
    },
    /** These people have an address for mail; all others have none. */
    introduce(people: string[]): void {
      ask((one) => one.putUsers(people.map((id) => ({ id, fields: { email: `${id}@example.com` } }))));
    },
    /** No mail that is due is ever taken. */
    failAll(): void {
      const at = { version: 1, channel: "email", job: { at: now, number: "1" } } as const;
      const outcome = { kind: "permanent", code: "550" } as const;
      for (let served = ask((one) => one.begin(at)); "claim" in served && served.claim;) {
        const { id: claim } = served.claim;
        served = ask((one) => one.next({ ...at, claim, outcome, ms: 1, isLast: false }));
      }
    },
    close: () => sql.close(),
  };
}
export type Grown = ReturnType<typeof openGrown>;

export const FIRST_PAGE = { user: "", filter: "all", q: null, type: null, limit: 20, cursor: null } as const;

const pattern = toEvent(
  eventSchema.parse({ id: "x", type: "task_assigned", recipients: ["u"], data: { task: { title: "Call" }, actorName: "Kim" } }),
  "x",
);

/** Its title has a word that all have and one that it alone has. */
const eventFor = (n: number, people: string[]): Event => ({
  ...pattern,
  id: `e${n}`,
  recipients: people.map((id) => ({ id, fields: null })),
  data: { task: { title: `Call customer ${rareWord(n)}` }, actorName: "Kim" },
});

export const rareWord = (n: number): string => `rare${String(n).padStart(8, "0")}`;
