/** What page and service worker keep of this browser's subscription; both may write it. */
export type Kept = {
  /** Where Carillon answers, without a slash at the end. */
  server: string;
  user: string;
  endpoint: string;
  /** The VAPID key that it was made with. */
  publicKey: string;
  /** Allows this endpoint's successor to be told without a sign-in. */
  proof: string;
};

// A service worker has no localStorage; of what it shares with its pages this needs the least code.
const open = () => caches.open("carillon-push");
const PLACE = "/carillon-push";

export async function readKept(): Promise<Kept | null> {
  const stored = await (await open()).match(PLACE);
  return stored ? ((await stored.json()) as Kept) : null;
}

export const keep = async (kept: Kept): Promise<void> => (await open()).put(PLACE, Response.json(kept));
