import { expect, test } from "vitest";
import { openSql } from "../../adapters/node-sqlite.ts";
import { migrate } from "../schema.ts";
import { Events, type StoredEvent } from "./events.ts";

const bare: StoredEvent = {
  n: 1,
  id: "e1",
  hash: "h",
  type: "mention",
  typeName: null,
  at: 1_000,
  rules: 3,
  people: [7],
  texts: { en: { title: "T", body: "B" } },
  actor: null,
  priority: "normal",
  data: { text: null },
  link: null,
  occurredAt: null,
  collapseKey: null,
  resolves: [],
  shards: [],
  accepted: null,
  deliverAt: null,
  expiresAt: null,
};
const full: StoredEvent = {
  ...bare,
  n: 2,
  id: "e2",
  typeName: "Own",
  actor: "u1",
  link: "/deals/1",
  occurredAt: 0,
  collapseKey: "k",
  resolves: ["r"],
  deliverAt: 5,
  expiresAt: 6,
};

function makeEvents() {
  const sql = openSql(":memory:");
  migrate(sql);
  return { sql, events: new Events(sql), anew: () => new Events(sql) };
}

test("an event is read as it was written, with and without what most do not have", () => {
  const { events, anew } = makeEvents();
  for (const event of [bare, full]) events.insert(event);
  expect([anew().byId("e1"), anew().byId("e2")]).toEqual([bare, full]);
});

test("a row that names what is absent reads the same as one that leaves it out", () => {
  const { sql, anew } = makeEvents();
  const { n, id, hash, type, at, people, texts, ...body } = bare;
  const columns = [n, id, hash, type, at, JSON.stringify(body), JSON.stringify(people), JSON.stringify(texts)];
  sql.exec(`INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, ...columns);
  expect(anew().byId("e1")).toEqual(bare);
});
