import type { Audience } from "@carillon/shared/audience";
import { ALERT_TYPE } from "@carillon/shared/event-types";
import { EXTERNAL_CHANNELS, type Channel, type ExternalChannel } from "@carillon/shared/channels";
import type { Rules } from "@carillon/shared/decide";
import { clientFrameSchema, type ClientFrame, type ServerFrame } from "@carillon/shared/inbox";
import { LIMITS } from "@carillon/shared/limits";
import type { Preferences } from "@carillon/shared/preferences";
import type { PushSubscription } from "../channels/channel.ts";
import type { Clock, Sql } from "../ports.ts";
import { acceptEvent, takeShare } from "./accept.ts";
import { takeAlert } from "./alerts.ts";
import type { Behind, SettingsChange, ShardCalls, Wake } from "./calls.ts";
import { erase } from "./erase.ts";
import { FanOuts, continueFanOut, progressOf } from "./fan-out.ts";
import { Inbox } from "./inbox/inbox.ts";
import { Search } from "./inbox/search.ts";
import { Tickets } from "./inbox/tickets.ts";
import { STATE, channelName, channelNumber, noticeOf, numberOf } from "./ledger/cells.ts";
import { Deliveries, RETRIED } from "./ledger/deliveries.ts";
import { Events } from "./ledger/events.ts";
import { Gates } from "./ledger/gates.ts";
import { TemplateFaults } from "./ledger/template-faults.ts";
import { Log } from "./ledger/log.ts";
import { Tally, hourOf } from "./ledger/tally.ts";
import { Wakes } from "./ledger/wakes.ts";
import { OrgState } from "./org/org-state.ts";
import { metricsOf } from "./metrics.ts";
import { PaceKeeper } from "./org/pace.ts";
import type { Parts } from "./parts.ts";
import { Browsers } from "./people/browsers.ts";
import { People, toUser, type Person } from "./people/people.ts";
import { checkPreferences, muted, viewPreferences } from "./people/preferences.ts";
import { replan } from "./plan.ts";
import { previewSlice } from "./preview.ts";
import { nextSweep, sweep } from "./retention.ts";
import { migrate } from "./schema.ts";
import { outlookOf } from "./outlook.ts";
import { optOut } from "./opt-out.ts";
import { quietNow } from "./quiet-now.ts";
import { News, type ChannelNews } from "./news.ts";
import { takeReceipt } from "./receipts.ts";
import { Shares } from "./shares.ts";
import { Counter } from "./serve.ts";
import { cancelEvent, cancelShare } from "./settle-early.ts";
import { simulate } from "./simulate.ts";
import { appearDue, park, parkUnlessOn, release, switchGates } from "./switch.ts";
import { stopTemplate, typesOf } from "./template.ts";
import { Transfer, type TransferAnswer, type TransferStep } from "./transfer/transfer.ts";

/** The calls as the shard itself carries them out: at once, inside the caller's transaction. */
export type SyncCalls = { [Name in keyof ShardCalls]: (...args: Parameters<ShardCalls[Name]>) => Awaited<ReturnType<ShardCalls[Name]>> };

type Deps = {
  sql: Sql;
  clock: Clock;
  org: string;
  shard: number;
  /** Whether a person has a socket here; without it everybody is taken to have one. */
  isListening?: (person: string) => boolean;
  /** Whether a person looks at a tab with the bell just now; without it nobody does. */
  isWatching?: (person: string) => boolean;
  /** How many sockets are open here. */
  countSockets?: () => number;
  /** From 0 to 1, and a new publish number: for tests that repeat a run. */
  random?: () => number;
  randomId?: () => string;
};

/** A frame for every socket of a person. */
export type Told = { person: string; frame: ServerFrame };

export type SocketFrame = Extract<ClientFrame, { type: "renew" | "visible" }>;

/** What needs the world outside: wake-ups to publish, a settings change to finish, shards to which shares are to be handed. */
export type Work = {
  wakes: Wake[];
  change: SettingsChange | null;
  carry: number[];
  /** For all other shards of the organisation, of which there are `shards` in all. */
  news: ChannelNews[];
  shards: number;
};

/** After this long without a sign of life, what is due is woken again. Twice this is the latest. */
const SWEEP_MS = 20_000;
/** How soon the timer tries again after the queue could not take a wake-up. */
const MISSED_MS = 5_000;
/** How soon shares are offered again to a shard that could not be reached. */
const SHARES_MS = 5_000;
/** Between two slices of a fan-out, so that all others find the shard free most of the time. */
const SLICE_PAUSE_MS = 15;
/** A settings change that takes longer than this has lost its process. */
const CHANGE_LOST_MS = 10_000;

const NO_WORK: Work = { wakes: [], change: null, carry: [], news: [], shards: 1 };
const BEHIND: Behind = { behind: true };

/**
 * A slice of an organisation's people with their ledger and their inboxes, in one database. Pure: no clock, no network, no runtime.
 * The host runs every call inside a transaction, then commits, and only then gives out the answer and what `takeTold` holds.
 * If anything threw, it rolls back and calls `forget`.
 */
export class Shard implements SyncCalls {
  readonly #parts: Parts;
  readonly #counter: Counter;
  readonly #log: Log;
  readonly #org: OrgState;
  readonly #pace: PaceKeeper;
  readonly #tickets: Tickets;
  readonly #transfer: Transfer;
  readonly #clock: Clock;
  readonly #countSockets: () => number;
  #told: Told[] = [];
  #alarm: number | null = null;
  #work: Pick<Work, "wakes"> | null = null;
  #lastNow = 0;

  constructor(deps: Deps) {
    const { sql, clock, org, shard, isListening = () => true, isWatching = () => false, random = Math.random, randomId = newNumber } = deps;
    migrate(sql);
    const people = new People(sql);
    const events = new Events(sql);
    const search = new Search(sql, events);
    const tally = new Tally(sql);
    const wakes = new Wakes(
      sql,
      randomId,
      (channel, due) => this.#armFor(channel, due),
      (channel, at) => gates.limits(channelName(channel), at),
    );
    const deliveries = new Deliveries(sql, tally, wakes);
    const gates = new Gates(sql);
    const browsers = new Browsers(sql, people);
    const templateFaults = new TemplateFaults(sql);
    const shares = new Shares(sql);
    const fanOuts = new FanOuts(sql);
    const news = new News();
    const inbox = new Inbox({
      sql,
      shard,
      people,
      events,
      search,
      isListening,
      tell: (person, frame) => this.#told.push({ person, frame }),
    });
    this.#parts = {
      shard,
      org,
      sql,
      people,
      browsers,
      events,
      search,
      inbox,
      tally,
      deliveries,
      gates,
      templateFaults,
      wakes,
      shares,
      fanOuts,
      news,
      isWatching,
      random,
    };
    this.#counter = new Counter(this.#parts);
    this.#log = new Log(this.#parts, () => this.#now());
    this.#org = new OrgState(sql);
    this.#pace = new PaceKeeper(sql);
    this.#tickets = new Tickets(sql, shard, org);
    this.#transfer = new Transfer(sql, search);
    this.#clock = clock;
    this.#countSockets = deps.countSockets ?? (() => 0);
  }

  // ---- what a host needs besides the calls

  /** Writes what was gathered in memory; to be called last before a commit. */
  beforeCommit(): void {
    this.#parts.tally.write();
  }

  /** The transaction was rolled back: nothing that is only in memory may be trusted. */
  forget(): void {
    const { people, events, search, tally, gates, templateFaults, wakes, shares, fanOuts, news } = this.#parts;
    const own = [this.#counter, this.#pace, this.#transfer];
    for (const part of [people, events, search, tally, gates, templateFaults, wakes, shares, fanOuts, news, ...own]) part.forget();
    this.#told = [];
    this.#work = null;
    this.#lastNow = 0;
  }

  /** How much longer every call but `transfer` has to wait, ms; and sockets and the timer with them. 0 for not at all. */
  heldMs(): number {
    return this.#transfer.heldMs(this.#clock.now());
  }

  /** To be called before each call from outside, in its transaction. @throws Unavailable while only `transfer` is answered */
  admit(name: keyof ShardCalls): void {
    if (name !== "transfer") this.#transfer.admit();
  }

  /** Frames to be sent after the commit, in order. */
  takeTold(): Told[] {
    const told = this.#told;
    this.#told = [];
    return told;
  }

  /** The earliest instant that this transaction wants the timer to ring at; null if it asks for none. */
  takeAlarm(): number | null {
    const alarm = this.#alarm;
    this.#alarm = null;
    return alarm;
  }

  /** What this transaction leaves to be done outside, after its commit; null for nothing. */
  takeWork(): Work | null {
    const { shares, news, gates } = this.#parts;
    if (this.#work === null && !shares.isFresh() && !news.isFresh()) return null;
    const left = { ...NO_WORK, ...this.#work, carry: shares.takeFresh(), news: news.take(), shards: gates.savedRules()?.shards ?? 1 };
    this.#work = null;
    return left;
  }

  /** When the timer has to ring next, from the rows alone; null when nothing waits. */
  nextAlarm(): number | null {
    if (this.#transfer.isClosed()) return null;
    const now = this.#now();
    const { deliveries, wakes } = this.#parts;
    const instants = [deliveries.earliest(channelNumber("in-app")), this.#transfer.endsAt()];
    for (const channel of EXTERNAL_CHANNELS) {
      const earliest = deliveries.earliest(channelNumber(channel));
      instants.push(earliest === null ? null : Math.max(earliest, now) + SWEEP_MS);
      if (earliest === null || earliest > now) continue;
      // Something is due, and whoever was woken for it may have died or never been reached.
      instants.push(this.#counter.nextDoubt(channel, now), wakes.nextLoss(channelNumber(channel), now));
    }
    for (const channel of EXTERNAL_CHANNELS) {
      const probe = this.#probeAt(channel);
      // Whoever was woken for one that is due is on its way, or is lost in the end.
      instants.push(probe !== null && probe <= now ? (wakes.nextLoss(channelNumber(channel), now) ?? now + SWEEP_MS) : probe);
    }
    if (this.#org.pending()) instants.push(now + CHANGE_LOST_MS);
    instants.push(nextSweep(this.#parts.sql, this.#parts.gates.savedRules()?.retention));
    if (this.#parts.fanOuts.open()) instants.push(now + SLICE_PAUSE_MS);
    if (this.#parts.shares.waiting().length > 0) instants.push(now + SHARES_MS);
    const known = instants.filter((instant) => instant !== null);
    return known.length === 0 ? null : Math.min(...known);
  }

  /**
   * The timer has rung: tells the next few people of a fan-out, lets in-app items appear, wakes what nobody has come for. Asks for
   * nothing twice within a sweep.
   */
  alarm(): Work {
    if (this.#transfer.isClosed()) return NO_WORK;
    const now = this.#now();
    const { deliveries, wakes, shares } = this.#parts;
    const rules = this.#parts.gates.rules();
    if (rules) {
      continueFanOut(this.#parts, rules, now);
      appearDue(this.#parts, rules, now);
    }

    for (const channel of EXTERNAL_CHANNELS) {
      const number = channelNumber(channel);
      const gate = rules?.gates[channel];
      if (gate === "on") {
        const backlog = deliveries.countDue(number, now, 1_000);
        if (backlog > 0) wakes.wantNow(number, now, backlog);
        wakes.repair(number, deliveries.earliest(number, now));
        continue;
      }
      if (gate === "fault" && (this.#probeAt(channel) ?? Infinity) <= now) wakes.wantNow(number, now, 1);
      if (rules && deliveries.earliest(number) !== null) {
        this.#counter.parkLost(channel, gate === "fault" ? "channel-fault" : "channel-off", now);
      }
    }
    this.#tickets.sweep(now);
    this.#transfer.sweep(now);
    sweep(this.#parts, rules?.retention, now);
    return { ...NO_WORK, wakes: wakes.take(now), change: this.#org.pending(), carry: shares.waiting() };
  }

  /** What a browser said over its socket; the answers go to that socket only. */
  frame(person: string, text: string): ServerFrame[] {
    const parsed = clientFrameSchema.safeParse(parseJson(text));
    if (!parsed.success) return [{ type: "error", code: "frame.invalid" }];
    const frame = parsed.data;
    switch (frame.type) {
      case "hello":
        return [this.#parts.inbox.since(this.#personOf(person), frame.after)];
      case "read":
      case "seen":
      case "dismiss":
        this.mark({ user: person, mark: frame.type, ids: frame.ids });
        return [];
      case "visible":
      case "renew":
        return []; // See frameOfSocket.
    }
  }

  /** A frame about the socket itself, which the host keeps: how long it is good for, and whether its tab is looked at. Null for all others. */
  frameOfSocket(text: string): SocketFrame | null {
    const frame = /"renew"|"visible"/.test(text) ? clientFrameSchema.safeParse(parseJson(text)) : null;
    return frame?.success && (frame.data.type === "renew" || frame.data.type === "visible") ? frame.data : null;
  }

  /** Takes a one-time ticket; the person it was made for, or null. */
  redeem(ticket: string): string | null {
    return this.#tickets.redeem(ticket, this.#now());
  }

  // ---- the calls

  apply(rules: Rules, releases: Parameters<ShardCalls["apply"]>[1] = {}): { wakes: Wake[] } {
    const { gates, wakes } = this.#parts;
    const now = this.#now();
    if (rules.version <= gates.version()) return { wakes: [] };
    const before = gates.savedRules();
    gates.setRules(rules);
    switchGates(this.#parts, before, rules, releases, now);
    for (const channel of EXTERNAL_CHANNELS) {
      if (before?.gates[channel] !== "on" && rules.gates[channel] === "on") this.#endRest(channel, now);
    }
    replan(this.#parts, gates.rules()!, null, now);
    if (rules.retention) this.rearm();
    return { wakes: wakes.take(now) };
  }

  accept({ version, events }: Parameters<ShardCalls["accept"]>[0]): ReturnType<SyncCalls["accept"]> {
    const rules = this.#rulesFor(version);
    if (!rules) return BEHIND;
    const now = this.#now();
    const results = events.map((input) => acceptEvent(this.#parts, rules, input, now));
    this.#armForOthers(now);
    return { results, wakes: this.#parts.wakes.take(now) };
  }

  take({ version, events }: Parameters<ShardCalls["take"]>[0]): ReturnType<SyncCalls["take"]> {
    const rules = this.#rulesFor(version);
    if (!rules) return BEHIND;
    const now = this.#now();
    for (const event of events) (event.type === ALERT_TYPE ? takeAlert : takeShare)(this.#parts, rules, event, now);
    this.#armForOthers(now);
    // Our own host publishes them: whoever hands over need not come back for that.
    this.#work = { wakes: this.#parts.wakes.take(now) };
    return { taken: events.length };
  }

  handOver(shard: number, taken: number | null): ReturnType<SyncCalls["handOver"]> {
    const { shares, gates } = this.#parts;
    if (taken !== null) shares.taken(shard, taken);
    const next = shares.next(shard);
    return next && { ...next, version: gates.version() };
  }

  event(id: string, user?: string): ReturnType<SyncCalls["event"]> {
    return this.#log.event(id, user);
  }

  putUsers(users: Parameters<ShardCalls["putUsers"]>[0]): ReturnType<SyncCalls["putUsers"]> {
    const now = this.#now();
    const put = users.map(({ id, fields }) => {
      const before = this.#parts.people.find(id)?.zone;
      const person = this.#parts.people.put(id, fields, now);
      if (before !== undefined && before !== person.zone) this.#replanFor(person, now);
      return toUser(person);
    });
    return { users: put, wakes: this.#parts.wakes.take(now) };
  }

  user(id: string): ReturnType<SyncCalls["user"]> {
    const person = this.#parts.people.find(id);
    return person && toUser(person);
  }

  suggestUsers({ q, limit }: Parameters<ShardCalls["suggestUsers"]>[0]): ReturnType<SyncCalls["suggestUsers"]> {
    return this.#parts.people.suggest(q, limit).map(toUser);
  }

  countAudience(audience: Audience): number {
    const { people } = this.#parts;
    return people.countAudience(audience, people.highest());
  }

  audiences(): ReturnType<SyncCalls["audiences"]> {
    return { people: this.countAudience({ kind: "all" }), groups: this.#parts.people.groups() };
  }

  eraseUser(id: string): boolean {
    const person = this.#parts.people.find(id);
    if (person) erase(this.#parts, person);
    return person !== null;
  }

  preferences(user: string): ReturnType<SyncCalls["preferences"]> {
    const rules = this.#parts.gates.rules();
    if (!rules) return BEHIND;
    const person = this.#parts.people.find(user);
    return person && viewPreferences(rules, person, this.#now());
  }

  setPreferences(user: string, preferences: Preferences): ReturnType<SyncCalls["setPreferences"]> {
    const rules = this.#parts.gates.rules();
    if (!rules) return BEHIND;
    const refused = checkPreferences(rules, this.#parts.people.find(user), preferences);
    if (refused) return { ...refused, wakes: [] };
    const now = this.#now();
    const person = this.#parts.people.setPreferences(this.#personOf(user), preferences, now);
    this.#replanFor(person, now);
    return { saved: viewPreferences(rules, person, now), wakes: this.#parts.wakes.take(now) };
  }

  simulate({ version, event, at }: Parameters<ShardCalls["simulate"]>[0]): ReturnType<SyncCalls["simulate"]> {
    const rules = this.#rulesFor(version);
    return rules ? simulate(this.#parts, rules, event, at ?? this.#now()) : BEHIND;
  }

  preview({ version, event, at, after }: Parameters<ShardCalls["preview"]>[0]): ReturnType<SyncCalls["preview"]> {
    const rules = this.#rulesFor(version);
    return rules ? previewSlice(this.#parts, rules, event, at, after) : BEHIND;
  }

  fanOuts(limit: number): ReturnType<SyncCalls["fanOuts"]> {
    return this.#parts.fanOuts.newest(limit);
  }

  progress(ids: string[]): ReturnType<SyncCalls["progress"]> {
    return ids.map((id) => progressOf(this.#parts, id));
  }

  cancel(event: string): ReturnType<SyncCalls["cancel"]> {
    return cancelEvent(this.#parts, event, this.#now());
  }

  cancelShare(event: string): { cancelled: number } {
    return cancelShare(this.#parts, event, this.#now());
  }

  quietNow(): ReturnType<SyncCalls["quietNow"]> {
    return quietNow(this.#parts, this.#parts.gates.rules(), this.#now());
  }

  begin({ version, channel, job }: Parameters<ShardCalls["begin"]>[0]): ReturnType<SyncCalls["begin"]> {
    const rules = this.#rulesFor(version);
    if (!rules) return BEHIND;
    const now = this.#now();
    const served = this.#counter.begin(channel, rules, job, now);
    return { ...served, wakes: this.#parts.wakes.take(now) };
  }

  next({ version, channel, job, ...settled }: Parameters<ShardCalls["next"]>[0]): ReturnType<SyncCalls["next"]> {
    const now = this.#now();
    const rules = this.#parts.gates.rules();
    if (!rules) throw new Error("A claim was settled in a shard without rules");
    // A job that went by older settings gives way to one that reads the newest: these may name another server.
    const isOutdated = rules.version > version;
    const served = this.#counter.next(channel, rules, job, { ...settled, isOutdated, isLast: settled.isLast || isOutdated }, now);
    return { ...served, wakes: this.#parts.wakes.take(now) };
  }

  later({ channel, job, at, rest }: Parameters<ShardCalls["later"]>[0]): ReturnType<SyncCalls["later"]> {
    const { wakes, gates } = this.#parts;
    const now = this.#now();
    if (rest) gates.rests(channel, rest.until, rest.why);
    wakes.putOff(channelNumber(channel), job.number, Math.max(at, now + 1));
    return { wakes: wakes.take(now) };
  }

  receipt({ id, ...news }: Parameters<ShardCalls["receipt"]>[0]): ReturnType<SyncCalls["receipt"]> {
    const { deliveries, shard, wakes } = this.#parts;
    const number = numberOf(shard, id);
    const row = number === null ? null : deliveries.get(number);
    const now = this.#now();
    if (row) takeReceipt(this.#parts, row, news, now);
    return { known: row !== null, wakes: wakes.take(now) };
  }

  optOut(call: Parameters<ShardCalls["optOut"]>[0]): ReturnType<SyncCalls["optOut"]> {
    const now = this.#now();
    const people = optOut(this.#parts, call, now);
    return { people, wakes: this.#parts.wakes.take(now) };
  }

  templateUnusable(...[template, stop]: Parameters<ShardCalls["templateUnusable"]>): { wakes: Wake[] } {
    const { gates, wakes } = this.#parts;
    const now = this.#now();
    const rules = gates.rules();
    if (rules && typesOf(rules, template).length > 0) stopTemplate(this.#parts, template, { ...stop, since: now }, now);
    return { wakes: wakes.take(now) };
  }

  templateUsable(template: Parameters<ShardCalls["templateUsable"]>[0]): { wakes: Wake[] } {
    const { templateFaults, gates, wakes } = this.#parts;
    const now = this.#now();
    templateFaults.clear(template);
    if (gates.gate("whatsapp") === "on") release(this.#parts, gates.rules()!, "whatsapp", "all", now);
    return { wakes: wakes.take(now) };
  }

  putBrowser(user: string, browser: PushSubscription): ReturnType<SyncCalls["putBrowser"]> {
    const { browsers, people, wakes } = this.#parts;
    const now = this.#now();
    const person = this.#personOf(user);
    browsers.put(person, browser, now);
    return { browsers: people.at(person.n)!.browsers, wakes: wakes.take(now) };
  }

  replaceBrowser(user: string, endpoint: string, browser: PushSubscription): ReturnType<SyncCalls["replaceBrowser"]> {
    const known = this.browsersOf(user).map((one) => one.endpoint);
    if (!known.includes(endpoint) && !known.includes(browser.endpoint)) return null;
    this.removeBrowser(user, endpoint);
    return this.putBrowser(user, browser);
  }

  removeBrowser(user: string | null, endpoint: string): boolean {
    const person = user === null ? null : this.#parts.people.find(user);
    return (user === null || person !== null) && this.#parts.browsers.remove(endpoint, person, this.#now());
  }

  browsersOf(user: string): ReturnType<SyncCalls["browsersOf"]> {
    const person = this.#parts.people.find(user);
    return person ? this.#parts.browsers.of(person) : [];
  }

  pushStatus(): ReturnType<SyncCalls["pushStatus"]> {
    return this.#parts.browsers.status();
  }

  mute({ user, type, channel, isMuted }: Parameters<ShardCalls["mute"]>[0]): ReturnType<SyncCalls["mute"]> {
    const rules = this.#parts.gates.rules();
    if (!rules) return BEHIND;
    const person = this.#parts.people.find(user);
    if (!person) return null;
    const now = this.#now();
    const preferences = muted(rules, person, type, channel, isMuted);
    if (preferences) this.#replanFor(this.#parts.people.setPreferences(person, preferences, now), now);
    return { isMuted: preferences !== null && isMuted, wakes: this.#parts.wakes.take(now) };
  }

  confirm(wakes: Wake[]): void {
    this.#parts.wakes.confirm(wakes);
  }

  missed(wakes: Wake[]): void {
    for (const { channel, number } of wakes) this.#parts.wakes.ended(channelNumber(channel), number);
    this.#armAt(this.#now() + MISSED_MS);
  }

  clearFault(channel: Channel): { wakes: Wake[] } {
    const { gates, wakes } = this.#parts;
    const now = this.#now();
    if (channel !== "in-app") this.#endRest(channel, now);
    gates.clear(channel);
    if (channel === "whatsapp") this.#parts.templateFaults.clear(null);
    if (gates.gate(channel) === "on") release(this.#parts, gates.rules()!, channel, "all", now);
    return { wakes: wakes.take(now) };
  }

  tripped({ channel, fault }: Parameters<ShardCalls["tripped"]>[0]): void {
    const { gates } = this.#parts;
    if (gates.gate(channel) !== "on") return;
    gates.trip(channel, fault);
    park(this.#parts, channel, "channel-fault");
  }

  inbox({ user, filter, q, type, limit, cursor }: Parameters<ShardCalls["inbox"]>[0]): ReturnType<SyncCalls["inbox"]> {
    const person = this.#parts.people.find(user);
    if (!person) return { data: [], unread: 0, next: null };
    return { ...this.#parts.inbox.page(person, filter, type, q, limit, cursor), unread: person.unread };
  }

  mark({ user, mark, ids }: Parameters<ShardCalls["mark"]>[0]): { unread: number } {
    const person = this.#parts.people.find(user);
    return person ? this.#parts.inbox.mark(person, mark, ids, this.#now()) : { unread: 0 };
  }

  socketTicket(user: string, expiresAt: number): string {
    return this.#tickets.mint(this.#personOf(user).id, expiresAt);
  }

  deliveries(query: Parameters<ShardCalls["deliveries"]>[0]): ReturnType<SyncCalls["deliveries"]> {
    return this.#log.page(query);
  }

  delivery(id: string): ReturnType<SyncCalls["delivery"]> {
    return this.#log.one(id);
  }

  retry(ids: string[]): { retried: number; wakes: Wake[] } {
    const { deliveries, shard, wakes } = this.#parts;
    const now = this.#now();
    let retried = 0;
    for (const id of new Set(ids)) {
      const number = numberOf(shard, id);
      const row = number === null ? null : deliveries.get(number);
      if (!row || ![STATE.failed, STATE.skipped].includes(row.state)) continue;
      deliveries.noteReceipt(row, { at: new Date(now).toISOString(), state: "queued", said: RETRIED });
      deliveries.move(row, STATE.queued, "matrix", now);
      retried++;
    }
    for (const channel of EXTERNAL_CHANNELS) parkUnlessOn(this.#parts, channel);
    return { retried, wakes: wakes.take(now) };
  }

  ledger({ from, to }: Parameters<ShardCalls["ledger"]>[0]): ReturnType<SyncCalls["ledger"]> {
    return this.#log.ledger(from, to);
  }

  volume(since: number): ReturnType<SyncCalls["volume"]> {
    return this.#parts.tally.byChannel(hourOf(since), Number.MAX_SAFE_INTEGER);
  }

  channelStatus(channel: Channel): ReturnType<SyncCalls["channelStatus"]> {
    const { deliveries, gates, events } = this.#parts;
    const { parked, oldest } = deliveries.parkedStatus(channelNumber(channel));
    const event = oldest === null ? null : events.containing(noticeOf(oldest));
    const rules = gates.rules();
    const stopped = channel === "whatsapp" && rules ? this.#parts.templateFaults.all() : [];
    return {
      fault: gates.fault(channel),
      rest: gates.rest(channel, this.#now()),
      templateFaults: stopped.flatMap(({ template, fault }) => typesOf(rules!, template).map((type) => ({ type, ...template, ...fault }))),
      parked,
      oldestParked: event?.at ?? null,
      sending: deliveries.sending(channelNumber(channel), this.#now()).length,
    };
  }

  parkedOutlook(channel: Channel): ReturnType<SyncCalls["parkedOutlook"]> {
    return outlookOf(this.#parts, channel, this.#now());
  }

  intend(change: SettingsChange): { taken: boolean } {
    if (change.version <= this.#parts.gates.version()) return { taken: false };
    const taken = this.#org.intend(change);
    if (taken) this.#armAt(this.#now() + CHANGE_LOST_MS);
    return { taken };
  }

  settled(version: number): void {
    this.#org.settled(version);
  }

  turns(asked: Parameters<ShardCalls["turns"]>[0]): ReturnType<SyncCalls["turns"]> {
    return this.#pace.ask(asked, this.#now());
  }

  giveBack(back: Parameters<ShardCalls["giveBack"]>[0]): ReturnType<SyncCalls["giveBack"]> {
    return this.#pace.giveBack(back, this.#now());
  }

  audit(entry: Parameters<ShardCalls["audit"]>[0]): void {
    this.#org.note(entry);
  }

  broadcasts(ids: string[]): ReturnType<SyncCalls["broadcasts"]> {
    return this.#org.broadcasts(ids);
  }

  auditLog({ limit, cursor }: Parameters<ShardCalls["auditLog"]>[0]): ReturnType<SyncCalls["auditLog"]> {
    const data = this.#org.audit(limit + 1, cursor === null ? Number.MAX_SAFE_INTEGER : Number(cursor));
    const more = data.length > limit;
    return { data: data.slice(0, limit), next: more ? String(data[limit - 1]!.n) : null };
  }

  metrics(): ReturnType<SyncCalls["metrics"]> {
    return metricsOf(this.#parts, this.#countSockets(), this.#now());
  }

  transfer(step: TransferStep): TransferAnswer {
    const now = this.#clock.now();
    const answer = this.#transfer.do(step, now);
    const act = step.act === "begin" ? "backup" : step.act === "ready" ? "restore" : null;
    if (act && this.#parts.shard === 0 && !("refused" in answer)) {
      this.#org.note({ at: now, who: "operator", role: null, act, what: this.#parts.org, detail: null });
    }
    // What is known of rows that others have written is not true any more.
    if (step.act === "clear" || step.act === "rows") this.forget();
    const endsAt = this.#transfer.endsAt();
    if (endsAt !== null) this.#armAt(endsAt);
    return answer;
  }

  rearm(): void {
    const alarm = this.nextAlarm();
    if (alarm !== null) this.#armAt(alarm);
  }

  // ---- within

  /** An admin has tested the channel, or switched it on: whatever its provider said before, it is tried now. */
  #endRest(channel: ExternalChannel, now: number): void {
    const { gates, deliveries, wakes } = this.#parts;
    this.#pace.clear(channel);
    if (gates.rest(channel, now) === null) return;
    gates.clearRest(channel);
    const backlog = deliveries.countDue(channelNumber(channel), now, LIMITS.jobPeople);
    if (backlog > 0) wakes.wantNow(channelNumber(channel), now, backlog);
  }

  /** The rules to decide by; null when the caller has seen newer settings than we. */
  #rulesFor(version: number): Rules | null {
    const rules = this.#parts.gates.rules();
    return rules && rules.version >= version ? rules : null;
  }

  /** Never runs backwards, so that numbers and instants rise together, whatever the machine's clock does. */
  #now(): number {
    if (this.#lastNow === 0) this.#lastNow = this.#parts.events.lastAt();
    return (this.#lastNow = Math.max(this.#lastNow, this.#clock.now()));
  }

  #personOf(id: string) {
    return this.#parts.people.put(id, null, this.#now());
  }

  #replanFor(person: Person, now: number): void {
    const rules = this.#parts.gates.rules();
    if (rules) replan(this.#parts, rules, person.n, now);
  }

  /** When a tripped channel with something to send is tried again; null for any other. */
  #probeAt(channel: ExternalChannel): number | null {
    const { gates, deliveries } = this.#parts;
    const at = gates.gate(channel) === "fault" ? gates.nextProbe(channel) : null;
    return at !== null && deliveries.parked(channelNumber(channel), -1, 1).length > 0 ? at : null;
  }

  /** What of an event is still to be told here, or to be handed on, must not depend on the process that accepted it. */
  #armForOthers(now: number): void {
    if (this.#parts.fanOuts.open()) this.#armAt(now + SLICE_PAUSE_MS);
    if (this.#parts.shares.isFresh()) this.#armAt(now + SHARES_MS);
  }

  #armFor(channel: number, due: number): void {
    this.#armAt(channel === 0 ? due : Math.max(due, this.#now()) + SWEEP_MS);
  }

  #armAt(instant: number): void {
    if (this.#alarm === null || instant < this.#alarm) this.#alarm = instant;
  }
}

function newNumber(): string {
  return crypto.randomUUID().slice(0, 13);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // Not JSON is not a frame; the schema says so.
  }
}
