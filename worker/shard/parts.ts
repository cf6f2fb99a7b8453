import type { Sql } from "../ports.ts";
import type { FanOuts } from "./fan-out.ts";
import type { Inbox } from "./inbox/inbox.ts";
import type { Search } from "./inbox/search.ts";
import type { Deliveries } from "./ledger/deliveries.ts";
import type { Events } from "./ledger/events.ts";
import type { Gates } from "./ledger/gates.ts";
import type { TemplateFaults } from "./ledger/template-faults.ts";
import type { Tally } from "./ledger/tally.ts";
import type { Wakes } from "./ledger/wakes.ts";
import type { Browsers } from "./people/browsers.ts";
import type { News } from "./news.ts";
import type { People } from "./people/people.ts";
import type { Shares } from "./shares.ts";

/** The parts of one shard, over one database. */
export type Parts = {
  /** The shard's number in its organisation. */
  shard: number;
  org: string;
  sql: Sql;
  people: People;
  browsers: Browsers;
  events: Events;
  search: Search;
  inbox: Inbox;
  tally: Tally;
  deliveries: Deliveries;
  gates: Gates;
  templateFaults: TemplateFaults;
  wakes: Wakes;
  /** What of this shard's events others have still to take. */
  shares: Shares;
  fanOuts: FanOuts;
  news: News;
  /** Whether the person looks at a tab with the bell just now. */
  isWatching: (person: string) => boolean;
  /** From 0 to 1, for jitter. */
  random: () => number;
};
