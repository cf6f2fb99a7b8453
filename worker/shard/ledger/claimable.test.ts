import { expect, test } from "vitest";
import { openSql } from "../../adapters/node-sqlite.ts";
import { migrate } from "../schema.ts";
import { STATE } from "./cells.ts";
import { Deliveries, LEASE_MS, RANK } from "./deliveries.ts";
import { Tally } from "./tally.ts";
import { Wakes } from "./wakes.ts";

const EMAIL = 1;
const NOW = 1_000;

test("whatever is due for people who are not being served may be claimed, and for nobody whose number only looks like theirs", () => {
  const sql = openSql(":memory:");
  migrate(sql);
  const wakes = new Wakes(
    sql,
    () => "w",
    () => undefined,
    () => ({ jobs: 10, restsUntil: 0 }),
  );
  const deliveries = new Deliveries(sql, new Tally(sql), wakes);
  const common = { channel: EMAIL, hour: 0, state: STATE.queued, why: "matrix", expires: null, rank: RANK.normal } as const;
  for (const person of [1, 11, 111, 2]) deliveries.insert({ ...common, id: person * 8 + EMAIL, person, due: NOW });
  deliveries.insert({ ...common, id: 3 * 8 + EMAIL, person: 3, due: NOW + 1 });
  const people = (busy: number[], now = NOW) => deliveries.claimable(EMAIL, RANK.normal, now, busy, 8).map((id) => (id - EMAIL) / 8);

  expect(people([])).toEqual([1, 2, 11, 111]);
  expect(people([11])).toEqual([1, 2, 111]);
  expect(people([1, 2])).toEqual([11, 111]);
  expect(people([111, 1])).toEqual([2, 11]);
  deliveries.claim(deliveries.get(2 * 8 + EMAIL)!, NOW, "two@example.com");
  expect(people([])).toEqual([1, 11, 111]);
  expect(people([1, 2, 11, 111], NOW + LEASE_MS)).toEqual([2, 3]);
});
