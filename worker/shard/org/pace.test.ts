import { expect, test } from "vitest";
import { openSql } from "../../adapters/node-sqlite.ts";
import { migrate } from "../schema.ts";
import { PaceKeeper, type TurnsAsked } from "./pace.ts";

const T0 = Date.UTC(2026, 10, 23, 9);
const LEASE = 60_000;

function makeKeeper() {
  const sql = openSql(":memory:");
  migrate(sql);
  let keeper = new PaceKeeper(sql);
  const one = {
    restart: () => void (keeper = new PaceKeeper(sql)),
    forget: () => keeper.forget(),
    ask: (run: string, ms: number, more: Partial<TurnsAsked> = {}) =>
      keeper.ask(
        { channel: "email", shard: Number(run[0]), run, pace: { perSecond: null, connections: null }, count: 1, eachMs: 0, ...more },
        T0 + ms,
      ),
    giveBack: (run: string, ms: number, unused: number[] = [], rest: { until: number; why: string } | null = null) =>
      keeper.giveBack({ channel: "email", shard: Number(run[0]), run, unused, rest }, T0 + ms),
    /** Its turns, as ms since the start; or when to come again. */
    turns: (run: string, ms: number, perSecond: number, count = 1, eachMs = 0) => {
      const given = one.ask(run, ms, { pace: { perSecond, connections: null }, count, eachMs });
      return "notBefore" in given ? { notBefore: given.notBefore - T0 } : given.turns!.map((turn) => Math.round(turn - T0));
    },
  };
  return one;
}
const TWO = { pace: { perSecond: null, connections: 2 } };

test("turns are given out once, whoever asks: the first at once, the next where the last ended", () => {
  const { turns } = makeKeeper();
  expect(turns("0a", 0, 10, 3)).toEqual([0, 100, 200]);
  expect(turns("1a", 5, 10, 2)).toEqual([300, 400]);
  expect(turns("2a", 5, 10)).toEqual([500]);
});

test("two seconds are given out at once, shared by all who send", () => {
  const { turns } = makeKeeper();
  expect(turns("0a", 0, 10, 100)).toHaveLength(20);
  expect(turns("1a", 1_000, 10, 100)).toHaveLength(10);
});

test("turns lie as far apart as a message takes, and others use those between", () => {
  const { turns } = makeKeeper();
  expect(turns("0a", 0, 10, 3, 200)).toEqual([0, 200, 400]);
  expect(turns("1a", 0, 10, 3, 200)).toEqual([100, 300, 500]);
});

test("what is given back can be used again, and after a pause the first goes at once", () => {
  const keeper = makeKeeper();
  keeper.turns("0a", 0, 10, 5);
  keeper.giveBack(
    "0a",
    120,
    [200, 300, 400].map((ms) => T0 + ms),
  );
  expect(keeper.turns("1a", 150, 10)).toEqual([200]);
  expect(keeper.turns("1a", 777, 10)).toEqual([777]);
});

test("a turn that is too far away is kept for its shard, and for nobody else", () => {
  const { turns } = makeKeeper();
  expect(turns("0a", 0, 0.1)).toEqual([0]);
  expect(turns("1a", 0, 0.1)).toEqual({ notBefore: 9_000 });
  expect(turns("2a", 0, 0.1)).toEqual({ notBefore: 19_000 });
  expect(turns("1b", 500, 0.1)).toEqual({ notBefore: 9_000 });
  expect(turns("1c", 9_000, 0.1)).toEqual([10_000]);
  expect(turns("2c", 19_100, 0.1)).toEqual([20_000]);
});

test("after a crash no turn is given out twice, and after a change of the pace none too early", () => {
  for (const again of ["restart", "forget"] as const) {
    const keeper = makeKeeper();
    keeper.turns("0a", 0, 10, 10);
    keeper[again]();
    expect(keeper.turns("0b", 300, 10)).toEqual([1_000]);
    expect(keeper.turns("0b", 300, 1)).toEqual([2_000]);
  }
});

test("no more connections than are set; whoever stands in line is called when one is given back, the first first", () => {
  const keeper = makeKeeper();
  expect([keeper.ask("0a", 0, TWO), keeper.ask("1a", 0, TWO)]).toMatchObject([{ turns: null }, { turns: null }]);
  expect(keeper.ask("2a", 1_000, TWO)).toEqual({ notBefore: T0 + LEASE, rest: null });
  expect(keeper.ask("3a", 1_000, TWO)).toEqual({ notBefore: T0 + LEASE, rest: null });
  expect(keeper.giveBack("0a", 2_000)).toBe(2);
  // Nobody slips in between.
  expect(keeper.ask("0b", 2_010, TWO)).toHaveProperty("notBefore");
  expect(keeper.ask("2b", 2_050, TWO)).toMatchObject({ turns: null });
  expect(keeper.giveBack("1a", 3_000)).toBe(3);
});

test("whoever was called and does not come loses the place after five seconds", () => {
  const keeper = makeKeeper();
  keeper.ask("0a", 0, TWO);
  keeper.ask("1a", 0, TWO);
  keeper.ask("2a", 0, TWO);
  expect(keeper.giveBack("0a", 1_000)).toBe(2);
  expect(keeper.ask("3a", 5_999, TWO)).toHaveProperty("notBefore");
  expect(keeper.ask("3b", 6_000, TWO)).toMatchObject({ turns: null });
});

test("who has had a connection for five seconds gives way to those who wait, and keeps it while nobody does", () => {
  const keeper = makeKeeper();
  keeper.ask("0a", 0, TWO);
  keeper.ask("1a", 0, TWO);
  expect(keeper.ask("0a", 20_000, TWO)).toMatchObject({ turns: null });
  keeper.ask("2a", 20_000, TWO);
  expect(keeper.ask("0a", 20_001, TWO)).toHaveProperty("notBefore");
  expect(keeper.giveBack("0a", 20_010)).toBe(2);
});

test("the connection of a run that has died is free after a minute, over a restart too; one that asks again keeps it", () => {
  const keeper = makeKeeper();
  keeper.ask("0a", 0, TWO);
  keeper.ask("1a", 0, TWO);
  keeper.ask("1a", 30_000, TWO);
  keeper.restart();
  expect(keeper.ask("2a", LEASE - 1, TWO)).toEqual({ notBefore: T0 + LEASE - 1 + 1_000, rest: null });
  expect(keeper.ask("2b", LEASE, TWO)).toMatchObject({ turns: null });
  expect(keeper.ask("3a", LEASE, TWO)).toEqual({ notBefore: T0 + 30_000 + LEASE, rest: null });
});

test("a pause that one run was asked for holds for all, over a restart too; a longer one takes its place", () => {
  const keeper = makeKeeper();
  const rest = { until: T0 + 30_000, why: "429" };
  keeper.ask("0a", 0);
  keeper.giveBack("0a", 10, [], rest);
  keeper.giveBack("1a", 20, [], { until: T0 + 10_000, why: "429" });
  keeper.restart();
  expect(keeper.ask("2a", 1_000)).toEqual({ notBefore: T0 + 30_000, rest });
  expect(keeper.turns("2a", 1_000, 10)).toEqual({ notBefore: 29_000 });
  expect(keeper.turns("2b", 29_500, 10)).toEqual([30_000]);
  expect(keeper.ask("2c", 30_000)).toMatchObject({ turns: null });
});

test("channels know nothing of each other", () => {
  const keeper = makeKeeper();
  const one = { pace: { perSecond: 1, connections: 1 } };
  expect(keeper.ask("0a", 0, one)).toMatchObject({ turns: [T0] });
  expect(keeper.ask("0b", 0, { ...one, channel: "sms" })).toMatchObject({ turns: [T0] });
});
