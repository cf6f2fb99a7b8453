import { CHANNELS, type Channel } from "@carillon/shared/channels";
import { defaultRouting, EVENT_TYPES, isEventType, type RoutingCell, type RoutingCells } from "@carillon/shared/event-types";
import { ownTypeRow } from "@carillon/shared/own-events";

export type When = RoutingCell["when"];
/** What one cell holds, as one value: so a changed cell is one change. */
export type Choice = When | `${When} locked`;
export type Row = Record<Channel, Choice>;
/** The matrix as the page edits it: a row for each built-in event and for each of the organisation's own, archived ones too. */
export type RoutingDraft = Record<string, Row>;
export type Cell = { type: string; channel: Channel };

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

export const rowOf = (cells: Record<Channel, RoutingCell>): Row =>
  Object.fromEntries(CHANNELS.map((channel) => [channel, choiceOf(cells[channel])])) as Row;

export const toRow = (row: Row): Record<Channel, RoutingCell> =>
  Object.fromEntries(CHANNELS.map((channel) => [channel, { when: whenOf(row[channel]), locked: isLocked(row[channel]) }])) as Record<
    Channel,
    RoutingCell
  >;

/** Built-in events first, in the manual's order. */
export function toDraft(cells: RoutingCells): RoutingDraft {
  const types = [...EVENT_TYPES.filter((type) => cells[type]), ...Object.keys(cells).filter((type) => !isEventType(type))];
  return Object.fromEntries(types.map((type) => [type, rowOf(cells[type]!)]));
}

export const toCells = (draft: RoutingDraft): RoutingCells =>
  Object.fromEntries(Object.entries(draft).map(([type, row]) => [type, toRow(row)]));

export const DEFAULT_DRAFT: RoutingDraft = toDraft(defaultRouting());

export const choiceAt = (draft: RoutingDraft, { type, channel }: Cell): Choice => draft[type]?.[channel] ?? "off";

/** What a cell goes back to; `own` are the default rows of the organisation's own events. */
export const defaultAt = ({ type, channel }: Cell, own: RoutingDraft): Choice => (DEFAULT_DRAFT[type] ?? own[type] ?? OWN_ROW)[channel];
const OWN_ROW = rowOf(ownTypeRow());
export const cellsOf = (types: readonly string[]): Cell[] => types.flatMap((type) => CHANNELS.map((channel) => ({ type, channel })));

/** A copy of the draft in which these cells are as told. */
export function withCells(draft: RoutingDraft, cells: Cell[], choose: (cell: Cell, choice: Choice) => Choice): RoutingDraft {
  const next = { ...draft };
  for (const cell of cells) {
    const row = next[cell.type];
    if (row) next[cell.type] = { ...row, [cell.channel]: choose(cell, row[cell.channel]) };
  }
  return next;
}

/** The cells on which two drafts differ; a row that only one has is not the form's doing. */
export const differing = (one: RoutingDraft, other: RoutingDraft): Cell[] =>
  cellsOf(Object.keys(one).filter((type) => other[type])).filter((cell) => choiceAt(one, cell) !== choiceAt(other, cell));
