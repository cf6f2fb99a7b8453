import type { Parts } from "./parts.ts";

/** Whoever has this phone gets nothing more by this channel, or may again. Answers how many people that are. */
export function optOut(
  { people }: Parts,
  { channel, phone, isOut, said }: { channel: "sms" | "whatsapp"; phone: string; isOut: boolean; said: string },
  now: number,
): number {
  const owners = people.withPhone(phone);
  const address = { channel, address: phone };
  for (const person of owners) {
    if (isOut) people.markGone(person, { ...address, why: said, since: new Date(now).toISOString(), optedOut: true });
    else people.clearOptOut(person, address, now);
  }
  return owners.length;
}
