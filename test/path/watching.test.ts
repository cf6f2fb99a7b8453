import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BellSocket } from "../harness/bell-socket.ts";
import { Instance, RUNTIMES, sleep, until } from "../harness/instance.ts";

const PING_EVERY_MS = 20_000;
/** A little more than what a tab counts for after its last sign of life. */
const LATER_MS = 47_000;

describe.each(RUNTIMES)("on %s", (runtime) => {
  const carillon = new Instance(runtime);
  beforeAll(() => carillon.start(), 90_000);
  afterAll(() => carillon.dispose());

  const pushOf = async (event: string, user: string): Promise<string> => {
    const { body } = await carillon.api("GET", `/v1/events/${event}`);
    const find = (one: { channel: string; user: string }) => one.channel === "push" && one.user === user;
    const { state, reason } = body.deliveries.find(find);
    return `${state} ${reason}`;
  };

  test("a tab that pings is looked at for as long as it says so; one that has fallen silent is not", async () => {
    const [pinging, silent] = await Promise.all(["u1", "u2"].map((user) => BellSocket.open(carillon, user)));
    const pings = setInterval(() => pinging!.say("ping"), PING_EVERY_MS);
    for (const bell of [pinging!, silent!]) bell.send({ type: "visible", yes: true });
    await sleep(LATER_MS);
    clearInterval(pings);
    expect([pinging!.isOpen, silent!.isOpen]).toEqual([true, true]);
    await carillon.api("POST", "/v1/events", {
      id: "later",
      type: "task_assigned",
      recipients: ["u1", "u2"],
      data: { task: { title: "Later" } },
    });
    await until(async () => (await pushOf("later", "u2")) === "sent matrix", "the silent tab's person gets a push", 8_000);
    expect(await pushOf("later", "u1")).toBe("skipped shown-in-tab");
    pinging!.close();
    silent!.close();
  }, 90_000);
});
