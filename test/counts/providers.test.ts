import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { EXTERNAL_CHANNELS } from "@carillon/shared/channels";
import { LIMITS } from "@carillon/shared/limits";
import { reportUrl } from "@carillon/worker/pipeline/links";
import type { Job } from "@carillon/worker/ports";
import { openHouse, type OpenHouse } from "../hooks/house.ts";
import { SILENT_PHONE, startStandIn, type StandIn } from "./stand-in.ts";

const SENDS = { sms: "twilio send", whatsapp: "meta send", push: "push send" } as const;
type Channel = keyof typeof SENDS;

let providers: StandIn;
beforeAll(async () => void (providers = await startStandIn()));
afterEach(() => void providers.take());
afterAll(() => providers.stop());

const people = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ id: `p${n}`, phone: `+49151123${String(45_000 + n)}`, whatsappOptIn: true }));

/** A house whose people can be reached on every channel over HTTP, with their browsers. */
async function reachable(count: number, browsers = 1): Promise<OpenHouse> {
  const house = await openHouse({ shards: 1, standIns: providers.standIns });
  const shard = house.shards.get("acme", 0);
  for (const { id, ...fields } of people(count)) {
    await shard.putUsers([{ id, fields }]);
    for (let n = 0; n < browsers; n++) await shard.putBrowser(id, providers.browser(house.keys.publicKey));
  }
  house.queue.take();
  return house;
}

/** Posts an event and answers the jobs of one channel. */
async function jobsOf(house: OpenHouse, channel: Channel, count: number): Promise<Job[]> {
  await house.post("e1", { recipients: people(count).map((person) => person.id) });
  return house.queue.take().filter((job) => job.channel === channel);
}

type After = Awaited<ReturnType<OpenHouse["count"]>>["after"];
const counted = ({ trips, commands, calls, requests }: After) => ({
  trips,
  commands: commands.length,
  begins: calls.filter(({ name }) => name === "begin").length,
  nexts: calls.filter(({ name }) => name === "next").length,
  others: calls.filter(({ name }) => name !== "begin" && name !== "next").length,
  messages: requests.flat().length,
});

const statusesOf = (ids: string[], status: string) => ({
  field: "messages",
  value: { statuses: ids.map((id, n) => ({ id: `wamid.${n}`, status, biz_opaque_callback_data: id })) },
});

test.each((["sms", "whatsapp", "push"] as const).flatMap((channel) => [1, 10, LIMITS.jobPeople].map((count) => ({ channel, count }))))(
  "a job of $channel for $count people takes one command, one begin, one next and one request of the provider a person",
  async ({ channel, count }) => {
    const house = await reachable(count);
    const [job, ...more] = await jobsOf(house, channel, count);
    expect(more).toEqual([]);
    const { result, after } = await house.count(() => house.deliver(job!));
    expect(result.status).toBe(200);
    expect(counted(after)).toEqual({ trips: 1, commands: 1, begins: 1, nexts: count, others: 0, messages: 0 });
    expect(providers.take()).toEqual(Array.from({ length: count }, () => SENDS[channel]));
  },
);

test("a person with three browsers takes three requests and one next", async () => {
  const house = await reachable(1, 3);
  const [job] = await jobsOf(house, "push", 1);
  const { after } = await house.count(() => house.deliver(job!));
  expect(counted(after)).toEqual({ trips: 1, commands: 1, begins: 1, nexts: 1, others: 0, messages: 0 });
  expect(providers.take()).toEqual(["push send", "push send", "push send"]);
});

test("Twilio is asked whether it has a message only where it gave no answer, once a try", async () => {
  const house = await reachable(3);
  await house.call("PUT", "/v1/users/p1", { phone: SILENT_PHONE }, house.key);
  const [job] = await jobsOf(house, "sms", 3);
  await house.deliver(job!);
  expect(providers.take()).toEqual(["twilio send", "twilio send", "twilio look-up", "twilio send"]);
  house.clock.pass(60_000);
  const [again] = house.queue.take().filter(({ channel }) => channel === "sms");
  await house.deliver(again!);
  expect(providers.take()).toEqual(["twilio look-up", "twilio send", "twilio look-up"]);
});

test.each([1, LIMITS.jobPeople, LIMITS.jobPeople + 1])(
  "an event on all five channels for %i people is accepted for one command and one call, and takes one queue message a channel and hundred",
  async (count) => {
    const house = await reachable(count);
    const recipients = people(count).map(({ id }) => ({ id, email: `${id}@example.com` }));
    const event = { id: "e1", type: "task_assigned", recipients, data: { task: { title: "Call" } } };
    const { result, before, after } = await house.count(() => house.call("POST", "/v1/events", event, house.key));
    expect(result).toMatchObject({ status: 202, body: { accepted: count } });
    expect({ trips: before.trips, commands: before.commands.length, calls: before.calls.map(({ name }) => name) }).toEqual({
      trips: 1,
      commands: 1,
      calls: ["accept"],
    });
    expect({ trips: after.trips, calls: after.calls.length, requests: after.requests.length }).toEqual({ trips: 1, calls: 1, requests: 1 });
    const messages = EXTERNAL_CHANNELS.map((channel) => after.requests.flat().filter((job) => job.channel === channel).length);
    expect(messages).toEqual(EXTERNAL_CHANNELS.map(() => Math.ceil(count / LIMITS.jobPeople)));
  },
);

describe("a receipt takes one command, one call and no message; repeats and what is no news write nothing", () => {
  /** Tells a house one thing after the other; answers how many statements each of them wrote with. */
  async function writesOf(house: OpenHouse, tell: (() => Promise<unknown>)[]): Promise<number[]> {
    const writes: number[] = [];
    for (const work of tell) {
      const { trips, commands, calls, requests } = (await house.count(work)).after;
      expect({ trips, commands: commands.length, calls: calls.map(({ name }) => name), requests }).toEqual({
        trips: 1,
        commands: 1,
        calls: ["receipt"],
        requests: [],
      });
      writes.push(calls[0]!.statements.filter(({ query }) => /^\s*(INSERT|UPDATE|DELETE)/i.test(query)).length);
    }
    return writes;
  }

  test("of Twilio", async () => {
    const house = await openHouse({ shards: 1 });
    await house.post("e1");
    await house.serve("sms");
    const { id } = await house.deliveryOf("e1", "sms");
    const tell = (MessageStatus: string) => () => house.twilio({ MessageSid: "SM1", MessageStatus }, id);
    expect(await writesOf(house, ["sent", "delivered", "delivered", "sent"].map(tell))).toEqual([0, 2, 0, 0]);
    expect((await house.deliveryOf("e1", "sms")).state).toBe("delivered");
  });

  test("of Meta", async () => {
    const house = await openHouse({ shards: 1 });
    await house.post("e1");
    await house.serve("whatsapp");
    const { id } = await house.deliveryOf("e1", "whatsapp");
    const tell = (status: string) => () => house.meta([statusesOf([id], status)]);
    expect(await writesOf(house, ["sent", "delivered", "read", "delivered", "read"].map(tell))).toEqual([0, 2, 1, 0, 0]);
    expect((await house.deliveryOf("e1", "whatsapp")).state).toBe("read");
  });

  test("of a browser", async () => {
    const house = await reachable(1);
    await house.post("e1", { recipients: ["p0"] });
    const [message] = await house.serve("push");
    const path = new URL(await reportUrl(house.outside, { org: "acme", delivery: message!.deliveryId })).pathname;
    const tell = (state: string) => () => house.fetch("POST", path, { body: JSON.stringify({ state }) });
    const [shown, clicked, ...repeats] = await writesOf(house, ["shown", "clicked", "shown", "clicked"].map(tell));
    // A click also reads the item in the bell.
    expect([shown, clicked! > 1, repeats]).toEqual([2, true, [0, 0]]);
    expect((await house.deliveryOf("e1", "push", "p0")).state).toBe("read");
  });
});

test("a webhook of Meta about ten messages takes one command, and one call a message", async () => {
  const house = await openHouse({ shards: 1 });
  const ids: string[] = [];
  for (let n = 0; n < 10; n++) {
    await house.post(`e${n}`);
    ids.push((await house.deliveryOf(`e${n}`, "whatsapp")).id);
  }
  await house.serve("whatsapp");
  const { result, after } = await house.count(() => house.meta([statusesOf(ids, "delivered")]));
  expect(result.status).toBe(200);
  expect({ trips: after.trips, commands: after.commands.length, calls: after.calls.map(({ name }) => name) }).toEqual({
    trips: 1,
    commands: 1,
    calls: ids.map(() => "receipt"),
  });
  expect((await house.deliveryOf("e9", "whatsapp")).state).toBe("delivered");
});
