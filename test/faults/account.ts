import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { InboxItem } from "@carillon/shared/inbox";
import type { Delivery, Ledger } from "@carillon/shared/ledger";
import { sleep, type Instance } from "../harness/instance.ts";
import type { Posted } from "./crm.ts";

/** What an account of everything that was accepted found. Nothing in `wrong` is the good case. */
export type Account = {
  items: number;
  mails: number;
  /** Mails that arrived more often than once; each must have been announced by an ambiguous attempt. */
  mailsAgain: number;
  ambiguousAttempts: number;
  /** Deliveries and items of which there is no trace. */
  lost: number;
  /** Items that stand there twice, mails that came again unannounced. */
  doubled: number;
  wrong: string[];
};

type Mail = { delivery: string; messageId: string };

/** Holds everything a CRM was promised against the log, the inboxes, the sandbox and the ledger. */
export async function takeAccount(carillon: Instance, accepted: Posted[]): Promise<Account> {
  const account: Account = { items: 0, mails: 0, mailsAgain: 0, ambiguousAttempts: 0, lost: 0, doubled: 0, wrong: [] };
  const logs = await Promise.all(inLanes(accepted, (event) => readLog(carillon, event)));
  const mails = Map.groupBy(receivedMails(carillon), (mail) => mail.delivery);
  account.mails = [...mails.values()].reduce((sum, { length }) => sum + length, 0);
  accepted.forEach((event, index) => checkEvent(account, event, logs[index]!, mails));
  for (const [id, copies] of mails) account.wrong.push(`${copies.length} mails bear the delivery ${id}, which no accepted event has`);
  await checkInboxes(account, carillon, accepted);
  checkLedger(account, (await carillon.api("GET", "/v1/ledger")).body as Ledger, accepted);
  return account;
}

/** Every cell of an event is there once and in its end state, and its mails came as often as the log says they may. */
function checkEvent(account: Account, event: Posted, log: Delivery[] | null, mails: Map<string, Mail[]>): void {
  if (!log) {
    account.lost += event.recipients.length;
    account.wrong.push(`${event.id} was accepted and is not known`);
    return;
  }
  const byUser = Map.groupBy(log, (cell) => cell.user);
  for (const { id: user, email } of event.recipients) {
    const cells = byUser.get(user) ?? [];
    const channels = cells.map((cell) => cell.channel).join(" ");
    if (channels !== "in-app email sms whatsapp push") account.wrong.push(`${event.id} for ${user} has the cells ${channels}`);
    const mail = cells.find((cell) => cell.channel === "email");
    if (!mail) continue;
    const copies = mails.get(mail.id) ?? [];
    mails.delete(mail.id);
    const doubts = mail.attempts.filter((attempt) => attempt.ambiguous).length;
    account.ambiguousAttempts += doubts;
    const state = `${mail.state} ${mail.reason}`;
    if (state !== (email ? "sent matrix" : "skipped no-address")) account.wrong.push(`the mail of ${event.id} to ${user} is ${state}`);
    if (email && copies.length === 0) account.lost++;
    if (email && copies.length === 0) account.wrong.push(`the mail of ${event.id} to ${user} never arrived`);
    if (copies.length > 1) account.mailsAgain += copies.length - 1;
    if (copies.length > 1 + doubts) account.doubled++;
    if (copies.length > 1 + doubts)
      account.wrong.push(`the mail of ${event.id} to ${user} came ${copies.length} times with ${doubts} ambiguous attempts`);
    if (new Set(copies.map(({ messageId }) => messageId)).size > 1)
      account.wrong.push(`the mail of ${event.id} to ${user} came under several Message-IDs`);
  }
}

/** Each person's inbox holds exactly the events that were for this person, each once. */
async function checkInboxes(account: Account, carillon: Instance, accepted: Posted[]): Promise<void> {
  const expected = new Map<string, Set<string>>();
  for (const event of accepted) {
    for (const { id } of event.recipients) expected.set(id, (expected.get(id) ?? new Set()).add(event.id));
  }
  const people = [...expected.keys()];
  const inboxes = await Promise.all(inLanes(people, (user) => readInbox(carillon, user)));
  people.forEach((user, index) => {
    const { items, unread } = inboxes[index]!;
    account.items += items.length;
    if (unread !== items.length) account.wrong.push(`${user} has ${items.length} unread items and a badge of ${unread}`);
    const seen = new Map<string, number>();
    for (const { event } of items) seen.set(event, (seen.get(event) ?? 0) + 1);
    for (const event of expected.get(user)!) {
      const count = seen.get(event) ?? 0;
      seen.delete(event);
      if (count === 1) continue;
      account[count === 0 ? "lost" : "doubled"]++;
      account.wrong.push(`${event} stands ${count} times in the inbox of ${user}`);
    }
    for (const event of seen.keys()) account.wrong.push(`${user} has an item of ${event}, which was not for this person`);
  });
}

function checkLedger(account: Account, ledger: Ledger, accepted: Posted[]): void {
  const people = accepted.reduce((sum, event) => sum + event.recipients.length, 0);
  const addressed = accepted.reduce((sum, event) => sum + event.recipients.filter(({ email }) => email).length, 0);
  const expected = { accepted: people * 5, delivered: people, sent: addressed, inFlight: 0, parked: 0, held: 0, failed: 0, unaccounted: 0 };
  for (const [name, count] of Object.entries(expected)) {
    const stands = ledger[name as keyof Ledger];
    if (stands !== count) account.wrong.push(`the ledger says ${name} ${stands}, not ${count}`);
  }
}

/** An event for few people tells everything itself; for more, the log has it, page by page. */
async function readLog(carillon: Instance, { id, recipients }: Posted): Promise<Delivery[] | null> {
  const { status, body } = await read(carillon, `/v1/events/${id}`);
  if (status === 404) return null;
  if (recipients.length <= 500) return body.deliveries as Delivery[];
  const cells: Delivery[] = [];
  for (let cursor: string | null = null; ;) {
    const page = await read(carillon, `/v1/deliveries?event=${id}&limit=100${cursor === null ? "" : `&cursor=${cursor}`}`);
    cells.unshift(...(page.body.data as Delivery[]).toReversed());
    cursor = page.body.next;
    if (cursor === null) return cells;
  }
}

/** A busy machine may answer 503 and ask to come back; any other refusal is none that an account may overlook. */
async function read(carillon: Instance, path: string): ReturnType<Instance["api"]> {
  for (let tries = 1; ; tries++) {
    const answer = await carillon.api("GET", path);
    if (answer.status === 200 || answer.status === 404) return answer;
    if (answer.status !== 503 || tries === 10) throw new Error(`${path} is answered ${answer.status} ${JSON.stringify(answer.body)}`);
    await sleep(500);
  }
}

/** All of a person's items that are neither archived nor dismissed, page by page. */
export async function readInbox(carillon: Instance, user: string, filter = "all"): Promise<{ items: InboxItem[]; unread: number }> {
  const me = await carillon.me(user);
  const items: InboxItem[] = [];
  for (let cursor: string | null = null; ;) {
    const { body } = await me("GET", `/inbox?filter=${filter}&limit=100${cursor ? `&cursor=${cursor}` : ""}`);
    items.push(...body.data);
    cursor = body.next;
    if (cursor === null) return { items, unread: body.unread };
  }
}

/** Read from the sandbox's own database, because its list is for looking at and ends after ten thousand. */
function receivedMails(carillon: Instance): Mail[] {
  const database = new DatabaseSync(join(carillon.data, "sandbox/messages.sqlite"), { readOnly: true });
  try {
    const rows = database.prepare("SELECT raw FROM message WHERE channel = 'email'").all() as { raw: Uint8Array }[];
    return rows.map(({ raw }) => readMail(Buffer.from(raw).toString("latin1")));
  } finally {
    database.close();
  }
}

/** The two headers by which copies of one mail are known. */
export function readMail(raw: string): Mail {
  const header = (name: string) => new RegExp(`^${name}: *(.*?)\\r?$`, "im").exec(raw)?.[1] ?? "";
  return { delivery: header("X-Carillon-Delivery"), messageId: header("Message-ID") };
}

const LANES = 8;

/** One promise per item, of which a few are under way at a time. */
function inLanes<Item, Answer>(items: Item[], ask: (item: Item) => Promise<Answer>): Promise<Answer>[] {
  const lanes: Promise<unknown>[] = Array.from({ length: LANES }, () => Promise.resolve());
  return items.map((item, index) => {
    const answer = lanes[index % LANES]!.then(() => ask(item));
    lanes[index % LANES] = answer;
    return answer;
  });
}
