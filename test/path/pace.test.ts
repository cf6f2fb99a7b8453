import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startMailServer, type TestServer } from "../channels/mail-server.ts";
import { Instance, RUNTIMES, sleep, until } from "../harness/instance.ts";

const PER_SECOND = 10;
const CONNECTIONS = 2;
/** What arrives here was sent a moment before, sometimes a longer one. */
const ON_ITS_WAY = 2;

/** A mail server outside of the instance, so that it outlives a kill. */
async function startCountingServer() {
  const arrived: { to: string; at: number }[] = [];
  let open = 0;
  let most = 0;
  const server: TestServer = await startMailServer({
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    onAuth: (_auth, _session, callback) => callback(null, { user: "user" }),
    onConnect(_session, callback) {
      most = Math.max(most, ++open);
      callback();
    },
    onClose: () => void open--,
    onData(stream, session, callback) {
      arrived.push({ to: session.envelope.rcptTo[0]!.address, at: Date.now() });
      stream.on("end", () => callback(null, "2.0.0 Ok"));
      stream.resume();
    },
  });
  return { port: server.port, stop: server.stop, arrived, mostConnections: () => most };
}

function busiestSecond(instants: number[]): number {
  return Math.max(...instants.map((at, index) => instants.slice(index).filter((other) => other < at + 1_000).length));
}

describe.each(RUNTIMES)("the pace of a channel on %s with four shards", (runtime) => {
  const carillon = new Instance(runtime, { CARILLON_SHARDS: "4" });
  let server: Awaited<ReturnType<typeof startCountingServer>>;
  beforeAll(async () => {
    server = await startCountingServer();
    await carillon.start();
    const admin = await carillon.admin();
    const { version } = (await admin("GET", "/channels/email")).body;
    const settings = {
      host: "localhost",
      port: server.port,
      username: "user",
      encryption: "none",
      fromAddress: "crm@acme.example",
      pace: { perSecond: PER_SECOND, connections: CONNECTIONS },
    };
    const saved = await admin("PUT", "/channels/email", { version, settings, secrets: { password: "pass" } });
    expect(saved.status).toBe(200);
  }, 90_000);
  afterAll(async () => {
    await carillon.dispose();
    await server.stop();
  });

  const tell = async (id: string, people: string[], more: object = {}) => {
    const recipients = people.map((person) => ({ id: person, email: `${person}@example.com` }));
    const body = { id, type: "task_assigned", recipients, data: { task: { title: id } }, ...more };
    expect((await carillon.api("POST", "/v1/events", body)).status).toBe(202);
  };
  const arrivedFor = (prefix: string) => server.arrived.filter(({ to }) => to.startsWith(prefix));
  const isKept = () => {
    expect(busiestSecond(server.arrived.map(({ at }) => at))).toBeLessThanOrEqual(PER_SECOND + 1 + ON_ITS_WAY);
    expect(server.mostConnections()).toBeLessThanOrEqual(CONNECTIONS);
  };

  test("so many a second and so many connections are kept, and used; what is urgent does not wait for the rest", async () => {
    const count = 200;
    await tell(
      "many",
      Array.from({ length: count }, (_, n) => `a${n}`),
    );
    await until(() => arrivedFor("a").length > 20, "the first have arrived", 20_000);
    const posted = Date.now();
    await tell("now", ["urgent"], { priority: "high" });
    await until(() => arrivedFor("urgent").length === 1, "the urgent one has arrived", 20_000);
    const waited = Date.now() - posted;
    await until(() => arrivedFor("a").length === count, "all have arrived", 60_000);
    const instants = server.arrived.map(({ at }) => at);
    const rate = ((instants.length - 1) * 1_000) / (instants.at(-1)! - instants[0]!);
    console.log(
      `${runtime}: ${rate.toFixed(2)}/s, the busiest second ${busiestSecond(instants)}, ${server.mostConnections()} connections; the urgent one waited ${waited} ms`,
    );
    isKept();
    expect(server.mostConnections()).toBe(CONNECTIONS);
    expect(rate).toBeGreaterThan(PER_SECOND * 0.75); // A busy machine costs some of it.
    expect(waited).toBeLessThan(14_000);
    expect(new Set(server.arrived.map(({ to }) => to)).size).toBe(server.arrived.length);
  }, 120_000);

  test("killed in the middle: pace and connections are kept after it too, and everybody is told", async () => {
    const count = 80;
    await tell(
      "killed",
      Array.from({ length: count }, (_, n) => `b${n}`),
    );
    await until(() => arrivedFor("b").length > 20, "the first have arrived", 20_000);
    await carillon.kill();
    await sleep(1_000);
    await carillon.start();
    // Connections and claims of the dead are free a minute later.
    await until(() => new Set(arrivedFor("b").map(({ to }) => to)).size === count, "all have arrived", 150_000);
    isKept();
    const { body } = await carillon.api("GET", "/v1/ledger");
    expect(body.unaccounted).toBe(0);
    // Only what was on its way when it died may have come twice.
    expect(arrivedFor("b").length - count).toBeLessThanOrEqual(CONNECTIONS);
  }, 240_000);
});
