import { LIMITS } from "@carillon/shared/limits";
import { reportUrl } from "@carillon/worker/pipeline/links";
import { beforeEach, describe, expect, test } from "vitest";
import { ORIGIN } from "../harness/app.ts";
import { openHouse, type OpenHouse } from "./house.ts";

let house: OpenHouse;
let ada: Record<string, string>;
let ben: Record<string, string>;
beforeEach(async () => {
  house = await openHouse();
  [ada, ben] = await Promise.all([house.bell("u1"), house.bell("u2")]);
});

const endpoint = (name: string) => `https://fcm.googleapis.com/fcm/send/${name}`;
const KEYS = {
  p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
  auth: "BTBZMqHH6r4Tts7J_aSIgg",
};
const browser = (name: string, more: object = {}) => ({ endpoint: endpoint(name), keys: KEYS, ...more });
const put = (who: Record<string, string>, body: unknown) => house.call("PUT", "/v1/me/push", body, who);
const show = async (who: Record<string, string>) => (await house.call("GET", "/v1/me/push", undefined, who)).body;
const namesOf = async (who: Record<string, string>) =>
  ((await show(who)).endpoints as string[]).map((one) => one.slice(one.lastIndexOf("/") + 1));

describe("a person's browsers", () => {
  test("subscribe with the public key, which is told while push is on", async () => {
    expect(await show(ada)).toEqual({ user: "u1", enabled: true, publicKey: house.keys.publicKey, browsers: 0, endpoints: [] });
    const answer = await put(ada, { ...browser("a", { publicKey: house.keys.publicKey }), expirationTime: null });
    expect([answer.status, answer.body]).toEqual([200, { browsers: 1, proof: expect.any(String) }]);
    expect(await show(ada)).toMatchObject({ browsers: 1, endpoints: [endpoint("a")] });
    await house.call("POST", "/admin/api/channels/push/disable", {}, house.admin);
    expect(await show(ada)).toMatchObject({ enabled: false, publicKey: null });
  });

  test("without push set up there is no key and nothing to bind to", async () => {
    const other = await house.bell("u1", await house.found("bare"));
    expect(await show(other)).toMatchObject({ enabled: false, publicKey: null, browsers: 0 });
    expect(await put(other, browser("a"))).toMatchObject({ status: 409, body: { code: "push.unconfigured" } });
  });

  test.each([
    ["http://fcm.googleapis.com/a", "push.endpoint"],
    ["https://fcm.googleapis.com:8443/a", "push.endpoint"],
    ["https://localhost/a", "push.endpoint"],
    ["https://169.254.169.254/latest", "push.endpoint"],
    ["https://fcm.googleapis.com.evil.example/a", "push.endpoint"],
    ["https://me:pw@fcm.googleapis.com/a", "push.endpoint"],
    ["file:///etc/passwd", "body.invalid"],
    [`https://fcm.googleapis.com/${"a".repeat(2_000)}`, "body.invalid"],
  ])("never listen at %s", async (url, code) => {
    expect(await put(ada, { endpoint: url, keys: KEYS })).toMatchObject({ status: 422, body: { code } });
    expect(await show(ada)).toMatchObject({ browsers: 0 });
  });

  test("must have subscribed with a key that is live", async () => {
    const stranger = `B${"A".repeat(86)}`;
    expect(await put(ada, browser("a", { publicKey: stranger }))).toMatchObject({ status: 422, body: { code: "push.key" } });
  });

  test("belong to whoever signed in last", async () => {
    await put(ada, browser("shared"));
    await put(ben, browser("shared"));
    expect([await namesOf(ada), await namesOf(ben)]).toEqual([[], ["shared"]]);
    await house.post("e1", { recipients: ["u1", "u2"] });
    const sent = await house.serve("push");
    expect(sent.map(({ to, subscriptions }) => [to.id, subscriptions?.length])).toEqual([["u2", 1]]);
    expect(await house.deliveryOf("e1", "push", "u1")).toMatchObject({ state: "skipped", reason: "no-address" });
  });

  test("belong to one person also where people live in several shards", async () => {
    house = await openHouse({ shards: 4 });
    const people = await Promise.all(["p1", "p2", "p3", "p4", "p5", "p6"].map((user) => house.bell(user)));
    for (const who of people) await put(who, browser("shared"));
    const counts = await Promise.all(people.map(async (who) => (await show(who)).browsers));
    expect(counts).toEqual([0, 0, 0, 0, 0, 1]);
  });

  test(`are ${LIMITS.browsers} at the most; the oldest gives way`, async () => {
    for (let number = 0; number <= LIMITS.browsers; number++) {
      house.clock.pass(1_000);
      await put(ada, browser(`b${number}`));
    }
    expect(await show(ada)).toMatchObject({ browsers: LIMITS.browsers });
    expect(await namesOf(ada)).not.toContain("b0");
  });

  test("are not more after a rotation of keys: the new address takes the place of the old one", async () => {
    await put(ada, browser("before"));
    await put(ada, browser("after", { replaces: endpoint("before") }));
    expect(await namesOf(ada)).toEqual(["after"]);
    await put(ben, browser("other", { replaces: endpoint("after") }));
    expect([await namesOf(ada), await namesOf(ben)]).toEqual([["after"], ["other"]]);
  });

  test("are taken away by their own person only", async () => {
    await put(ada, browser("a"));
    const remove = async (who: Record<string, string>) =>
      (await house.call("DELETE", "/v1/me/push", { endpoint: endpoint("a") }, who)).body;
    expect([await remove(ben), await remove(ada), await remove(ada)]).toEqual([{ removed: false }, { removed: true }, { removed: false }]);
  });

  test("that are gone get nothing more (I18)", async () => {
    await put(ada, browser("gone"));
    await put(ada, browser("here"));
    await house.post("e1");
    await house.serve("push", { kind: "ok", gone: [endpoint("gone")] });
    await house.post("e2");
    const [message] = await house.serve("push");
    expect(message?.subscriptions?.map((one) => one.endpoint)).toEqual([endpoint("here")]);
    expect(await namesOf(ada)).toEqual(["here"]);
  });

  test("are asked about and bound so often and no oftener", async () => {
    const answers = [];
    for (let time = 0; time < 65; time++) answers.push((await put(ada, browser("a"))).status);
    expect([answers.slice(0, 60).every((status) => status === 200), answers.at(-1)]).toEqual([true, 429]);
    expect((await put(ben, browser("b"))).status).toBe(200);
  });
});

describe("a renewal without a sign-in", () => {
  const renew = (body: unknown, headers: Record<string, string> = {}) => house.call("POST", "/v1/push/renew", body, headers);
  const proofOf = async (who: Record<string, string>, name: string) => (await put(who, browser(name))).body.proof as string;

  test("moves the browser to its next address, and hands over the next proof", async () => {
    const proof = await proofOf(ada, "one");
    const first = await renew({ endpoint: endpoint("one"), subscription: browser("two"), proof });
    expect([first.status, first.body.browsers]).toEqual([200, 1]);
    expect(await namesOf(ada)).toEqual(["two"]);
    const second = await renew({ endpoint: endpoint("two"), subscription: browser("three"), proof: first.body.proof });
    expect([second.status, await namesOf(ada)]).toEqual([200, ["three"]]);
  });

  test("may be repeated when its answer was lost", async () => {
    const body = { endpoint: endpoint("one"), subscription: browser("two"), proof: await proofOf(ada, "one") };
    expect([(await renew(body)).status, (await renew(body)).status, await namesOf(ada)]).toEqual([200, 200, ["two"]]);
  });

  test("is refused with another's proof, for another address, and for one that is not the person's any more", async () => {
    const [proof, bens] = [await proofOf(ada, "ada"), await proofOf(ben, "ben")];
    const subscription = browser("thief");
    for (const [name, shown] of [
      ["ada", bens],
      ["ben", proof],
      ["other", proof],
      ["ada", proof.replace("u1", "u2")],
      ["ada", ""],
      ["ada", proof.slice(0, -1)],
    ])
      expect((await renew({ endpoint: endpoint(name!), subscription, proof: shown })).status, `${name} ${shown}`).toBe(401);
    await put(ben, browser("ada"));
    expect((await renew({ endpoint: endpoint("ada"), subscription, proof })).status).toBe(404);
    await house.call("DELETE", "/v1/me/push", { endpoint: endpoint("ben") }, ben);
    expect((await renew({ endpoint: endpoint("ben"), subscription, proof: bens })).status).toBe(404);
    expect([await namesOf(ada), await namesOf(ben)]).toEqual([[], ["ada"]]);
  });

  test("comes from an allowed origin, to an allowed push service, and not too often", async () => {
    const proof = await proofOf(ada, "one");
    const body = { endpoint: endpoint("one"), subscription: browser("two"), proof };
    expect((await renew(body, { origin: "https://evil.example" })).status).toBe(403);
    expect((await renew({ ...body, subscription: { endpoint: "https://evil.example/x", keys: KEYS } })).status).toBe(422);
    expect((await renew(body, { origin: ORIGIN })).status).toBe(200);
    const answers = [];
    for (let time = 0; time < 62; time++) answers.push((await renew(body)).status);
    expect(answers.at(-1)).toBe(429);
  });
});

describe("what a browser tells", () => {
  const tell = (url: string, state: unknown, headers: Record<string, string> = {}) =>
    house.fetch("POST", new URL(url).pathname, {
      body: JSON.stringify({ state }),
      headers: { "content-type": "text/plain;charset=UTF-8", ...headers },
    });
  const isRead = async (who: Record<string, string>) =>
    (await house.call("GET", "/v1/me/inbox", undefined, who)).body.data.map((item: { readAt: string | null }) => item.readAt !== null);
  /** The address in a message that the provider has taken. It is written into the message where it is sent. */
  async function sentPush(event = "e1"): Promise<string> {
    await put(ada, browser("a"));
    await house.post(event);
    const [message] = await house.serve("push");
    return reportUrl(house.outside, { org: message!.org, delivery: message!.deliveryId });
  }
  const stateOf = async () => (await house.deliveryOf("e1", "push")).state;

  test("shown is delivered; clicked is read, also in the bell", async () => {
    const url = await sentPush();
    const shown = await tell(url, "shown", { origin: "https://crm.example.com" });
    expect([shown.status, shown.text, await stateOf(), await isRead(ada)]).toEqual([204, "", "delivered", [false]]);
    expect(shown.headers.get("access-control-allow-credentials")).toBeNull();
    expect(shown.headers.get("set-cookie")).toBeNull();
    await tell(url, "clicked");
    expect([await stateOf(), await isRead(ada)]).toEqual(["read", [true]]);
    await tell(url, "shown");
    expect((await house.deliveryOf("e1", "push")).receipts).toHaveLength(2);
  });

  test("a second click leaves alone what the person has marked unread since", async () => {
    const url = await sentPush();
    await tell(url, "clicked");
    await house.call("POST", "/v1/me/inbox/unread", { ids: "all" }, ada);
    await tell(url, "clicked");
    expect(await isRead(ada)).toEqual([false]);
  });

  test("by an address that is not ours, or of anything else, stores nothing", async () => {
    const url = await sentPush();
    for (const broken of [`${url}x`, url.replace("acme", "other"), url.replace(/~\d+-\w+~/, "~0-zz~"), `${ORIGIN}/hooks/push/x`])
      expect((await tell(broken, "shown")).status, broken).toBe(401);
    for (const state of ["read", "failed", null, 1]) expect((await tell(url, state)).status).toBe(422);
    expect(await stateOf()).toBe("sent");
  });

  test("while the shard can't be reached is asked for again", async () => {
    const url = await sentPush();
    house.shards.isAway = true;
    expect((await tell(url, "shown")).status).toBe(503);
  });
});
