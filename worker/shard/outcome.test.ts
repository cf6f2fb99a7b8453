import { expect, test } from "vitest";
import type { Channel, ExternalChannel } from "@carillon/shared/channels";
import { CHANNELS } from "@carillon/shared/channels";
import type { Gate, Rules } from "@carillon/shared/decide";
import { EVENT_TYPES, type RoutingCells } from "@carillon/shared/event-types";
import { eventSchema, toEvent } from "@carillon/shared/events";
import { LIMITS } from "@carillon/shared/limits";
import { preferencesSchema } from "@carillon/shared/preferences";
import { initialQuietHours, quietHoursSchema } from "@carillon/shared/quiet-hours";
import { openSql } from "../adapters/node-sqlite.ts";
import type { Message, Outcome } from "../channels/channel.ts";
import type { News } from "./calls.ts";
import { Shard } from "./shard.ts";

/** A Monday noon in UTC. */
const T0 = Date.UTC(2026, 10, 23, 12, 0, 0);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 1_440 * MINUTE;
const ADA = { id: "u1", email: "ada@example.com", phone: "+4915112345601", whatsappOptIn: true };
const BEN = { id: "u2", email: "ben@example.com", phone: "+12025550102", whatsappOptIn: true };
const FAULT: Outcome = { kind: "fault", code: "535", said: "bad credentials", remedy: "Type the password again." };

/** Every channel on and every cell on, so that a test chooses by what it serves. */
function rulesOf(gates: Partial<Record<Channel, Gate>> = {}, more: Partial<Rules> = {}): Rules {
  const cells: RoutingCells = {};
  for (const type of EVENT_TYPES)
    cells[type] = Object.fromEntries(CHANNELS.map((channel) => [channel, { when: "on", locked: false }])) as RoutingCells[string];
  return {
    version: 1,
    gates: { "in-app": "on", email: "on", sms: "on", whatsapp: "on", push: "on", ...gates },
    cells,
    quietHours: initialQuietHours(),
    silentInQuietHours: true,
    templates: Object.fromEntries(EVENT_TYPES.map((type) => [type, { en: { name: `crm_${type}`, language: "en" } }])),
    ...more,
  };
}

function makeShard(rules = rulesOf()) {
  let now = T0;
  let number = 0;
  let version = rules.version;
  const watching = new Set<string>();
  const shard = new Shard({
    sql: openSql(":memory:"),
    clock: { now: () => now },
    org: "acme",
    shard: 0,
    isWatching: (person) => watching.has(person),
    random: () => 0.5,
    randomId: () => `w${number++}`,
  });
  shard.apply(rules);

  /** Serves what is due on a channel; answers the messages in their order. */
  function serve(channel: ExternalChannel, outcome: Outcome | ((message: Message) => Outcome) = { kind: "ok" }): Message[] {
    const job = { at: now, number: `job${number++}` };
    const sent: Message[] = [];
    let served = shard.begin({ version, channel, job });
    if ("behind" in served) throw new Error("behind");
    while (served.claim) {
      const { id, message } = served.claim;
      sent.push(message);
      const became = typeof outcome === "function" ? outcome(message) : outcome;
      served = shard.next({ version, channel, job, claim: id, outcome: became, ms: 1, isLast: false });
    }
    shard.beforeCommit();
    return sent;
  }

  return {
    shard,
    serve,
    watching,
    pass: (ms: number) => (now += ms),
    post(id: string, recipients: unknown[] = [ADA], more: object = {}) {
      const input = eventSchema.parse({ id, type: "task_assigned", recipients, data: { task: { title: id } }, ...more });
      const answer = shard.accept({ version, events: [{ event: toEvent(input, id), hash: id }] });
      if ("behind" in answer) throw new Error("behind");
      shard.beforeCommit();
    },
    /** The rules change, as an admin's switch does it. */
    apply: (next: Rules, releases: Parameters<Shard["apply"]>[1] = {}) => shard.apply({ ...next, version: ++version }, releases),
    delivery: (event: string, channel: Channel, user = "u1") =>
      shard.event(event)!.deliveries.find((one) => one.channel === channel && one.user === user)!,
    tell: (event: string, channel: Channel, news: Partial<News> & Pick<News, "state">) => {
      const { id } = shard.event(event)!.deliveries.find((one) => one.channel === channel && one.user === "u1")!;
      return shard.receipt({ id, attempt: null, said: null, outcome: null, ...news });
    },
    bell: (user: string) => shard.inbox({ user, filter: "all", q: null, type: null, limit: 50, cursor: null }).data,
    balance: () => shard.ledger({ from: null, to: null }).unaccounted,
  };
}

test("receipts come in any order and often: the state only goes forward, and each word is kept once", () => {
  const orders: News["state"][][] = [
    ["sent", "delivered", "read"],
    ["read", "delivered", "sent"],
    ["delivered", "delivered", "failed", "sent", "read", "read"],
  ];
  for (const order of orders) {
    const { post, serve, tell, delivery, balance } = makeShard();
    post("e1");
    serve("sms");
    for (const state of order) tell("e1", "sms", { state });
    expect(delivery("e1", "sms"), order.join()).toMatchObject({ state: "read" });
    const kept = delivery("e1", "sms").receipts.map(({ state }) => state);
    expect(new Set(kept).size, order.join()).toBe(kept.length);
    expect(balance()).toBe(0);
  }
});

test("a receipt that overtakes the answer counts once the answer is there", () => {
  for (const [state, ends] of [
    ["delivered", "delivered"],
    ["failed", "failed"],
  ] as const) {
    const { post, serve, tell, delivery } = makeShard();
    post("e1");
    serve("sms", () => {
      tell("e1", "sms", { state, outcome: state === "failed" ? { kind: "permanent", code: "30007" } : null });
      expect(delivery("e1", "sms").state).toBe("sending");
      return { kind: "ok" };
    });
    expect(delivery("e1", "sms")).toMatchObject({ state: ends });
    expect(JSON.stringify(delivery("e1", "sms").receipts)).not.toContain("outcome");
  }
});

test("what an older try failed with, told again or late, says nothing of the newest", () => {
  const { post, serve, tell, delivery, pass } = makeShard();
  const failed = (attempt: number) => tell("e1", "sms", { attempt, state: "failed", outcome: { kind: "retry" } });
  post("e1");
  serve("sms");
  failed(1);
  pass(5 * MINUTE);
  serve("sms", () => (failed(1), { kind: "ok" }));
  failed(1);
  expect(delivery("e1", "sms")).toMatchObject({ state: "sent", attempts: [{ n: 1 }, { n: 2 }] });
  failed(2);
  expect(delivery("e1", "sms").state).toBe("queued");
  pass(HOUR);
  // The same word about another try is news, and overtakes its answer.
  serve("sms", () => (failed(3), { kind: "ok" }));
  expect(delivery("e1", "sms")).toMatchObject({ state: "queued", attempts: [{ n: 1 }, { n: 2 }, { n: 3 }] });
  tell("e1", "sms", { attempt: 1, state: "delivered" });
  expect(delivery("e1", "sms").state).toBe("delivered");
  pass(DAY);
  expect(serve("sms")).toEqual([]);
});

test("what arrived while its try had no answer, or a bad one, is not sent again", () => {
  const told: Partial<News>[] = [{ state: "delivered" }, { state: "sent", attempt: 1 }];
  const answers: Outcome[] = [{ kind: "ambiguous" }, { kind: "retry", unreachable: true }, { kind: "permanent", code: "30007" }];
  for (const news of told) {
    for (const answer of answers) {
      const { post, serve, tell, delivery, pass, balance } = makeShard();
      post("e1");
      serve("sms", () => (tell("e1", "sms", { state: "sent", ...news }), answer));
      expect(delivery("e1", "sms")).toMatchObject({ state: news.state, attempts: [{ outcome: answer.kind }] });
      pass(DAY);
      expect(serve("sms")).toEqual([]);
      expect(balance()).toBe(0);
    }
  }
  // That an older try had been sent is another matter.
  const { post, serve, tell, delivery, pass } = makeShard();
  post("e1");
  serve("sms", { kind: "retry" });
  pass(HOUR);
  serve("sms", () => (tell("e1", "sms", { state: "sent", attempt: 1 }), { kind: "ambiguous" }));
  expect(delivery("e1", "sms").state).toBe("queued");
});

test("however often a faulty channel was tried, no try has the number of another", () => {
  const { shard, post, serve, pass, delivery } = makeShard();
  post("e1");
  const numbers = new Set<number | undefined>();
  for (let round = 0; round < 40; round++) {
    for (const { attempt } of serve("sms", FAULT)) numbers.add(attempt);
    pass(HOUR);
    shard.clearFault("sms");
  }
  expect(numbers).toEqual(new Set(Array.from({ length: 40 }, (_, index) => index + 1)));
  expect(delivery("e1", "sms").attempts.at(-1)).toMatchObject({ n: 40 });
});

test("what arrived while its job died is not sent again", () => {
  const { shard, post, tell, delivery, pass, serve } = makeShard();
  post("e1");
  const begun = shard.begin({ version: 1, channel: "sms", job: { at: T0, number: "dies" } });
  expect(begun).toMatchObject({ claim: { message: { attempt: 1 } } });
  tell("e1", "sms", { attempt: 1, state: "delivered" });
  pass(HOUR);
  expect(serve("sms")).toEqual([]);
  expect(delivery("e1", "sms")).toMatchObject({ state: "delivered", attempts: [{ ambiguous: true }] });
});

test("a failure told later is tried again, given up, or ends the address, as its outcome says", () => {
  const late = (outcome: Outcome) => {
    const made = makeShard();
    made.post("e1");
    made.serve("sms");
    made.tell("e1", "sms", { state: "failed", said: "later", outcome });
    return made;
  };
  const retried = late({ kind: "retry", code: "30008", atMostMs: 5 * MINUTE });
  expect(retried.delivery("e1", "sms").state).toBe("queued");
  retried.pass(5 * MINUTE);
  expect(retried.serve("sms")).toHaveLength(1);
  expect(retried.delivery("e1", "sms").state).toBe("sent");

  expect(late({ kind: "permanent", code: "30007" }).delivery("e1", "sms")).toMatchObject({ state: "failed", reason: "30007" });
  expect(late({ kind: "permanent", code: "30036", expired: true }).delivery("e1", "sms").state).toBe("expired");
  const gone = late({ kind: "gone", code: "30005", said: "unknown number" });
  gone.post("e2");
  expect(gone.serve("sms")).toEqual([]);
  expect(gone.delivery("e2", "sms")).toMatchObject({
    state: "skipped",
    reason: "address-gone",
    gone: [{ address: ADA.phone, why: "unknown number" }],
  });
  expect(gone.delivery("e2", "email").state).toBe("queued");

  const suspended = late(FAULT);
  expect(suspended.shard.channelStatus("sms")).toMatchObject({ fault: { why: "bad credentials" }, parked: 1 });
});

test("an unknown id, a repeat and what is no news change nothing", () => {
  const { shard, post, serve, tell, delivery } = makeShard();
  post("e1");
  expect(tell("e1", "sms", { state: "failed" })).toMatchObject({ known: true });
  expect(delivery("e1", "sms").state).toBe("queued"); // It was never handed over.
  serve("sms");
  expect(shard.receipt({ id: "0-zzzz", attempt: null, state: "delivered", said: null, outcome: null }).known).toBe(false);
  expect(shard.receipt({ id: "garbage", attempt: null, state: "delivered", said: null, outcome: null }).known).toBe(false);
  expect(delivery("e1", "sms")).toMatchObject({ state: "sent", receipts: [] });
});

test("a number without WhatsApp is left alone for 30 days, and tried again then", () => {
  const { post, serve, pass, delivery, shard } = makeShard();
  post("e1");
  serve("whatsapp", { kind: "gone", code: "131026", goneForMs: 30 * DAY });
  expect(shard.user("u1")!.gone).toMatchObject([{ channel: "whatsapp", until: new Date(T0 + 30 * DAY).toISOString() }]);
  pass(29 * DAY);
  post("e2");
  expect(delivery("e2", "whatsapp")).toMatchObject({ state: "skipped", reason: "address-gone" });
  pass(DAY);
  post("e3");
  expect(serve("whatsapp")).toHaveLength(1);
});

test("STOP ends SMS for everybody with that phone, START brings it back, and another address is untouched", () => {
  const { shard, post, serve, delivery } = makeShard();
  post("e1", [ADA, { ...BEN, phone: ADA.phone }]);
  expect(shard.optOut({ channel: "sms", phone: ADA.phone, isOut: true, said: "STOP" }).people).toBe(2);
  expect(serve("sms")).toEqual([]);
  expect(delivery("e1", "sms").reason).toBe("address-gone");
  expect(serve("whatsapp")).toHaveLength(2);
  shard.optOut({ channel: "sms", phone: ADA.phone, isOut: false, said: "START" });
  post("e2");
  expect(serve("sms")).toHaveLength(1);
});

test("START does not revive a number that its carrier has declared dead", () => {
  const { shard, post, serve, delivery } = makeShard();
  post("e1");
  serve("sms", { kind: "gone", code: "30005" });
  shard.optOut({ channel: "sms", phone: ADA.phone, isOut: false, said: "START" });
  post("e2");
  expect(delivery("e2", "sms").reason).toBe("address-gone");
});

test("a template's fault parks its own messages only, and its approval releases each of them once", () => {
  const { shard, post, serve, delivery, balance } = makeShard();
  const fault: Outcome = { ...FAULT, code: "132015", template: { name: "crm_task_assigned", language: "en" } };
  post("e1");
  post("e2");
  post("e3", [ADA], { type: "mention", data: { text: "hello" } });
  expect(serve("whatsapp", (message) => (message.event.type === "mention" ? { kind: "ok" } : fault)).map(({ event }) => event.id)).toEqual([
    "e1",
    "e3",
  ]);
  expect(["e1", "e2"].map((event) => delivery(event, "whatsapp"))).toMatchObject([
    { state: "parked", reason: "template-not-approved" },
    { state: "parked", reason: "template-not-approved" },
  ]);
  expect(delivery("e3", "whatsapp").state).toBe("sent");
  expect(shard.channelStatus("whatsapp")).toMatchObject({
    fault: null,
    templateFaults: [{ name: "crm_task_assigned", type: "task_assigned" }],
  });
  shard.templateUsable({ name: "another", language: "en" });
  expect(serve("whatsapp")).toEqual([]);
  shard.templateUsable({ name: "crm_task_assigned", language: "en" });
  expect(serve("whatsapp").map(({ event }) => event.id)).toEqual(["e1", "e2"]);
  expect(balance()).toBe(0);
});

test("a type without a template is skipped", () => {
  const { post, delivery } = makeShard(rulesOf({}, { templates: { mention: { en: { name: "crm_mention", language: "en" } } } }));
  post("e1");
  expect(delivery("e1", "whatsapp")).toMatchObject({ state: "skipped", reason: "template-not-approved" });
});

const browser = (n: number) => ({ endpoint: `https://push.example/${n}`, p256dh: "p", auth: "a", publicKey: "K" });

test("a push goes to all browsers of a person, and one that is gone gets nothing more", () => {
  const { shard, post, serve, delivery } = makeShard();
  post("e1");
  expect(delivery("e1", "push").reason).toBe("no-address");
  for (const n of [1, 2]) shard.putBrowser("u1", browser(n));
  post("e2");
  const [message] = serve("push", { kind: "ok", gone: [browser(1).endpoint] });
  expect(message!.subscriptions).toEqual([browser(1), browser(2)]);
  expect(delivery("e2", "push")).toMatchObject({ state: "sent", to: "2 browsers" });
  post("e3");
  expect(serve("push", { kind: "gone", gone: [browser(2).endpoint] })[0]!.subscriptions).toEqual([browser(2)]);
  expect(delivery("e3", "push")).toMatchObject({ state: "failed", reason: "address-gone" });
  expect(shard.user("u1")!.gone).toEqual([]);
  post("e4");
  expect(delivery("e4", "push").reason).toBe("no-address");
  shard.putBrowser("u1", browser(3));
  post("e5");
  expect(serve("push")).toHaveLength(1);
});

test("a browser belongs to whoever signed in there last, nobody has more than twenty, and an erased person has none", () => {
  const { shard } = makeShard();
  for (let n = 0; n < LIMITS.browsers + 2; n++) shard.putBrowser("u1", browser(n));
  expect(shard.browsersOf("u1")).toHaveLength(LIMITS.browsers);
  shard.putBrowser("u2", browser(5));
  expect(shard.browsersOf("u2")).toEqual([browser(5)]);
  expect(shard.browsersOf("u1").map(({ endpoint }) => endpoint)).not.toContain(browser(5).endpoint);
  expect(shard.pushStatus()).toEqual({ browsers: LIMITS.browsers, people: 2, byKey: { K: LIMITS.browsers } });
  expect(shard.removeBrowser("u1", browser(5).endpoint)).toBe(false);
  expect(shard.removeBrowser("u2", browser(5).endpoint)).toBe(true);
  shard.eraseUser("u1");
  expect(shard.pushStatus()).toMatchObject({ browsers: 0, people: 0 });
});

test("a push is not sent to somebody who looks at the bell", () => {
  const { shard, post, serve, watching, delivery } = makeShard();
  shard.putBrowser("u1", browser(1));
  watching.add("u1");
  post("e1");
  expect(serve("push")).toEqual([]);
  expect(delivery("e1", "push")).toMatchObject({ state: "skipped", reason: "shown-in-tab" });
  watching.clear();
  post("e2");
  expect(serve("push")).toHaveLength(1);
});

test("a provider keeps a message no longer than until the person's next quiet minute, or until it expires", () => {
  const quietHours = quietHoursSchema.parse({ version: 1, enabled: true, start: "20:00", end: "08:00", quietDays: [], timeZone: "UTC" });
  const { post, serve } = makeShard(rulesOf({}, { quietHours }));
  post("e1");
  post("e2", [ADA], { expiresAt: new Date(T0 + 10 * MINUTE).toISOString() });
  post("e3", [ADA], { priority: "high" });
  expect(serve("sms").map(({ validForSeconds }) => validForSeconds)).toEqual([8 * 3_600, 600, undefined]);
});

test("after a try in doubt the provider is told since when it may have the message", () => {
  const { post, serve, pass } = makeShard();
  post("e1");
  serve("sms", { kind: "ambiguous" });
  pass(MINUTE);
  expect(serve("sms")).toMatchObject([{ maybeSentAt: T0 - 1 }]);
});

test("released as a digest, what was parked is one message a person; urgent ones stay by themselves", () => {
  const { apply, post, serve, delivery, balance } = makeShard(rulesOf({ email: "off" }));
  for (const id of ["e1", "e2", "e3"]) post(id, [ADA, BEN]);
  post("e4", [ADA], { priority: "high" });
  post("e5", [BEN], { expiresAt: new Date(T0 + MINUTE).toISOString() });
  apply(rulesOf({ email: "on" }), { email: "digest" });
  const sent = serve("email").map(({ to, texts }) => `${to.id} ${texts.title}`);
  expect(sent).toHaveLength(3);
  expect(sent.filter((line) => line.startsWith("u1"))).toHaveLength(2);
  expect(delivery("e1", "email").state).toBe("sent");
  expect(delivery("e2", "email")).toMatchObject({ state: "collapsed", reason: "collapsed" });
  expect(delivery("e4", "email").state).toBe("sent");
  expect(balance()).toBe(0);
});

test("a tripped channel is tried with one message a minute, and the first that arrives releases the others", () => {
  const { shard, post, serve, pass, balance } = makeShard();
  for (const id of ["e1", "e2", "e3"]) post(id);
  expect(serve("email", FAULT)).toHaveLength(1);
  expect(shard.channelStatus("email")).toMatchObject({ parked: 3 });
  expect(serve("email")).toEqual([]); // too soon
  pass(MINUTE);
  expect(shard.alarm().wakes.map(({ channel }) => channel)).toContain("email");
  expect(serve("email", FAULT)).toHaveLength(1);
  expect(shard.channelStatus("email")).toMatchObject({ parked: 3, fault: { since: T0 } });
  pass(MINUTE);
  shard.alarm();
  let count = 0;
  expect(serve("email", () => ({ kind: "ok" }) as const).length + ((count = serve("email").length), count)).toBe(3);
  expect(shard.channelStatus("email")).toMatchObject({ parked: 0, fault: null });
  expect(balance()).toBe(0);
});

test("admins with a bell hear of a channel that stopped, and of failures once an hour", () => {
  const { shard, post, serve, pass, bell } = makeShard();
  shard.socketTicket("admin:owner", T0 + MINUTE);
  post("e1");
  post("e2", [BEN]);
  serve("email", { kind: "permanent", code: "554" });
  serve("sms", FAULT);
  expect(bell("admin:owner")).toMatchObject([
    { title: "SMS has stopped", body: "bad credentials Type the password again.", priority: "high", link: "/sms" },
    { title: "Email: undelivered messages", link: "/delivery-log?state=failed&channel=email" },
  ]);
  post("e3");
  serve("email", { kind: "permanent", code: "554" });
  expect(bell("admin:owner")).toHaveLength(2);
  pass(60 * MINUTE);
  post("e4");
  serve("email", { kind: "permanent", code: "554" });
  expect(bell("admin:owner")).toHaveLength(3);
  expect(bell("u1").map(({ type }) => type)).not.toContain("carillon_alert");
});

test("a provider that is down for two hours: all arrives when it is back, no try is burnt, other channels wait for nothing", () => {
  const { shard, post, serve, pass, delivery, balance } = makeShard();
  const down: Outcome = { kind: "retry", code: "unreachable", unreachable: true, said: "connection refused" };
  const events: string[] = [];
  for (let minute = 0; minute < 120; minute++) {
    const id = `e${events.push(String(minute)) - 1}`;
    post(id);
    serve("email", down);
    expect(serve("sms"), `sms in minute ${minute}`).toHaveLength(1);
    pass(MINUTE);
    shard.alarm();
  }
  expect(shard.channelStatus("email")).toMatchObject({ fault: { why: "connection refused" }, parked: 120 });
  for (let tick = 0; tick < 30 && shard.ledger({ from: null, to: null }).inFlight + shard.channelStatus("email").parked > 0; tick++) {
    pass(MINUTE);
    shard.alarm();
    serve("email");
    serve("email");
  }
  const mails = events.map((_, index) => delivery(`e${index}`, "email"));
  expect(mails.filter(({ state }) => state === "sent")).toHaveLength(120);
  // Only what tripped the channel was tried by itself; a probe that does not get through is one try of one message.
  expect(mails.filter(({ attempts }) => attempts.length === 1).length).toBeGreaterThan(110);
  expect(balance()).toBe(0);
});

test("what would leave is counted by what may be chosen, SMS in segments", () => {
  const { shard, post } = makeShard(rulesOf({ sms: "off", email: "off" }));
  post("e1", [ADA, BEN]);
  post("e2", [ADA], { priority: "high", data: { task: { title: "x".repeat(200) } } });
  expect(shard.parkedOutlook("sms")).toEqual({ parked: 3, urgent: 1, people: 2, segments: 4 });
  expect(shard.parkedOutlook("email")).toEqual({ parked: 3, urgent: 1, people: 2, segments: null });
  expect(shard.parkedOutlook("push")).toEqual({ parked: 0, urgent: 0, people: 0, segments: null });
});

test("who wants a type collected gets one message at the end of the hour; urgent ones, the bell and other types wait for nothing", () => {
  const { shard, post, serve, pass, delivery, bell, balance } = makeShard();
  post("e0");
  shard.setPreferences("u1", preferencesSchema.parse({ digest: { task_assigned: "hourly" } }));
  pass(10 * MINUTE);
  expect(serve("email")).toEqual([]); // what has not left yet is collected too
  for (const id of ["e1", "e2"]) post(id);
  post("e3", [ADA], { priority: "high" });
  post("e4", [ADA], { type: "mention", data: { text: "hello" } });
  expect(delivery("e1", "email")).toMatchObject({ state: "held", reason: "digest", until: new Date(T0 + 60 * MINUTE).toISOString() });
  expect(delivery("e1", "whatsapp").state).toBe("queued");
  expect(bell("u1")).toHaveLength(5);
  expect(serve("email").map(({ event }) => event.id)).toEqual(["e3", "e4"]);
  pass(50 * MINUTE);
  const [message, ...others] = serve("email");
  expect(others).toEqual([]);
  expect(message!.texts.body).toContain("e2");
  expect(delivery("e2", "email")).toMatchObject({ state: "collapsed" });
  post("e5");
  shard.setPreferences("u1", preferencesSchema.parse({}));
  expect(serve("email").map(({ event }) => event.id)).toEqual(["e5"]);
  expect(balance()).toBe(0);
});

test("what a job left in doubt when the channel tripped is what the channel is tried with first", () => {
  const { shard, post, serve, pass, delivery } = makeShard();
  post("lost");
  shard.begin({ version: 1, channel: "email", job: { at: T0, number: "dies" } });
  post("e2");
  post("e3", [BEN]);
  serve("email", FAULT);
  pass(60_000);
  expect([...serve("email"), ...serve("email")].map(({ event }) => event.id)).toEqual(["lost", "e2", "e3"]);
  expect(delivery("lost", "email").attempts.map(({ outcome }) => outcome)).toEqual(["ambiguous", "ok"]);
});

test("what arrived after all, told late by a job taken for lost, is not sent again when the channel goes on", () => {
  const { shard, post, serve, pass, apply, delivery, balance } = makeShard();
  post("e1");
  const job = { at: T0, number: "slow" };
  const served = shard.begin({ version: 1, channel: "email", job });
  if ("behind" in served || !served.claim) throw new Error("Nothing is due");
  apply(rulesOf({ email: "off" }));
  pass(61_000);
  shard.alarm();
  expect(delivery("e1", "email")).toMatchObject({ state: "parked", reason: "channel-off" });
  shard.next({ version: 1, channel: "email", job, claim: served.claim.id, outcome: { kind: "ok" }, ms: 61_000, isLast: true });
  expect(delivery("e1", "email")).toMatchObject({ state: "sent" });
  apply(rulesOf());
  expect(serve("email")).toEqual([]);
  expect(balance()).toBe(0);
});

test("while whoever is to try a tripped channel is on its way, the timer waits and does not ring without end", () => {
  const { shard, post, serve, pass } = makeShard(rulesOf({ sms: "unset", whatsapp: "unset" }));
  post("e1");
  serve("email", FAULT);
  pass(60_000);
  expect(shard.alarm().wakes).toMatchObject([{ channel: "email" }]);
  const [first, second] = [shard.nextAlarm()!, (shard.alarm(), shard.nextAlarm()!)];
  expect([first - T0, second - T0]).toEqual([75_000, 75_000]);
  pass(15_000);
  expect(shard.alarm().wakes).toMatchObject([{ channel: "email" }]);
});
