import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BellSocket } from "../harness/bell-socket.ts";
import { Instance, RUNTIMES, until } from "../harness/instance.ts";
import { readOpenMetrics } from "./openmetrics.ts";

const TOKEN = "the-token-of-the-metrics";

describe.each(RUNTIMES)("watched on %s", (runtime) => {
  const carillon = new Instance(runtime, { CARILLON_METRICS_TOKEN: TOKEN, CARILLON_LOG: "info" });
  beforeAll(() => carillon.start(), 90_000);
  afterAll(() => carillon.dispose());

  const lines = () => carillon.output.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
  const scrape = async () => {
    const answer = await carillon.fetch("GET", "/metrics", undefined, { authorization: `Bearer ${TOKEN}` });
    const families = readOpenMetrics(await answer.text());
    return (sample: string) => [...families.values()].map(({ samples }) => samples.get(sample)).find((value) => value !== undefined);
  };

  test("the metrics tell what was accepted, what was sent, who has a socket, and what runs", async () => {
    const bell = await BellSocket.open(carillon, "u1");
    const { status } = await carillon.api("POST", "/v1/events", {
      id: "e1",
      type: "mention",
      recipients: ["u1"],
      data: { text: "Hello" },
    });
    expect(status).toBe(202);
    const sent = 'carillon_deliveries{channel="email",org="demo",state="sent"}';
    await until(async () => (await scrape())(sent) === 1, "the mail is counted as sent");
    const value = await scrape();
    expect(value('carillon_events_accepted_total{org="demo"}')).toBe(1);
    expect(value('carillon_deliveries{channel="in-app",org="demo",state="delivered"}')).toBe(1);
    expect(value('carillon_sockets{org="demo"}')).toBe(1);
    expect(value('carillon_channel_gate{carillon_channel_gate="on",channel="email",org="demo"}')).toBe(1);
    expect(value('carillon_attempt_duration_seconds_count{channel="email",outcome="ok"}')).toBe(1);
    const name = runtime === "deno" ? /Deno/ : /Cloudflare-Workers/;
    const page = await (await carillon.fetch("GET", "/metrics", undefined, { authorization: `Bearer ${TOKEN}` })).text();
    expect(/^carillon_build_info\{.*runtime="(.*)"\} 1$/m.exec(page)?.[1]).toMatch(name);
    bell.close();
  });

  test("every request and every try has its line, findable by its id", async () => {
    const answer = await carillon.fetch("GET", "/v1/users/u1");
    const requestId = answer.headers.get("x-request-id");
    await until(() => lines().some((line) => line.requestId === requestId), "the request's line");
    expect(lines().find((line) => line.requestId === requestId)).toMatchObject({ route: "/v1/users/:id", status: 200, org: "demo" });
    const { body } = await carillon.api("GET", "/v1/events/e1");
    const mail = body.deliveries.find(({ channel }: { channel: string }) => channel === "email");
    expect(lines().filter(({ delivery }) => delivery === mail.id)).toMatchObject([{ message: "attempt", channel: "email", outcome: "ok" }]);
  });
});
