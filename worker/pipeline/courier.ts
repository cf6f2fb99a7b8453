import { Unavailable } from "../errors.ts";
import { log } from "../log.ts";
import type { Outside } from "../ports.ts";
import { finishChange } from "../settings/change.ts";
import { withRules } from "../settings/with-rules.ts";
import type { ChannelNews } from "../shard/news.ts";
import type { Work } from "../shard/shard.ts";
import { publish } from "./publish.ts";

type CourierPorts = Pick<Outside, "store" | "shards" | "queue" | "clock">;

/** An answer waits so long for the shards of an event's people, so that what is posted after it comes to them after it. */
const ORDER_MS = 1_000;

/** Resolves when the work is done, or after a second: a shard that is away holds no answer up. */
export async function forOrder(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([work, new Promise<void>((resolve) => (timer = setTimeout(resolve, ORDER_MS)))]);
  clearTimeout(timer);
}

/** Does what shards leave to be done outside after a commit. One for all shards of a host; whatever it can't do, their timers bring again. */
export class Courier {
  readonly #ports: CourierPorts;
  /** The ways that are being gone, and whether they are to be gone once more after that. */
  #underWay = new Map<string, { again: boolean }>();

  constructor(ports: CourierPorts) {
    this.#ports = ports;
  }

  async run(org: string, shard: number, { wakes, change, carry, news, shards }: Work): Promise<void> {
    const others = Array.from({ length: shards }, (_, other) => other).filter((other) => other !== shard);
    await Promise.all([
      publish(this.#ports, org, shard, wakes),
      change && finishChange(this.#ports, org, change),
      ...carry.map((target) => this.#carry(org, shard, target)),
      ...news.flatMap((one) => others.map((other) => this.#tell(org, other, one))),
    ]);
  }

  /** A shard that can't be reached finds out by itself. */
  async #tell(org: string, shard: number, { channel, fault }: ChannelNews): Promise<void> {
    const calls = this.#ports.shards.get(org, shard);
    try {
      if (fault) return await calls.tripped({ channel, fault });
      const { wakes } = await calls.clearFault(channel);
      await publish(this.#ports, org, shard, wakes);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
    }
  }

  /** Hands over all that waits for one shard, batch after batch in the order of acceptance, and never twice at the same time. */
  async #carry(org: string, home: number, target: number): Promise<void> {
    const key = `${org}.${home}.${target}`;
    const known = this.#underWay.get(key);
    if (known) return void (known.again = true);
    const way = { again: true };
    this.#underWay.set(key, way);
    try {
      while (way.again) {
        way.again = false;
        await this.#handAll(org, home, target);
      }
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log("warn", "shares left to the timer", { org, shard: home, to: target, part: error.part });
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #handAll(org: string, home: number, target: number): Promise<void> {
    const { shards } = this.#ports;
    let batch = await shards.get(org, home).handOver(target, null);
    while (batch) {
      const { events, version, upTo } = batch;
      await withRules(this.#ports, { org, version }, target, (shard) => shard.take({ version, events }));
      batch = await shards.get(org, home).handOver(target, upTo);
    }
  }
}
