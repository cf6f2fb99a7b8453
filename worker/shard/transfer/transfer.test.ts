import { describe, expect, test } from "vitest";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { openSql, type HostSql } from "../../adapters/node-sqlite.ts";
import { rulesOf } from "../../settings/rules.ts";
import { initialSettings } from "@carillon/shared/settings";
import { SCHEMA_VERSION } from "../schema.ts";
import { Shard } from "../shard.ts";
import { PAGE_CHARACTERS, readPage, tablesOf } from "./tables.ts";
import type { TransferStep } from "./transfer.ts";

const T0 = Date.UTC(2026, 10, 23, 9);
const MINUTE = 60_000;

function makeShard(sql: HostSql = openSql(":memory:")) {
  let now = T0;
  const open = () => new Shard({ sql, clock: { now: () => now }, org: "acme", shard: 0 });
  let shard = open();
  return {
    sql,
    get shard() {
      return shard;
    },
    pass: (ms: number) => void (now += ms),
    restart: () => void (shard = open()),
    ask: (step: TransferStep) => sql.transaction(() => shard.transfer(step)),
    tell: (id: string, recipients: string[], words = id) => {
      const event = toEvent(eventSchema.parse({ id, type: "mention", recipients, data: { text: words } }), id);
      shard.apply(rulesOf(initialSettings()));
      shard.accept({ version: 1, events: [{ event, hash: id }] });
      shard.beforeCommit();
    },
  };
}
const begin = { act: "begin", backup: "b1" } as const;
const clear = { act: "clear", schema: SCHEMA_VERSION } as const;
const isNoting = (sql: HostSql) => sql.exec(`SELECT 1 FROM sqlite_schema WHERE name GLOB 'backup_*'`).toArray().length > 0;

describe("a backup", () => {
  test("notes what changes until it ends, and leaves nothing behind", () => {
    const { ask, tell, sql } = makeShard();
    expect(ask(begin)).toEqual({ schema: SCHEMA_VERSION });
    tell("e1", ["u1"]);
    const changes = ask({ act: "changes", backup: "b1", after: 0 });
    expect(changes).toMatchObject({ isAll: true, isHeld: false });
    const tables = "changed" in changes ? changes.changed.map(({ table }) => table) : [];
    expect(tables).toEqual(expect.arrayContaining(["audit", "event", "notice", "person", "tally"]));
    expect(ask({ act: "end", backup: "b1" })).toEqual({ done: true });
    expect(ask({ act: "end", backup: "b1" })).toEqual({ done: true });
    expect(isNoting(sql)).toBe(false);
  });

  test("goes on for as long as it is heard of every ten minutes, also after a restart", () => {
    const { ask, pass, restart, sql } = makeShard();
    ask(begin);
    pass(9 * MINUTE);
    ask({ act: "page", backup: "b1", table: "person", after: null });
    pass(9 * MINUTE);
    restart();
    expect(ask({ act: "changes", backup: "b1", after: 0 })).toMatchObject({ isAll: true });
    expect(isNoting(sql)).toBe(true);
  });

  test("that has died is ended by the timer", () => {
    const house = makeShard();
    house.ask(begin);
    house.restart();
    expect(house.shard.nextAlarm()).toBe(T0 + 10 * MINUTE);
    house.pass(10 * MINUTE);
    house.shard.alarm();
    expect(isNoting(house.sql)).toBe(false);
    expect(house.shard.nextAlarm()).toBe(null);
    expect(house.ask({ act: "changes", backup: "b1", after: 0 })).toEqual({ refused: "lost" });
  });

  test("gives way to the next, and is told so", () => {
    const { ask } = makeShard();
    ask(begin);
    ask({ act: "begin", backup: "b2" });
    expect(ask({ act: "page", backup: "b1", table: "person", after: null })).toEqual({ refused: "lost" });
    ask({ act: "end", backup: "b1" });
    expect(ask({ act: "page", backup: "b2", table: "person", after: null })).toEqual({ rows: [], next: null });
  });

  test("reads pages of a bounded size, a long row alone, and every row once", () => {
    const { ask, tell, sql } = makeShard();
    for (let n = 0; n < 12; n++) tell(`e${n}`, [`u${n}`], "x".repeat(n === 5 ? 900_000 : 100_000));
    ask(begin);
    const ids: unknown[] = [];
    for (let after: (string | number)[] | null = null, page; ; after = page.next) {
      page = ask({ act: "page", backup: "b1", table: "event", after });
      if (!("rows" in page)) throw new Error("no page");
      if (page.rows.length > 1) expect(JSON.stringify(page.rows).length).toBeLessThan(PAGE_CHARACTERS + 1_000);
      ids.push(...page.rows.map((row) => row[1]));
      if (page.next === null) break;
    }
    expect(ids).toEqual(Array.from({ length: 12 }, (_, n) => `e${n}`));
    expect(ask({ act: "page", backup: "b1", table: "sqlite_schema", after: null })).toEqual({ refused: "table" });
    expect(ask({ act: "page", backup: "b1", table: "x'; DROP TABLE person; --", after: null })).toEqual({ refused: "table" });
    expect(tablesOf(sql).map(({ name }) => name)).not.toContain("ticket");
  });

  test("is in the audit log", () => {
    const { ask, shard } = makeShard();
    ask(begin);
    expect(shard.auditLog({ limit: 5, cursor: null }).data).toMatchObject([{ who: "operator", act: "backup", what: "acme" }]);
  });

  test("holds no longer than it says, whatever becomes of it", () => {
    const { ask, pass, shard } = makeShard();
    ask({ act: "hold", ms: 3_000 });
    expect(shard.heldMs()).toBe(3_000);
    pass(2_999);
    expect(shard.heldMs()).toBe(1);
    pass(1);
    expect(shard.heldMs()).toBe(0);
    ask({ act: "hold", ms: 3_000 });
    ask({ act: "letGo" });
    expect(shard.heldMs()).toBe(0);
  });

  test("can be made of every table: each has a key, and no column that holds bytes", () => {
    const { sql } = makeShard();
    for (const { name, key } of tablesOf(sql)) {
      expect(key.length, name).toBeGreaterThan(0);
      const types = sql.exec<{ type: string }>(`SELECT type FROM pragma_table_info('${name}')`).toArray();
      expect(new Set(types.map(({ type }) => type)).difference(new Set(["INTEGER", "TEXT"])), name).toEqual(new Set());
    }
  });
});

describe("a restore", () => {
  test("closes the shard until it is ready: nobody is served, no timer rings, and then it opens with the first call", () => {
    const house = makeShard();
    house.ask(clear);
    const source = makeShard();
    source.tell("e1", ["u1"]);
    for (const table of tablesOf(source.sql)) house.ask({ act: "rows", table: table.name, rows: readPage(source.sql, table, null).rows });
    for (const isAnew of [false, true]) {
      if (isAnew) house.restart();
      expect(() => house.shard.admit("accept")).toThrow("The shard can't be reached");
      expect(() => house.shard.admit("transfer")).not.toThrow();
      expect(house.shard.nextAlarm()).toBe(null);
      expect(house.shard.alarm()).toMatchObject({ wakes: [], change: null, carry: [] });
    }
    house.ask({ act: "ready" });
    expect(house.shard.nextAlarm()).toBe(null);
    house.shard.admit("rearm");
    expect(house.shard.event("e1")).toMatchObject({ id: "e1", recipients: ["u1"] });
    expect(house.ask({ act: "rows", table: "person", rows: [] })).toEqual({ refused: "not-filling" });
    expect(house.shard.auditLog({ limit: 1, cursor: null }).data).toMatchObject([{ who: "operator", act: "restore" }]);
  });

  test("begins only where nothing is, or from nothing where one was cut off", () => {
    const used = makeShard();
    used.tell("e1", ["u1"]);
    expect(used.ask(clear)).toEqual({ refused: "not-empty" });
    expect(used.shard.event("e1")).not.toBe(null);

    const { ask, sql } = makeShard();
    expect(ask({ act: "rows", table: "subject", rows: [["k", 1]] })).toEqual({ refused: "not-filling" });
    ask(clear);
    ask({ act: "rows", table: "subject", rows: [["k", 1]] });
    ask({ act: "rows", table: "subject", rows: [["k", 1]] });
    expect(sql.exec(`SELECT * FROM subject`).toArray()).toHaveLength(1);
    expect(ask(clear)).toEqual({ done: true });
    expect(sql.exec(`SELECT * FROM subject`).toArray()).toEqual([]);
    expect(ask(begin)).toEqual({ refused: "not-empty" });
    expect(ask({ ...clear, schema: SCHEMA_VERSION + 1 })).toEqual({ refused: "schema" });
  });

  test("finds nothing again of whom was erased, and all of the others", () => {
    const source = makeShard();
    source.tell("e1", ["u2", "u1"], "shared word");
    source.tell("e2", ["u1"], "lonely word");
    source.shard.eraseUser("u1");
    const house = makeShard();
    house.ask(clear);
    for (const table of tablesOf(source.sql)) house.ask({ act: "rows", table: table.name, rows: readPage(source.sql, table, null).rows });
    while ((house.ask({ act: "index" }) as { left: boolean }).left);
    house.ask({ act: "ready" });
    house.shard.admit("rearm");
    const query = { user: "u2", filter: "all" as const, type: null, limit: 10, cursor: null };
    for (const q of ["shared", "lonely"]) expect(house.shard.inbox({ ...query, q })).toEqual(source.shard.inbox({ ...query, q }));
    expect(house.shard.inbox({ ...query, q: "shared" }).data).toHaveLength(1);
    house.tell("e3", ["u3"], "another");
    expect(house.shard.inbox({ ...query, user: "u3", q: "shared" }).data).toEqual([]);
  });
});
