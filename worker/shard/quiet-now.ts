import { quietFor, type Rules } from "@carillon/shared/decide";
import { isAdminUser } from "@carillon/shared/people";
import type { QuietNow } from "./calls.ts";
import { STATE } from "./ledger/cells.ts";
import type { Parts } from "./parts.ts";
import { toDecided } from "./people/people.ts";

/** Nobody reads a list longer than this. */
const SHOWN = 50;

/** Who of the CRM's people is quiet now, how much is held, and when the first of it will be released. */
export function quietNow({ people, deliveries }: Parts, rules: Rules | null, now: number): QuietNow {
  const users: QuietNow["users"] = [];
  let quiet = 0;
  const all = people.all().filter(({ id }) => !isAdminUser(id));
  for (const person of all) {
    const hours = rules && quietFor(rules, toDecided(person, now));
    if (!hours?.calendar.isQuiet(now)) continue;
    quiet++;
    if (users.length < SHOWN) users.push({ id: person.id, name: person.name, until: new Date(hours.calendar.until(now)).toISOString() });
  }
  const held = deliveries.open(null).filter((row) => row.state === STATE.held);
  const next = held.reduce<number | null>((first, row) => (first === null || row.due! < first ? row.due : first), null);
  return { people: all.length, quiet, users, held: held.length, nextRelease: next === null ? null : new Date(next).toISOString() };
}
