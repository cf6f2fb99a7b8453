import { setImmediate } from "node:timers";
import { Unavailable } from "../errors.ts";
import type { Sql, SqlValue } from "../ports.ts";

/** Writes of one turn of the event loop, which reach the disk together: one fsync however many callers wait for it. */
export type TurnCommit = {
  /** One statement for the end of this turn. */
  write(query: string, ...bindings: SqlValue[]): void;
  /** Resolves once everything written so far is on the disk; rejects with Unavailable if it can't be. At once if there is nothing. */
  settled(): Promise<void>;
  /** Whether something waits for the end of the turn. */
  isPending(): boolean;
};

type Write = { query: string; bindings: SqlValue[] };

/** `onFailure` is called when a commit failed: none of its writes happened, so memory that ran ahead has to be put right. */
export function commitPerTurn(sql: Sql, part: "store" | "queue", onFailure: (cause: unknown) => void): TurnCommit {
  let writes: Write[] = [];
  let turn: PromiseWithResolvers<void> | null = null;

  const commit = (): void => {
    const ended = turn;
    const work = writes;
    turn = null;
    writes = [];
    try {
      sql.transaction(() => {
        for (const { query, bindings } of work) sql.exec(query, ...bindings);
      });
    } catch (cause) {
      onFailure(cause);
      ended?.reject(new Unavailable(part, cause));
      return;
    }
    ended?.resolve();
  };

  return {
    write(query, ...bindings) {
      if (turn === null) {
        turn = Promise.withResolvers<void>();
        turn.promise.catch(() => undefined); // Told to onFailure; a caller that waits for nothing must not end the process.
        setImmediate(commit);
      }
      writes.push({ query, bindings });
    },
    settled: () => turn?.promise ?? SETTLED,
    isPending: () => turn !== null,
  };
}

const SETTLED = Promise.resolve();
