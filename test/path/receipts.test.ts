import type { PushPayload } from "@carillon/shared/push-settings";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BellSocket } from "../harness/bell-socket.ts";
import { Instance, SHAPES, sleep, until, withShards, type SandboxMessage } from "../harness/instance.ts";

type Cell = {
  id: string;
  user: string;
  channel: string;
  state: string;
  reason: string;
  attempts: unknown[];
  receipts: { state: string }[];
};

describe.each(SHAPES)("what comes back on $runtime with $shards shards", ({ runtime, shards }) => {
  const carillon = new Instance(runtime, withShards(shards));
  beforeAll(async () => {
    await carillon.start();
    const admin = await carillon.admin();
    const { body: routing } = await admin("GET", "/routing");
    for (const row of Object.values<Record<string, object>>(routing.cells))
      for (const channel of Object.keys(row)) row[channel] = { when: "on", locked: false };
    expect((await admin("PUT", "/routing", routing)).status).toBe(200);
  }, 90_000);
  afterAll(() => carillon.dispose());

  const post = (id: string, recipient: unknown = "u1") =>
    carillon.api("POST", "/v1/events", { id, type: "task_assigned", recipients: [recipient], data: { task: { title: `Call ${id}` } } });
  const cellOf = async (event: string, channel: string): Promise<Cell> =>
    (await carillon.api("GET", `/v1/events/${event}`)).body.deliveries.find((one: Cell) => one.channel === channel);
  const becomes = (event: string, channel: string, wanted: RegExp) =>
    until(
      async () => {
        const { state, reason } = await cellOf(event, channel);
        return wanted.test(`${state} ${reason}`);
      },
      `${event} on ${channel} becomes ${wanted}`,
      8_000,
    );
  const arrived = async (channel: string, words: string): Promise<SandboxMessage[]> =>
    (await carillon.messages("", channel)).filter(({ text }) => text.includes(words));
  const payloadOf = async (event: string): Promise<PushPayload> => {
    await until(async () => (await arrived("push", `Call ${event}`)).length > 0, "the push arrives", 8_000);
    const [{ raw }] = (await arrived("push", `Call ${event}`)) as [SandboxMessage];
    return JSON.parse((JSON.parse(raw) as { payload: string }).payload) as PushPayload;
  };
  const reply = (from: string, text: string) =>
    fetch(`${carillon.credentials.sandboxUrl}/twilio/sandbox/replies`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ from, text }),
    });

  test("SMS and WhatsApp: sent and delivered, by the providers' signed calls", async () => {
    await post("receipts");
    await becomes("receipts", "sms", /^delivered/);
    await becomes("receipts", "whatsapp", /^delivered/);
    for (const channel of ["sms", "whatsapp"]) {
      const { receipts } = await cellOf("receipts", channel);
      expect(receipts.map(({ state }) => state).at(-1)).toBe("delivered");
    }
  });

  test("push: shown is delivered, clicked is read, also in the bell", async () => {
    await post("clicked", "u2");
    const { report } = await payloadOf("clicked");
    const tell = (state: string) => fetch(report!, { method: "POST", body: JSON.stringify({ state }) });
    expect((await tell("shown")).status).toBe(204);
    await becomes("clicked", "push", /^delivered/);
    await tell("clicked");
    await becomes("clicked", "push", /^read/);
    const { data } = (await (await carillon.me("u2"))("GET", "/inbox")).body;
    expect(data.find(({ event }: { event: string }) => event === "clicked").readAt).not.toBeNull();
  });

  test("a person who looks at the bell gets no push as well; who has looked away does", async () => {
    const bell = await BellSocket.open(carillon, "u3");
    bell.send({ type: "visible", yes: true });
    await sleep(200);
    await post("looking", "u3");
    await becomes("looking", "push", /^skipped shown-in-tab/);
    bell.send({ type: "visible", yes: false });
    await sleep(200);
    await post("away", "u3");
    await becomes("away", "push", /^sent/);
    bell.send({ type: "visible", yes: true });
    await sleep(200);
    bell.close();
    await sleep(300);
    await post("closed", "u3");
    await becomes("closed", "push", /^sent/);
  });

  test("the mail names its way out: looking at it changes nothing, one click mutes, undo lets it come again", async () => {
    await post("mailed", "u4");
    await becomes("mailed", "email", /^sent/);
    const [{ raw, html }] = (await arrived("email", "Call mailed")) as [SandboxMessage];
    const url = /^List-Unsubscribe: <(\S+)>\r?$/m.exec(raw)![1]!;
    expect(raw).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r?$/m);
    expect(html).toContain(`href="${url}"`);
    expect(url.length).toBeLessThanOrEqual(200);
    const page = await fetch(url);
    expect([page.status, (await page.text()).includes("Stop these emails?")]).toEqual([200, true]);
    await post("after-looking", "u4");
    await becomes("after-looking", "email", /^sent/);
    expect((await fetch(url, { method: "POST", body: new URLSearchParams({ "List-Unsubscribe": "One-Click" }) })).status).toBe(200);
    await post("after-click", "u4");
    await becomes("after-click", "email", /^skipped user-muted/);
    await fetch(url, { method: "POST", body: new URLSearchParams({ undo: "1" }) });
    await post("after-undo", "u4");
    await becomes("after-undo", "email", /^sent/);
  });

  describe("an address that is gone gets nothing more (I18)", () => {
    const others = { whatsappOptIn: false };

    test("after STOP, until START", async () => {
      const phone = "+491701234567";
      await post("before-stop", { id: "stopper", phone, ...others });
      await becomes("before-stop", "sms", /^delivered/);
      await reply(phone, "STOP");
      await until(async () => (await carillon.api("GET", "/v1/users/stopper")).body.gone.length === 1, "the STOP is known");
      for (const id of ["stop-1", "stop-2", "stop-3"]) await post(id, "stopper");
      await becomes("stop-3", "sms", /^skipped address-gone/);
      expect(await arrived("sms", "Call stop-")).toEqual([]);
      await reply(phone, "START");
      await until(async () => (await carillon.api("GET", "/v1/users/stopper")).body.gone.length === 0, "the START is known");
      await post("started", "stopper");
      await becomes("started", "sms", /^delivered/);
    });

    test("after Twilio has called a number unknown", async () => {
      await post("unknown-1", { id: "nobody", phone: "+15005030005", ...others });
      await becomes("unknown-1", "sms", /^failed address-gone/);
      const before = (await carillon.messages("&to=%2B15005030005", "sms")).length;
      for (const id of ["unknown-2", "unknown-3"]) await post(id, "nobody");
      await becomes("unknown-3", "sms", /^skipped address-gone/);
      expect((await carillon.messages("&to=%2B15005030005", "sms")).length).toBe(before);
    });

    test("after a mail server has said 550 5.1.1", async () => {
      await post("mailbox-1", { id: "left", email: "gone@example.com" });
      await becomes("mailbox-1", "email", /^failed address-gone/);
      await post("mailbox-2", "left");
      await becomes("mailbox-2", "email", /^skipped address-gone/);
      expect((await cellOf("mailbox-2", "email")).attempts).toEqual([]);
    });

    test("after a push service has said 410", async () => {
      const me = await carillon.me("browsing");
      const { publicKey } = (await me("GET", "/push")).body;
      const made = await fetch(`${carillon.credentials.sandboxUrl}/push/subscriptions`, {
        method: "POST",
        body: JSON.stringify({ person: "browsing", publicKey, answer: "410" }),
      });
      expect((await me("PUT", "/push", await made.json())).body).toMatchObject({ browsers: 1 });
      await post("push-1", "browsing");
      await becomes("push-1", "push", /^failed address-gone/);
      expect((await me("GET", "/push")).body).toMatchObject({ browsers: 0 });
      await post("push-2", "browsing");
      await becomes("push-2", "push", /^skipped no-address/);
    });

    test("and the ledger balances", async () => {
      expect((await carillon.api("GET", "/v1/ledger")).body.unaccounted).toBe(0);
    });
  });
});
