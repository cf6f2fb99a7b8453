import type { Channel } from "@carillon/shared/channels";
import type { RoutingCell, RoutingCells } from "@carillon/shared/event-types";
import type { Preferences } from "@carillon/shared/preferences";

type Cells = Preferences["cells"];
export type Switch = { channel: Channel; state: "on" | "off" | "urgent"; isLocked: boolean };
export type EventChoices = { type: string; switches: Switch[] };

/** For each event the channels that the organisation routes or leaves to the person; an event without any is left out. */
export function choicesOf({ routing, cells }: { routing: RoutingCells; cells: Cells }): EventChoices[] {
  return Object.entries(routing)
    .map(([type, row]) => ({
      type,
      switches: (Object.entries(row) as [Channel, RoutingCell][])
        .filter(([, cell]) => cell.when !== "off" || !cell.locked)
        .map(([channel, cell]): Switch => ({ channel, state: stateOf(cell, cells[type]?.[channel]), isLocked: cell.locked })),
    }))
    .filter(({ switches }) => switches.length > 0);
}

function stateOf({ when, locked }: RoutingCell, wish: boolean | undefined): Switch["state"] {
  if (locked || wish === undefined) return when;
  if (!wish) return "off";
  return when === "urgent" ? "urgent" : "on";
}

/** The cells with one switched on or off. What comes to the same as the matrix is no choice, and follows the matrix from then on. */
export function switched(cells: Cells, routing: RoutingCells, type: string, channel: Channel, isOn: boolean): Cells {
  const others = { ...cells };
  delete others[type];
  const row = { ...cells[type] };
  delete row[channel];
  if (isOn !== (routing[type]?.[channel].when !== "off")) row[channel] = isOn;
  return Object.keys(row).length > 0 ? { ...others, [type]: row } : others;
}
