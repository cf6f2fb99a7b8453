import { afterAll, beforeAll, expect, test } from "vitest";
import { LIMITS } from "@carillon/shared/limits";
import { startApp, type House } from "../harness/app.ts";
import { startMailServer, type TestServer } from "../channels/mail-server.ts";

let mail: TestServer;
let connections = 0;
beforeAll(async () => {
  mail = await startMailServer({
    hideSTARTTLS: true,
    authOptional: true,
    onConnect(_session, callback) {
      connections++;
      callback();
    },
  });
});
afterAll(() => mail.stop());

/** A house that sends its mail through a real server on this machine. */
async function mailingHouse(): Promise<House> {
  const house = await startApp({ shards: 1, config: { allowPrivateHosts: true } });
  const admin = await house.signIn("owner");
  const settings = { host: "127.0.0.1", port: mail.port, username: "", encryption: "none", fromAddress: "crm@example.com" };
  await house.call("PUT", "/admin/api/channels/email", { version: 1, settings }, admin);
  await house.call("POST", "/admin/api/channels/email/enable", {}, admin);
  return house;
}

const people = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `p${index}`, email: `p${index}@example.com` }));
const event = (id: string, count: number) => ({ id, type: "mention", recipients: people(count), data: { text: id } });

test.each([1, 10, LIMITS.jobPeople])(
  "a job for %i people takes one command, one begin, one next a person and one connection",
  async (count) => {
    const house = await mailingHouse();
    await house.call("POST", "/v1/events", event("e1", count), house.key);
    await house.settle();
    const [job, ...more] = house.queue.take();
    expect(more).toEqual([]);
    const before = { connections, received: mail.received.length };
    const { result, after } = await house.count(() => house.deliver(job!));
    expect(result.status).toBe(200);
    expect({
      trips: after.trips,
      commands: after.commands.length,
      begins: after.calls.filter(({ name }) => name === "begin").length,
      nexts: after.calls.filter(({ name }) => name === "next").length,
      others: after.calls.filter(({ name }) => name !== "begin" && name !== "next").length,
      connections: connections - before.connections,
      mails: mail.received.length - before.received,
      messages: after.requests.length,
    }).toEqual({ trips: 1, commands: 1, begins: 1, nexts: count, others: 0, connections: 1, mails: count, messages: 0 });
  },
);

test("many small events share a job and its connection", async () => {
  const house = await mailingHouse();
  for (let n = 0; n < 40; n++) await house.call("POST", "/v1/events", event(`e${n}`, 1), house.key);
  await house.settle();
  const jobs = house.queue.take();
  expect(jobs).toHaveLength(1);
  const before = connections;
  const { after } = await house.count(() => house.deliver(jobs[0]!));
  expect({
    trips: after.trips,
    nexts: after.calls.filter(({ name }) => name === "next").length,
    connections: connections - before,
  }).toEqual({
    trips: 1,
    nexts: 40,
    connections: 1,
  });
});

test("an event for three hundred people is served by three jobs, each with its own connection, and leaves nothing over", async () => {
  const house = await mailingHouse();
  await house.call("POST", "/v1/events", event("e1", 300), house.key);
  await house.settle();
  const jobs = house.queue.take();
  const before = { connections, received: mail.received.length };
  const { after } = await house.count(() => Promise.all(jobs.map((job) => house.deliver(job))));
  expect({
    jobs: jobs.length,
    trips: after.trips,
    begins: after.calls.filter(({ name }) => name === "begin").length,
    nexts: after.calls.filter(({ name }) => name === "next").length,
    connections: connections - before.connections,
    mails: mail.received.length - before.received,
    messages: after.requests.flat().length,
  }).toEqual({ jobs: 3, trips: 3, begins: 3, nexts: 300, connections: 3, mails: 300, messages: 0 });
  const { body } = await house.call("GET", "/v1/ledger", undefined, house.key);
  expect(body).toMatchObject({ sent: 300, inFlight: 0, unaccounted: 0 });
});

test("a wake-up for which nothing is due takes one command and one call, and opens no connection", async () => {
  const house = await mailingHouse();
  const before = connections;
  const { result, after } = await house.count(() => house.deliver({ org: "acme", shard: 0, channel: "email", at: 0, number: "late" }));
  expect(result.status).toBe(200);
  expect({ trips: after.trips, calls: after.calls.map(({ name }) => name), connections: connections - before }).toEqual({
    trips: 1,
    calls: ["begin"],
    connections: 0,
  });
});
