import { beforeEach, describe, expect, test } from "vitest";
import { shardOf } from "@carillon/worker/pipeline/place";
import { SHARDS } from "../harness/shards.ts";
import { ADA, openHouse, signTwilio, type OpenHouse } from "./house.ts";

let house: OpenHouse;
beforeEach(async () => {
  house = await openHouse();
});

const status = (name: string, code?: string) => ({ MessageSid: "SM1", MessageStatus: name, ...(code ? { ErrorCode: code } : {}) });

/** An SMS that Twilio has taken. */
async function sentSms(event = "e1"): Promise<string> {
  await house.post(event);
  expect(await house.serve("sms")).toHaveLength(1);
  return (await house.deliveryOf(event, "sms")).id;
}
const stateOf = async (event = "e1") => {
  const { state, reason } = await house.deliveryOf(event, "sms");
  return `${state} ${reason}`;
};

describe("a status callback", () => {
  test("moves the delivery on, and says so in the log", async () => {
    const id = await sentSms();
    expect(await stateOf()).toBe("sent matrix");
    const answer = await house.twilio(status("delivered"), id);
    expect([answer.status, answer.headers.get("content-type"), answer.text]).toEqual([
      200,
      "text/xml; charset=utf-8",
      '<?xml version="1.0" encoding="UTF-8"?><Response/>',
    ]);
    const { state, receipts } = await house.deliveryOf("e1", "sms");
    expect([state, receipts]).toEqual(["delivered", [{ at: expect.any(String), state: "delivered" }]]);
  });

  test.each([
    [["delivered", "sent"], "delivered matrix"],
    [["delivered", "delivered", "delivered"], "delivered matrix"],
    [["read", "delivered", "sent"], "read matrix"],
    [["delivered", "undelivered 30005"], "delivered matrix"],
    [["undelivered 30005", "undelivered 30005"], "failed address-gone"],
    [["undelivered 30005", "sent", "delivered"], "delivered matrix"],
    [["failed 30036"], "expired expired"],
    [["undelivered 30007"], "failed 30007"],
  ])("in the order %j ends in %s, and the ledger balances", async (told, end) => {
    const id = await sentSms();
    for (const one of told) {
      const [name, code] = one.split(" ");
      expect((await house.twilio(status(name!, code), id)).status).toBe(200);
    }
    expect(await stateOf()).toBe(end);
    expect((await house.call("GET", "/v1/ledger", undefined, house.key)).body.unaccounted).toBe(0);
  });

  test("that comes before the try is settled counts once it is", async () => {
    await house.post("e1");
    const shard = house.shards.get("acme", shardOf(ADA.id, SHARDS));
    const call = { version: 1, channel: "sms", job: { at: 0, number: "j" } } as const;
    const served = await shard.begin(call);
    if ("behind" in served || !served.claim) throw new Error("nothing was claimed");
    const { id } = await house.deliveryOf("e1", "sms");
    await house.twilio(status("delivered"), id);
    expect(await stateOf()).toMatch(/^sending/);
    await shard.next({ ...call, claim: served.claim.id, outcome: { kind: "ok" }, ms: 1, isLast: true });
    expect(await stateOf()).toBe("delivered matrix");
  });

  test("with what is wrong for everybody trips the channel, and the next waits", async () => {
    const id = await sentSms();
    await house.twilio(status("failed", "30034"), id);
    await house.post("e2");
    expect(await stateOf("e2")).toBe("parked channel-fault");
    expect(await house.serve("sms")).toEqual([]);
  });

  test.each(["0-zzzz", "7-8", "nonsense", "", "0-8%00"])(
    "for a delivery that was never ours (%s) is taken and changes nothing",
    async (id) => {
      expect((await house.twilio(status("delivered"), id)).status).toBe(200);
    },
  );

  test("when the shard can't be reached Twilio is asked to come again", async () => {
    const id = await sentSms();
    house.shards.isAway = true;
    const answer = await house.twilio(status("delivered"), id);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "1"]);
    house.shards.isAway = false;
    expect((await house.twilio(status("delivered"), id)).status).toBe(200);
    expect(await stateOf()).toBe("delivered matrix");
  });
});

describe("the signature", () => {
  const path = (id: string) => `/hooks/twilio/acme?delivery=${id}`;

  test("that is missing, wrong, over another address or over other fields stores nothing", async () => {
    const id = await sentSms();
    const before = house.shards.calls.length;
    const fields = status("delivered");
    const forgeries: Record<string, string>[] = [
      {},
      { "x-twilio-signature": "" },
      { "x-twilio-signature": "AAAA" },
      signTwilio(path(id), fields, "another token"),
      signTwilio(path(id), fields, ""),
      signTwilio("/hooks/twilio/acme", fields),
      signTwilio(path("0-1"), fields),
      signTwilio(`/hooks/twilio/other?delivery=${id}`, fields),
      signTwilio(path(id), { ...fields, MessageStatus: "sent" }),
    ];
    for (const headers of forgeries) {
      const answer = await house.twilio(fields, id, headers);
      expect([answer.status, answer.body.code]).toEqual([401, "provider.signature"]);
    }
    expect(house.shards.calls.slice(before)).toEqual([]);
    expect(await stateOf()).toBe("sent matrix");
  });

  test("of an organisation that is not there, or that has no SMS, is refused in the same words", async () => {
    await house.found("bare");
    const ask = (org: string) => {
      const headers = signTwilio(`/hooks/twilio/${org}`, status("sent"), "");
      return house.fetch("POST", `/hooks/twilio/${org}`, { body: new URLSearchParams(status("sent")).toString(), headers });
    };
    for (const org of ["nobody", "bare", "acme", "..", "%00", "x".repeat(300)]) {
      const { status, body } = await ask(org);
      if (org === "..") expect(status).toBe(404);
      else expect({ ...body, status, requestId: "" }).toEqual({ ...(await ask("nobody")).body, status: 401, requestId: "" });
    }
  });

  test("a body that is too long is refused before anything is computed", async () => {
    expect((await house.twilio({ ...status("sent"), Body: "x".repeat(20_000) })).status).toBe(413);
  });

  test("a request that is replayed changes nothing more", async () => {
    const id = await sentSms();
    for (let time = 0; time < 3; time++) expect((await house.twilio(status("delivered"), id)).status).toBe(200);
    expect((await house.deliveryOf("e1", "sms")).receipts).toHaveLength(1);
  });
});

describe("a reply", () => {
  const reply = (text: string, from = ADA.phone) =>
    house.twilio({ MessageSid: "SM9", SmsStatus: "received", From: from, To: "+15551234567", Body: text });

  test("of STOP is the last that this phone hears, until START", async () => {
    expect((await reply("Stop")).status).toBe(200);
    await house.post("e1");
    expect(await stateOf()).toBe("skipped address-gone");
    expect(await house.serve("sms")).toEqual([]);
    const { body } = await house.call("GET", "/v1/users/u1", undefined, house.key);
    expect(body.gone).toMatchObject([{ channel: "sms", address: ADA.phone, why: "Replied Stop", optedOut: true }]);
    await reply("START");
    await house.post("e2");
    expect(await house.serve("sms")).toHaveLength(1);
  });

  test("of STOP takes back what is waiting", async () => {
    await house.post("e1");
    await reply("STOP");
    expect(await house.serve("sms")).toEqual([]);
    expect(await stateOf()).toBe("skipped address-gone");
  });

  test("of anything else is taken and changes nothing", async () => {
    for (const text of ["Thanks!", "Please stop calling", ""]) expect((await reply(text)).status).toBe(200);
    await house.post("e1");
    expect(await house.serve("sms")).toHaveLength(1);
  });

  test("reaches the person in whatever shard they are", async () => {
    house = await openHouse({ shards: 3 });
    await reply("STOP");
    expect((await house.call("GET", "/v1/users/u1", undefined, house.key)).body.gone).toHaveLength(1);
  });
});
