import { CHANNELS, type Channel } from "@carillon/shared/channels";
import type { Cell } from "./choices.ts";

/** Row 0 is the head of the columns, column 0 the head of the rows. Their corner stands for all cells. */
export type Place = { row: number; column: number };

const LAST_COLUMN = CHANNELS.length;

export const typeAt = (types: readonly string[], row: number): string | null => types[row - 1] ?? null;
export const channelAt = (column: number): Channel | null => CHANNELS[column - 1] ?? null;
export const isSamePlace = (one: Place, other: Place): boolean => one.row === other.row && one.column === other.column;

/** The cells that a place stands for: itself, its row, its column, or all. */
export function cellsAt(types: readonly string[], { row, column }: Place): Cell[] {
  const [type, channel] = [typeAt(types, row), channelAt(column)];
  return (type ? [type] : types).flatMap((each) => (channel ? [channel] : CHANNELS).map((one) => ({ type: each, channel: one })));
}

/** Where a key leads (WAI-ARIA's grid pattern) in a grid of so many rows below the head; null for a key that moves nothing. */
export function moved({ row, column }: Place, rows: number, key: string, withControl: boolean): Place | null {
  const at = (to: Place): Place => ({ row: clamp(to.row, rows), column: clamp(to.column, LAST_COLUMN) });
  switch (key) {
    case "ArrowUp":
      return at({ row: row - 1, column });
    case "ArrowDown":
      return at({ row: row + 1, column });
    case "ArrowLeft":
      return at({ row, column: column - 1 });
    case "ArrowRight":
      return at({ row, column: column + 1 });
    case "Home":
      return at({ row: withControl ? 0 : row, column: 0 });
    case "End":
      return at({ row: withControl ? rows : row, column: LAST_COLUMN });
    case "PageUp":
      return at({ row: 0, column });
    case "PageDown":
      return at({ row: rows, column });
    default:
      return null;
  }
}

const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
