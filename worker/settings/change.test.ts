import { beforeEach, expect, test } from "vitest";
import { initialSettings, type Settings } from "@carillon/shared/settings";
import { Unavailable } from "../errors.ts";
import { changeSettings, finishChange } from "./change.ts";
import { fixedClock, memoryQueue, memoryStore, toldShards } from "./fixtures.ts";
import { rulesOf } from "./rules.ts";
import { readHistory, readSettings } from "./store.ts";

const clock = fixedClock();
let store: ReturnType<typeof memoryStore>;
let shards: ReturnType<typeof toldShards>;
let queue: ReturnType<typeof memoryQueue>;
const ports = () => ({ clock, store, shards, queue });

beforeEach(async () => {
  store = memoryStore(clock);
  shards = toldShards(2);
  queue = memoryQueue();
  await store.run(["HSET", "org:acme", "version", "1", "shards", "2"], ["HSET", "settings:acme", "1", JSON.stringify(initialSettings())]);
});

const switched =
  (enabled: boolean) =>
  (settings: Settings): Settings => ({
    ...settings,
    channels: { ...settings.channels, "in-app": { ...settings.channels["in-app"], enabled } },
  });
const pointer = async () => (await store.run(["HGET", "org:acme", "version"]))[0];

test("a change has reached every shard when it is answered, and is settled", async () => {
  shards.told[1]!.wakes = [{ channel: "email", at: clock.now(), number: "n1" }];
  const settings = await changeSettings(ports(), "acme", "Kim", "In-app off", switched(false), { "in-app": "urgent" });
  expect(settings).toMatchObject({ version: 2, changed: { at: clock.now(), by: "Kim", what: "In-app off" } });
  for (const shard of shards.told)
    expect(shard).toMatchObject({ rules: rulesOf(settings), releases: { "in-app": "urgent" }, pending: null });
  expect(shards.told[0]!.rules!.gates).toEqual({ "in-app": "off", email: "unset", sms: "unset", whatsapp: "unset", push: "unset" });
  expect(queue.jobs).toEqual([{ org: "acme", shard: 1, channel: "email", at: clock.now(), number: "n1" }]);
  expect(await pointer()).toBe("2");
});

test("every version stays readable, and one that this process knows costs nothing", async () => {
  await changeSettings(ports(), "acme", "Kim", "off", switched(false));
  await changeSettings(ports(), "acme", "Lee", "on", switched(true));
  store.trips = 0;
  expect((await readSettings(ports(), "acme", 3)).channels["in-app"].enabled).toBe(true);
  expect(store.trips).toBe(0);
  expect((await readSettings(ports(), "acme", 2)).channels["in-app"].enabled).toBe(false);
  expect(store.trips).toBe(1);
  expect(await readHistory(ports(), "acme")).toEqual([
    { version: 3, at: clock.now(), by: "Lee", what: "on" },
    { version: 2, at: clock.now(), by: "Kim", what: "off" },
    { version: 1, at: null, by: null, what: null },
  ]);
});

test("changes at the same time build on one another", async () => {
  const add = (night: string) =>
    changeSettings(ports(), "acme", night, night, (settings) => ({
      ...settings,
      channels: { ...settings.channels, sms: { ...settings.channels.sms, secrets: { ...settings.channels.sms.secrets, [night]: night } } },
    }));
  await Promise.all(["a", "b", "c"].map(add));
  expect(await pointer()).toBe("4");
  expect(Object.keys((await readSettings(ports(), "acme", 4)).channels.sms.secrets).sort()).toEqual(["a", "b", "c"]);
});

test("a change that someone else has under way is answered 409", async () => {
  shards.told[0]!.pending = { version: 2, settings: initialSettings(), releases: {} };
  await expect(changeSettings(ports(), "acme", "Kim", "off", switched(false))).rejects.toMatchObject({
    status: 409,
    code: "settings.busy",
  });
  expect(await pointer()).toBe("1");
}, 10_000);

test("without the store nothing is begun", async () => {
  store.isAway = true;
  await expect(changeSettings(ports(), "acme", "Kim", "off", switched(false))).rejects.toThrow(Unavailable);
  expect(shards.told[0]!.pending).toBe(null);
});

test("what a shard could not hear stays written down, and is finished from there", async () => {
  shards.told[1]!.isAway = true;
  await expect(changeSettings(ports(), "acme", "Kim", "off", switched(false))).rejects.toMatchObject({
    status: 503,
    code: "settings.pending",
  });
  // No request may tell a shard of a version whose releases it has not heard of.
  expect(await pointer()).toBe("1");
  const pending = shards.told[0]!.pending!;
  expect(pending.version).toBe(2);
  shards.told[1]!.isAway = false;
  await finishChange(ports(), "acme", pending);
  expect(shards.told.map((shard) => [shard.rules?.version, shard.pending])).toEqual([
    [2, null],
    [2, null],
  ]);
});

test("the store goes away between the halves: the change is promised, not lost", async () => {
  const calls = shards.get("acme", 0);
  const watched = {
    ...shards,
    get: (org: string, shard: number) => ({ ...(shard === 0 ? calls : shards.get(org, shard)), intend: leaveAfter(calls.intend) }),
  };
  const busy = changeSettings({ ...ports(), shards: watched }, "acme", "Kim", "off", switched(false));
  await expect(busy).rejects.toMatchObject({ status: 503, code: "settings.pending" });
  store.isAway = false;
  await finishChange(ports(), "acme", shards.told[0]!.pending!);
  expect(await pointer()).toBe("2");
});

/** The store can't be reached any more once this call was answered. */
const leaveAfter =
  <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) =>
  async (...args: Args): Promise<Answer> => {
    const answer = await call(...args);
    store.isAway = true;
    return answer;
  };

test("whoever finishes late does not undo what came after", async () => {
  const first = await changeSettings(ports(), "acme", "Kim", "off", switched(false));
  await changeSettings(ports(), "acme", "Lee", "on", switched(true));
  await finishChange(ports(), "acme", { version: 2, settings: first, releases: {} });
  expect(await pointer()).toBe("3");
  expect(shards.told.map((shard) => shard.rules?.gates["in-app"])).toEqual(["on", "on"]);
});

test("a pointer that fell back is mended by the next change", async () => {
  await changeSettings(ports(), "acme", "Kim", "off", switched(false));
  await store.run(["HSET", "org:acme", "version", "1"]);
  expect((await changeSettings(ports(), "acme", "Lee", "on", switched(true))).version).toBe(3);
  expect(await pointer()).toBe("3");
});
