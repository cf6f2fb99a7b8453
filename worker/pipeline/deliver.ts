import type { ExternalChannel } from "@carillon/shared/channels";
import type { Settings } from "@carillon/shared/settings";
import { LIMITS } from "@carillon/shared/limits";
import { SealBroken } from "../errors.ts";
import { log } from "../log.ts";
import { observed } from "../observed.ts";
import { channelPort, type Job, type Ports } from "../ports.ts";
import type { Configuration, Outcome, Session } from "../channels/channel.ts";
import { configurationOf } from "../settings/configuration.ts";
import { readOrg } from "../settings/org.ts";
import { readSettings } from "../settings/store.ts";
import { withRules } from "../settings/with-rules.ts";
import type { Claim, Served, Wake } from "../shard/calls.ts";
import { withLinks } from "./links.ts";
import { pacerOf, type Pacer } from "./pace.ts";
import { publish } from "./publish.ts";

/** A job gives way to the next after this long, so that no worker is held for minutes. */
const JOB_MS = 25_000;

/**
 * Answers a wake-up: sends what is due on this channel of this shard, one person after the other over one session, and settles
 * each before the next is claimed. Done when nothing is due, 100 were served, the time is up, or the channel's pace leaves no turn
 * near enough to wait for; whatever remains is woken again. Throws Unavailable if shard or store can't be reached; then the queue
 * comes again.
 */
export async function deliver(ports: Ports, job: Job, wait: (ms: number) => Promise<void> = pass): Promise<void> {
  const { org, shard, channel } = job;
  const place = await readOrg(ports, org);
  if (!place) return;
  // What can fail is read before anything is claimed: a claim that nobody serves is in doubt for a minute.
  const settings = await readSettings(ports, org, place.version);
  const run: Run = { ports, job, place, settings, startedAt: ports.clock.now(), count: 0, session: null, rest: null };
  const pacer = pacerOf(ports, job, settings);
  let leftOver: Wake[] = [];
  try {
    for (;;) {
      const turn = await pacer.next();
      if ("notBefore" in turn) {
        const later = { channel, job: numberOf(job), at: turn.notBefore, rest: turn.rest };
        leftOver = (await ports.shards.get(org, shard).later(later)).wakes;
        return;
      }
      if (turn.inMs > 0) await wait(turn.inMs);
      const served = await serve(run, pacer, wait);
      leftOver = served.wakes;
      if (!served.isPaused) return;
    }
  } finally {
    await run.session?.close();
    await pacer.end(run.rest);
    // Whoever is woken for the rest finds the connection free.
    ports.background(publish(ports, org, shard, leftOver));
  }
}

const pass = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** What one run of a job goes by, and what it has come to. */
type Run = {
  ports: Ports;
  job: Job;
  place: { org: string; name: string; version: number };
  settings: Settings;
  startedAt: number;
  count: number;
  session: Session | null;
  /** The provider has slowed us down. */
  rest: { until: number; why: string } | null;
};

const numberOf = ({ at, number }: Job) => ({ at, number });

/** Claims and sends one after the other as long as turns are in hand. */
async function serve(run: Run, pacer: Pacer, wait: (ms: number) => Promise<void>): Promise<Served> {
  const { ports, job, place, settings } = run;
  const { org, shard, channel } = job;
  const calls = ports.shards.get(org, shard);
  let served: Served = await withRules(ports, { org, version: place.version }, shard, (one) =>
    one.begin({ version: place.version, channel, job: numberOf(job) }),
  );
  run.rest = served.rest ?? null;
  while (served.claim) {
    ports.background(publish(ports, org, shard, served.wakes));
    const claim: Claim = served.claim;
    const configured = await opened(run);
    const sentAt = ports.clock.now();
    const outcome = "kind" in configured ? configured : await configured.send(await withLinks(ports, settings, channel, claim.message));
    const now = ports.clock.now();
    if (!("kind" in configured)) noteAttempt(job, claim, outcome, now - sentAt);
    const isLast = "kind" in configured || ++run.count >= LIMITS.jobPeople || now - run.startedAt > JOB_MS;
    const soon = isLast ? null : pacer.soon();
    served = await calls.next({
      version: place.version,
      channel,
      job: numberOf(job),
      claim: claim.id,
      outcome,
      ms: now - sentAt,
      isLast,
      ...(isLast || soon ? {} : { pauses: true }),
    });
    pacer.took(ports.clock.now() - sentAt);
    run.rest = served.rest ?? null;
    if (served.claim && soon && soon.inMs > 0) await wait(soon.inMs);
  }
  return served;
}

/** The session of this run, opened with its first claim; or why it can't be. */
async function opened(run: Run): Promise<Session | Outcome> {
  if (run.session) return run.session;
  const { ports, job, place, settings } = run;
  const configuration = await configurationOrFault(ports, place, settings, job.channel);
  if ("kind" in configuration) return configuration;
  return (run.session = channelPort(ports.channels, job.channel).open(configuration));
}

/** Counts a try at a provider, and writes its line where there is one for each. */
function noteAttempt({ org, shard, channel }: Job, { message }: Claim, { kind, code }: Outcome, ms: number): void {
  observed.attempts.note(ms, channel, kind);
  log("info", "attempt", { org, shard, channel, delivery: message.deliveryId, attempt: message.attempt, outcome: kind, code, ms });
}

/** A channel that can't be opened is at fault, not the message that was claimed. */
async function configurationOrFault(
  ports: Ports,
  place: { org: string; name: string },
  settings: Settings,
  channel: ExternalChannel,
): Promise<Configuration<Record<string, unknown>> | Outcome> {
  try {
    return (await configurationOf(ports, place, settings, channel)) ?? notSetUp(channel);
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    const said = `A saved secret of ${channel} can no longer be opened`;
    return { kind: "fault", said, remedy: "Type the channel's secrets again and test it." };
  }
}

const notSetUp = (channel: ExternalChannel): Outcome => ({
  kind: "fault",
  said: `${channel} is not set up`,
  remedy: "Set the channel up and test it.",
});
