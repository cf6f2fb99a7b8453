import type { ExternalChannel } from "@carillon/shared/channels";
import type { Settings } from "@carillon/shared/settings";
import { LIMITS } from "@carillon/shared/limits";
import { SealBroken } from "../errors.ts";
import { log } from "../log.ts";
import { observed } from "../observed.ts";
import { channelPort, type Job, type Ports } from "../ports.ts";
import type { Configuration, Outcome } from "../channels/channel.ts";
import { configurationOf } from "../settings/configuration.ts";
import { readOrg } from "../settings/org.ts";
import { readSettings } from "../settings/store.ts";
import { withRules } from "../settings/with-rules.ts";
import type { Claim, Served, ShardCalls } from "../shard/calls.ts";
import { withLinks } from "./links.ts";
import { publish } from "./publish.ts";

/** A job gives way to the next after this long, so that no worker is held for minutes. */
const JOB_MS = 25_000;

/**
 * Answers a wake-up: sends what is due on this channel of this shard, one person after the other over one session, and settles
 * each before the next is claimed. Done when nothing is due, 100 were served, or the time is up; whatever remains is woken again.
 * Throws Unavailable if shard or store can't be reached; then the queue comes again.
 */
export async function deliver(ports: Ports, job: Job): Promise<void> {
  const { org, shard, channel } = job;
  const started = ports.clock.now();
  const place = await readOrg(ports, org);
  if (!place) return;
  // What can fail is read before anything is claimed: a claim that nobody serves is in doubt for a minute.
  const settings = await readSettings(ports, org, place.version);
  const calls = ports.shards.get(org, shard);
  let served: Served = await withRules(ports, { org, version: place.version }, shard, (one) =>
    one.begin({ version: place.version, channel, job: { at: job.at, number: job.number } }),
  );
  ports.background(publish(ports, org, shard, served.wakes));
  if (!served.claim) return;

  const configuration = await configurationOrFault(ports, place, settings, channel);
  if ("kind" in configuration) {
    await settleAll(ports, calls, job, place.version, served.claim, configuration);
    return;
  }
  const session = channelPort(ports.channels, channel).open(configuration);
  try {
    for (let count = 1; served.claim; count++) {
      const claim: Claim = served.claim;
      const sentAt = ports.clock.now();
      const outcome = await session.send(await withLinks(ports, settings, channel, claim.message));
      const now = ports.clock.now();
      noteAttempt(job, claim, outcome, now - sentAt);
      const isLast = count >= LIMITS.jobPeople || now - started > JOB_MS;
      served = await calls.next({
        version: place.version,
        channel,
        job: { at: job.at, number: job.number },
        claim: claim.id,
        outcome,
        ms: now - sentAt,
        isLast,
      });
      if (served.wakes.length > 0) ports.background(publish(ports, org, shard, served.wakes));
    }
  } finally {
    await session.close();
  }
}

/** Counts a try at a provider, and writes its line where there is one for each. */
function noteAttempt({ org, shard, channel }: Job, { attempt, message }: Claim, { kind, code }: Outcome, ms: number): void {
  observed.attempts.note(ms, channel, kind);
  log("info", "attempt", { org, shard, channel, delivery: message.deliveryId, attempt, outcome: kind, code, ms });
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

async function settleAll(ports: Ports, calls: ShardCalls, job: Job, version: number, claim: Claim, outcome: Outcome): Promise<void> {
  const channel: ExternalChannel = job.channel;
  const served = await calls.next({
    version,
    channel,
    job: { at: job.at, number: job.number },
    claim: claim.id,
    outcome,
    ms: 0,
    isLast: true,
  });
  ports.background(publish(ports, job.org, job.shard, served.wakes));
}
