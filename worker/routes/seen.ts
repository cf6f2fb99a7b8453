import type { Context } from "hono";

/** What becomes known of a request while it is answered; whoever took it in reads it afterwards. */
export type Seen = {
  /** The pattern of the declared route; empty for pages and for what is not there. */
  route: string;
  /** Whose it is; empty while that is not known. */
  org: string;
  /** Made when it is first needed. */
  requestId: string | null;
};

/** A request that the app makes of itself comes without one, and gets its own. */
export function seenOf(c: Context): Seen {
  const env = (c.env ??= {}) as { seen?: Seen };
  return (env.seen ??= { route: "", org: "", requestId: null });
}
