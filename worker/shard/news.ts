import type { Channel } from "@carillon/shared/channels";
import type { Fault } from "./ledger/gates.ts";

/** What one shard has found out of a channel that holds for all of them: it has stopped, or it works again (null). */
export type ChannelNews = { channel: Channel; fault: Fault | null };

/** Gathers what the other shards are to hear after the commit. Who can't be reached finds out by itself. */
export class News {
  #gathered = new Map<Channel, Fault | null>();

  forget(): void {
    this.#gathered.clear();
  }

  note(channel: Channel, fault: Fault | null): void {
    this.#gathered.set(channel, fault);
  }

  isFresh(): boolean {
    return this.#gathered.size > 0;
  }

  take(): ChannelNews[] {
    const news = [...this.#gathered].map(([channel, fault]) => ({ channel, fault }));
    this.#gathered.clear();
    return news;
  }
}
