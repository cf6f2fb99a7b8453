import { CommandError } from "../../../embedded/store/command.ts";
import { Unavailable } from "../../../errors.ts";
import type { Answer, Backend } from "./backend.ts";
import { type Connection, connectRedis } from "./connection.ts";

/**
 * A real Redis behind the face: one connection for all commands, a new one after it is lost, and one for each who listens. What was
 * sent and not answered when a connection is lost may have happened. How long it lasts is that server's own business.
 */
export function bridgeBackend(url: string): Backend {
  let shared: Promise<Connection> | null = null;
  const listening = new Set<Connection>();

  function connection(): Promise<Connection> {
    if (shared) return shared;
    const next = connectRedis(url, { ended: forget });
    shared = next;
    return next;

    function forget(): void {
      if (shared === next) shared = null;
    }
  }

  return {
    async run(commands) {
      const replies = await (await connection()).send(commands);
      return replies as Answer[]; // Errors stand by themselves, never in a list: that only EXEC answers.
    },
    async transact(commands) {
      const replies = await (await connection()).send([["MULTI"], ...commands, ["EXEC"]]);
      const all = replies.at(-1) ?? null;
      if (all instanceof CommandError) return all;
      if (!Array.isArray(all)) throw new Unavailable("store", new Error("EXEC did not answer with a list"));
      return all as Answer[];
    },
    async listen(command, heard, ended) {
      const own = await connectRedis(url, { heard, ended });
      listening.add(own);
      own.tell(command);
      return {
        close() {
          listening.delete(own);
          own.close();
        },
      };
    },
    async stop() {
      for (const one of listening) one.close();
      (await shared?.catch(() => null))?.close();
    },
  };
}
