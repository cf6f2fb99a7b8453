import { expect, test } from "vitest";
import { openSql } from "@carillon/worker/adapters/node-sqlite";
import type { Sql } from "@carillon/worker/ports";
import { SCHEMA_VERSION, migrate } from "@carillon/worker/shard/schema";
import { Shard } from "@carillon/worker/shard/shard";
import { dropNotes, noteChanges, readChanges } from "@carillon/worker/shard/transfer/changes";
import { digestOf, readPage, tablesOf, writeRows, type Key, type Row } from "@carillon/worker/shard/transfer/tables";
import { randomFrom, seeds, whole } from "./seeds.ts";
import { PEOPLE, T0, World } from "./shard-world.ts";

const WORLDS = Number(process.env.WORLDS ?? 25);
/** So few characters a page that there are many of them, and much happens between any two. */
const SMALL = 400;
/** More would change meanwhile than pages so small can tell. */
const ROUNDS = 20;

const rowsOf = (sql: Sql) => Object.fromEntries(tablesOf(sql).map((table) => [table.name, readPage(sql, table, null, Infinity).rows]));

/** A copy of a world's shard, made while it lives: as of the last look, at which nothing happens. */
function copyOf(world: World, random: () => number) {
  const live = () => {
    for (let acts = whole(random, 0, 3); acts > 0; acts--) world.act();
  };
  const copy = openSql(":memory:");
  migrate(copy);
  const tables = new Map(tablesOf(copy).map((table) => [table.name, table]));
  noteChanges(world.sql);
  for (const table of tables.values()) {
    let after: Key | null = null;
    do {
      const page: { rows: Row[]; next: Key | null } = readPage(world.sql, table, after, SMALL);
      writeRows(copy, table, page.rows);
      live();
      after = page.next;
    } while (after !== null);
  }
  for (let upTo = 0, rounds = 0, isAll = false; !isAll; rounds++) {
    const page = readChanges(world.sql, upTo, SMALL);
    for (const { table, rows, gone } of page.changed) writeRows(copy, tables.get(table)!, rows, gone);
    ({ upTo } = page);
    if (rounds < ROUNDS) live();
    else ({ isAll } = page);
  }
  dropNotes(world.sql);
  return copy;
}

/** What can be asked of a shard, in words that it was told. */
function look(shard: Shard) {
  const log = { state: null, channel: null, type: null, user: null, from: null, to: null, limit: 100, cursor: null };
  const bell = { filter: "all" as const, type: null, limit: 100, cursor: null };
  return {
    ledger: shard.ledger({ from: null, to: null }),
    found: shard.deliveries({ ...log, q: "task" }),
    bells: PEOPLE.map((user) => [shard.inbox({ ...bell, user, q: null }), shard.inbox({ ...bell, user, q: "task 1" })]),
  };
}

test(`a copy of a shard that lives is what the shard is, and goes on in its place (${WORLDS} worlds)`, () => {
  let rows = 0;
  for (const seed of seeds("transfer", WORLDS)) {
    const random = randomFrom(seed);
    const world = new World(seed);
    for (let acts = 0; acts < 120; acts++) world.act();
    const copy = copyOf(world, random);
    const all = rowsOf(world.sql);
    expect(rowsOf(copy), `seed ${seed}`).toEqual(all);
    rows += Object.values(all).flat().length;

    const sql = openSql(":memory:");
    const restored = restore(copy, sql, world);
    expect(look(restored), `seed ${seed}`).toEqual(look(world.shard));

    world.moveTo(sql);
    for (let acts = 0; acts < 80; acts++) world.act();
    world.drain();
    const { accepted, held, parked, inFlight, unaccounted } = world.ledger(null, null);
    expect(accepted).toBeGreaterThan(0);
    expect({ held, parked, inFlight, unaccounted }, `seed ${seed}`).toEqual({ held: 0, parked: 0, inFlight: 0, unaccounted: 0 });
    const deliveries = [...new Set(world.accepted.map(({ event }) => event))].flatMap((event) => world.deliveriesOf(event));
    expect(new Set(deliveries.map(({ id }) => id)).size).toBe(deliveries.length);
  }
  console.log(`${rows} rows`);
});

/** Step by step as the command does it, with a start anew after every one, as an object that is thrown out has. */
function restore(from: Sql, sql: ReturnType<typeof openSql>, world: World): Shard {
  const clock = { now: () => T0 + 400 * 86_400_000 };
  const ask = (step: Parameters<Shard["transfer"]>[0]) =>
    sql.transaction(() => new Shard({ sql, clock, org: "acme", shard: 0 }).transfer(step));
  expect(ask({ act: "clear", schema: SCHEMA_VERSION })).toEqual({ done: true });
  for (const table of tablesOf(from)) {
    const { rows } = readPage(from, table, null, Infinity);
    expect(ask({ act: "rows", table: table.name, rows })).toEqual({ done: true });
    expect(ask({ act: "digest", table: table.name, after: null })).toEqual({ count: rows.length, digest: digestOf(rows), next: null });
  }
  while ((ask({ act: "index" }) as { left: boolean }).left);
  expect(ask({ act: "ready" })).toEqual({ done: true });
  const shard = new Shard({ sql, clock: { now: () => world.now }, org: "acme", shard: 0 });
  shard.admit("rearm");
  return shard;
}
