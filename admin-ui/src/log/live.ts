import type { Delivery } from "@carillon/shared/ledger";

/**
 * Lays a fresh first page over the rows that are shown, newest first: known rows are renewed in place, new ones go on top.
 * Where more has happened than one page holds, the rows begin anew with that page: a gap would look like the whole.
 */
export function withFresh(rows: Delivery[], fresh: Delivery[]): { rows: Delivery[]; arrived: string[]; isAnew: boolean } {
  const known = new Set(rows.map((row) => row.id));
  const arrived = fresh.filter((row) => !known.has(row.id)).map((row) => row.id);
  if (rows.length > 0 && fresh.length > 0 && arrived.length === fresh.length) return { rows: fresh, arrived, isAnew: true };
  const renewed = new Map(fresh.map((row) => [row.id, row]));
  const tops = fresh.filter((row) => !known.has(row.id));
  return { rows: [...tops, ...rows.map((row) => renewed.get(row.id) ?? row)], arrived, isAnew: false };
}
