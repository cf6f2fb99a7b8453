import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { Unavailable } from "@carillon/worker/errors";
import { createApp } from "@carillon/worker/app";
import { VERSION } from "@carillon/worker/routes/metrics";
import { openMetrics } from "@carillon/worker/routes/metrics/openmetrics";
import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { Shard } from "@carillon/worker/shard/shard";
import { T0, input } from "../counts/life.ts";
import { rulesWith } from "../harness/rules.ts";
import { ORIGIN, startApp, type House } from "../harness/app.ts";
import { readOpenMetrics, type ReadFamily } from "./openmetrics.ts";

const TOKEN = "a-token-for-metrics";
const BEARER = { authorization: `Bearer ${TOKEN}` };

const open = (shards = 1) => startApp({ shards, config: { metricsToken: TOKEN } });
const post = (house: House, id: string, recipients: string[]) =>
  house.call("POST", "/v1/events", { id, type: "mention", recipients, data: { text: id } }, house.key);
async function scrape(house: House, path = "/metrics"): Promise<(sample: string) => number | undefined> {
  const { status, text, headers } = await house.call("GET", path, undefined, BEARER);
  expect(status, text).toBe(200);
  expect(headers.get("content-type")).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
  return valueIn(readOpenMetrics(text));
}
const valueIn = (families: Map<string, ReadFamily>) => (sample: string) =>
  [...families.values()].map(({ samples }) => samples.get(sample)).find((value) => value !== undefined);

test("without a token in the environment there is no such page, whatever is brought", async () => {
  const house = await startApp();
  for (const headers of [{}, BEARER, house.key]) expect((await house.call("GET", "/metrics", undefined, headers)).status).toBe(404);
});

test("only the metrics token opens it", async () => {
  const house = await open();
  const wrong = [{}, house.key, { authorization: "Bearer the-bootstrap-token" }, { authorization: `Bearer ${TOKEN}x` }];
  for (const headers of wrong) expect((await house.call("GET", "/metrics", undefined, headers)).status).toBe(401);
  expect((await house.call("GET", `/metrics?token=${TOKEN}`)).status).toBe(401);
  expect((await house.call("GET", "/metrics", undefined, BEARER)).status).toBe(200);
});

test.each([1, 4])("events and deliveries by channel and state, summed up over %i shards, are what the ledger says", async (shards) => {
  const house = await open(shards);
  await post(house, "e1", ["u1", "u2", "u3"]);
  await post(house, "e2", ["u1"]);
  await post(house, "e2", ["u1"]);
  const value = await scrape(house);
  expect(value('carillon_events_accepted_total{org="acme"}')).toBe(2);
  expect(value('carillon_shards{org="acme"}')).toBe(shards);
  expect(value('carillon_deliveries_accepted_total{channel="in-app",org="acme"}')).toBe(4);
  expect(value('carillon_deliveries{channel="in-app",org="acme",state="delivered"}')).toBe(4);
  expect(value('carillon_deliveries{channel="email",org="acme",state="skipped"}')).toBe(4);
  const { body: ledger } = await house.call("GET", "/v1/ledger", undefined, house.key);
  const channels = ["in-app", "email", "sms", "whatsapp", "push"];
  const accepted = channels.map((channel) => value(`carillon_deliveries_accepted_total{channel="${channel}",org="acme"}`)!);
  expect(accepted.reduce((sum, one) => sum + one)).toBe(ledger.accepted);
  for (const channel of channels) expect(value(`carillon_deliveries_unaccounted{channel="${channel}",org="acme"}`)).toBe(0);
});

test("a switched-off channel shows its gate and what is parked; a due delivery its age; a held one its wake-up", async () => {
  const house = await open();
  const admin = await house.signIn("owner");
  const settings = { host: "smtp.example.com", port: 587, username: "crm", encryption: "tls", fromAddress: "crm@example.com" };
  await house.call("PUT", "/admin/api/channels/email", { version: 1, settings, secrets: { password: "secret" } }, admin);
  const gate = async (state: string) =>
    (await scrape(house))(`carillon_channel_gate{carillon_channel_gate="${state}",channel="email",org="acme"}`);
  expect([await gate("off"), await gate("on")]).toEqual([1, 0]);
  await house.call("PUT", "/v1/users/u1", { email: "u1@example.com" }, house.key);
  await post(house, "parked", ["u1"]);
  expect((await scrape(house))('carillon_deliveries{channel="email",org="acme",state="parked"}')).toBe(1);

  await house.call("POST", "/admin/api/channels/email/enable", {}, admin);
  await house.settle();
  house.clock.pass(90_000);
  const value = await scrape(house);
  expect(await gate("on")).toBe(1);
  expect(value('carillon_deliveries{channel="email",org="acme",state="in-flight"}')).toBe(1);
  expect(value('carillon_oldest_due_seconds{channel="email",org="acme"}')).toBe(90);
});

test("the sums over all time stay right over transactions that are rolled back, and a new start", () => {
  const sql = openSql(":memory:");
  const start = () => new Shard({ sql, clock: { now: () => T0 }, org: "acme", shard: 0 });
  const shard = start();
  const accept = (id: string, isCommitted: boolean) => {
    sql.begin();
    shard.accept(input(id, ["u1", "u2"]));
    const told = shard.metrics().events;
    shard.beforeCommit();
    if (isCommitted) return void sql.commit();
    expect(shard.metrics().events).toBe(told + 1);
    sql.rollback();
    shard.forget();
  };
  sql.transaction(() => shard.apply(rulesWith("in-app")));
  const kept = [true, false, true, true, false, false, true];
  kept.forEach((isCommitted, n) => accept(`e${n}`, isCommitted));
  for (const one of [shard, start()]) {
    const { events, channels } = one.metrics();
    expect(events).toBe(4);
    expect(channels["in-app"].ledger).toEqual(shard.volume(0)["in-app"]);
    expect(channels["in-app"].ledger).toMatchObject({ accepted: 8, delivered: 8, unaccounted: 0 });
  }
});

test("an organisation's own page leaves the others out", async () => {
  const house = await open();
  await house.found("other");
  const value = await scrape(house, "/metrics?org=other");
  expect([value('carillon_shards{org="other"}'), value('carillon_shards{org="acme"}')]).toEqual([1, undefined]);
});

test("a scrape takes two round trips to the store and one call a shard, however much there is", async () => {
  const house = await open(4);
  for (let n = 0; n < 30; n++) await post(house, `e${n}`, ["u1", "u2", "u3", "u4", "u5"]);
  await scrape(house);
  const { after } = await house.count(() => scrape(house));
  expect(after.trips).toBe(2);
  expect(after.calls.map(({ name, shard }) => `${name} ${shard}`).sort()).toEqual([0, 1, 2, 3].map((shard) => `metrics ${shard}`));
  expect(after.calls.flatMap(({ statements }) => statements.map(({ query }) => query)).filter((query) => /FROM tally/.test(query))).toEqual(
    [],
  );
});

test("a shard that is away is told as such, and the others are told all the same", async () => {
  const house = await open(4);
  await post(house, "e1", ["u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8"]);
  house.shards.away = new Set([2]);
  const value = await scrape(house);
  expect(value('carillon_shards_unreachable{org="acme"}')).toBe(1);
  expect(value('carillon_deliveries_accepted_total{channel="in-app",org="acme"}')).toBeGreaterThan(0);
});

test("without the store the process still tells of itself", async () => {
  const house = await open();
  const store = { ...house.outside.store, run: () => Promise.reject(new Unavailable("store")) };
  const answer = await createApp({ ...house.outside, store })(new Request(`${ORIGIN}/metrics`, { headers: BEARER }));
  const value = valueIn(readOpenMetrics(await answer.text()));
  expect(value("carillon_store_reachable")).toBe(0);
  expect(value('carillon_shards{org="acme"}')).toBeUndefined();
});

test("requests are counted by the route that was declared, and never by a path", async () => {
  const house = await open();
  await house.call("GET", "/v1/users/a-person-s-id", undefined, house.key);
  await house.call("GET", "/v1/users/a-person-s-id");
  await house.call("GET", "/a-page-that-is-not-there");
  const { text } = await house.call("GET", "/metrics", undefined, BEARER);
  const value = valueIn(readOpenMetrics(text));
  const count = (route: string, status: string) =>
    value(`carillon_http_request_duration_seconds_count{method="GET",route="${route}",status="${status}"}`);
  expect(count("/v1/users/:id", "4xx")).toBeGreaterThanOrEqual(2);
  expect(count("", "4xx")).toBeGreaterThanOrEqual(1);
  expect(text).not.toMatch(/a-person-s-id|a-page/);
});

test("made-up methods and paths make no series of their own", async () => {
  const house = await open();
  const series = async () => (await house.call("GET", "/metrics", undefined, BEARER)).text.match(/_count\{/g)!.length;
  for (const name of ["FIRST", "SECOND"]) await house.call(name, `/${name}`);
  const before = await series();
  for (let n = 0; n < 20; n++) await house.call(`MADE-UP-${n}`, `/v1/made-up-${n}`);
  expect(await series()).toBe(before);
});

test("the version is the package's", async () => {
  const { version } = JSON.parse(readFileSync(resolve(import.meta.dirname, "../../package.json"), "utf8")) as { version: string };
  expect(VERSION).toBe(version);
});

test("labels and helps are written so that they are read back as they were", () => {
  const odd = 'a "quoted" \\ line\nand another';
  const family = { name: "x", type: "gauge", help: odd, samples: [{ labels: { of: odd, b: "" }, value: 1.5 }] } as const;
  const read = readOpenMetrics(openMetrics([{ ...family, samples: [...family.samples] }]));
  expect(read.get("x")).toEqual({
    type: "gauge",
    unit: "",
    help: odd,
    samples: new Map([[`x{b="",of=${JSON.stringify(odd)}}`, 1.5]]),
  });
});

test.each([
  ["no end", "# TYPE a gauge\na 1\n"],
  ["a counter without _total", "# TYPE a counter\na 1\n# EOF\n"],
  ["a sample of another family", "# TYPE a gauge\nb 1\n# EOF\n"],
  ["a unit that is no part of the name", "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n"],
  ["a family twice", "# TYPE a gauge\na 1\n# TYPE a gauge\na 1\n# EOF\n"],
  ["a sample twice", '# TYPE a gauge\na{b="1"} 1\na{b="1"} 1\n# EOF\n'],
  ["buckets that fall", '# TYPE a histogram\na_bucket{le="1.0"} 2\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n'],
  ["a bare bound", '# TYPE a histogram\na_bucket{le="1"} 1\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n'],
])("the parser of these tests refuses %s", (_, text) => {
  expect(() => readOpenMetrics(text)).toThrow();
});
