import { CHANNELS, type Channel } from "@carillon/shared/channels";
import { defaultRouting, EVENT_TYPES, type EventType, type RoutingCell, type RoutingCells } from "@carillon/shared/event-types";

export type When = RoutingCell["when"];
/** What one cell holds, as one value: so a changed cell is one change. */
export type Choice = When | `${When} locked`;
/** The matrix as the page edits it. */
export type RoutingDraft = Record<EventType, Record<Channel, Choice>>;
export type Cell = { type: EventType; channel: Channel };

export const WHEN_WORDS: Record<When, string> = { off: "Off", on: "On", urgent: "Urgent only" };

export const choiceOf = ({ when, locked }: RoutingCell): Choice => (locked ? `${when} locked` : when);
export const whenOf = (choice: Choice): When => choice.split(" ")[0] as When;
export const isLocked = (choice: Choice): boolean => choice.endsWith(" locked");
export const inWords = (choice: Choice): string => `${WHEN_WORDS[whenOf(choice)]}, ${isLocked(choice) ? "locked" : "users may change it"}`;

/** Space on a cell: off → on → urgent only → off. */
const NEXT: Record<When, When> = { off: "on", on: "urgent", urgent: "off" };
export const withWhen = (choice: Choice, when: When): Choice => choiceOf({ when, locked: isLocked(choice) });
export const withLock = (choice: Choice, locked: boolean): Choice => choiceOf({ when: whenOf(choice), locked });

/** The one step that all of these take together: one of a mixed lot goes on first. */
export function nextWhen(choices: Choice[]): When {
  const whens = new Set(choices.map(whenOf));
  const [only] = whens;
  return whens.size === 1 && only ? NEXT[only] : "on";
}

/** Locked only where not all of them are already. */
export const nextLock = (choices: Choice[]): boolean => !choices.every(isLocked);

export const toDraft = (cells: RoutingCells): RoutingDraft => {
  const draft = {} as RoutingDraft;
  for (const type of EVENT_TYPES) {
    draft[type] = {} as Record<Channel, Choice>;
    for (const channel of CHANNELS) draft[type][channel] = choiceOf(cells[type]?.[channel] ?? { when: "off", locked: false });
  }
  return draft;
};

export const toCells = (draft: RoutingDraft): RoutingCells => {
  const cells: RoutingCells = {};
  for (const type of EVENT_TYPES) {
    cells[type] = {} as Record<Channel, RoutingCell>;
    for (const channel of CHANNELS) cells[type][channel] = { when: whenOf(draft[type][channel]), locked: isLocked(draft[type][channel]) };
  }
  return cells;
};

export const DEFAULT_DRAFT: RoutingDraft = toDraft(defaultRouting());
export const ALL_CELLS: Cell[] = EVENT_TYPES.flatMap((type) => CHANNELS.map((channel) => ({ type, channel })));

/** A copy of the draft in which these cells are as told. */
export function withCells(draft: RoutingDraft, cells: Cell[], choose: (cell: Cell, choice: Choice) => Choice): RoutingDraft {
  const next = { ...draft };
  for (const cell of cells) next[cell.type] = { ...next[cell.type], [cell.channel]: choose(cell, next[cell.type][cell.channel]) };
  return next;
}

/** The cells on which two drafts differ. */
export const differing = (one: RoutingDraft, other: RoutingDraft): Cell[] =>
  ALL_CELLS.filter(({ type, channel }) => one[type][channel] !== other[type][channel]);
