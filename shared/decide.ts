import { CHANNELS, type Channel } from "./channels.ts";
import { TELLS_ACTOR, type Priority, type RoutingCells } from "./event-types.ts";
import type { Reason } from "./reasons.ts";

/** What becomes of one cell of event × person × channel, and why. */
export type Decision =
  | { do: "send"; why: Reason }
  | { do: "hold"; why: Reason; until: number }
  | { do: "park"; why: Reason }
  | { do: "skip"; why: Reason };

/** `on` sends, `off` and `fault` park, `unset` was never set up and skips. */
export type Gate = "on" | "off" | "fault" | "unset";

/** The organisation's rules as a shard keeps them: everything that a decision needs besides event and person. */
export type Rules = {
  /** Of the settings that these rules were made from. */
  version: number;
  gates: Record<Channel, Gate>;
  cells: RoutingCells;
};

export type DecidedEvent = { type: string; priority: Priority; actor: string | null; deliverAt: number | null; expiresAt: number | null };
export type DecidedPerson = {
  id: string;
  /** Whether the person can be reached there now. */
  address: Record<Channel, "yes" | "none" | "gone" | "not-opted-in">;
};

const skip = (why: Reason): Decision => ({ do: "skip", why });

/**
 * The rules of one event, made once; the answer decides for one person at a time, a decision a channel in the order of CHANNELS.
 * Pure: the same rules, event, person and time give the same decisions in the worker, in the page and in a test.
 */
export function compile(rules: Rules, event: DecidedEvent): (person: DecidedPerson, now: number) => Decision[] {
  const row = rules.cells[event.type];
  const routes = CHANNELS.map((channel): Decision | null => {
    const cell = row?.[channel];
    if (cell === undefined || cell.when === "off") return skip("matrix-off");
    if (cell.when === "urgent" && event.priority !== "high") return skip("urgent-only");
    if (rules.gates[channel] === "unset") return skip("not-configured");
    return null;
  });
  const tellsActor = TELLS_ACTOR.has(event.type);

  return (person, now) => {
    if (!tellsActor && event.actor === person.id) return CHANNELS.map(() => skip("user-is-actor"));
    return CHANNELS.map((channel, index): Decision => {
      const route = routes[index];
      if (route) return route;
      // A person's own mute and quiet hours take their place here, before the address and before the gate.
      const address = person.address[channel];
      if (address === "none") return skip("no-address");
      if (address === "gone") return skip("address-gone");
      if (address === "not-opted-in") return skip("not-opted-in");
      if (event.expiresAt !== null && event.expiresAt <= now) return skip("expired");
      if (rules.gates[channel] === "off") return { do: "park", why: "channel-off" };
      if (rules.gates[channel] === "fault") return { do: "park", why: "channel-fault" };
      if (event.deliverAt !== null && event.deliverAt > now) return { do: "hold", why: "scheduled", until: event.deliverAt };
      return { do: "send", why: "matrix" };
    });
  };
}
