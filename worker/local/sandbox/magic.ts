/** What the sandbox does with a mail to a special address, so that every way of failing can be tried. */
export type Magic = "delivered" | "temporary" | "permanent" | "gone" | "greylisted" | "slow" | "silent" | "cut";

export const MAGIC_WORDS: Record<Magic, string> = {
  delivered: "taken at once",
  temporary: "always 451, to be tried again",
  permanent: "always 554, refused for good",
  gone: "always 550 5.1.1, no such address",
  greylisted: "450 4.7.1 at first, taken the next time",
  slow: "taken after 3 seconds",
  silent: "never answers",
  cut: "hangs up after the message was handed over, without storing it",
};

/** The word stands alone or at the end, as in `slow@example.com` and `eve+slow@example.com`. */
export function magicOf(address: string): Magic {
  const [local = ""] = address.toLowerCase().split("@");
  const word = local.split(/[^a-z]/).at(-1) ?? "";
  return Object.hasOwn(MAGIC_WORDS, word) ? (word as Magic) : "delivered";
}
