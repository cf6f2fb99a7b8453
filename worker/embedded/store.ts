import type { Clock, Reply, Sql, Store } from "../ports.ts";
import { commitPerTurn } from "./commit-per-turn.ts";
import { BITS } from "./store/bits.ts";
import { type Bytes, toBytes, toText } from "./store/bytes.ts";
import { CommandError, type CommandSpec, wrongArity } from "./store/command.ts";
import { HASHES } from "./store/hashes.ts";
import { KEYS } from "./store/keys.ts";
import { Keyspace } from "./store/keyspace.ts";
import { LISTS } from "./store/lists.ts";
import { SERVER, unknownCommand } from "./store/server.ts";
import { SETS } from "./store/sets.ts";
import { SORTED_SET_ALGEBRA } from "./store/sorted-set-algebra.ts";
import { SORTED_SETS } from "./store/sorted-sets.ts";
import { STRINGS } from "./store/strings.ts";

/** Redis's commands, one family per file. Whatever else is asked for gets Redis's "unknown command". */
const COMMANDS: ReadonlyMap<string, CommandSpec> = new Map(
  Object.entries({ ...STRINGS, ...BITS, ...KEYS, ...HASHES, ...SETS, ...SORTED_SETS, ...SORTED_SET_ALGEBRA, ...LISTS, ...SERVER }),
);

/** Redis's commands on a SQLite file, in bytes. What `execute` answers may be given out once `settled` has resolved. */
export type StoreEngine = {
  /** Name and arguments; a command's error is an answer like any other, as in a pipeline. */
  execute(command: readonly Bytes[]): Reply | CommandError;
  /** MULTI … EXEC: an unknown command or a wrong number of arguments discards all, other errors are that command's answer alone. */
  executeAll(commands: readonly (readonly Bytes[])[]): (Reply | CommandError)[] | CommandError;
  /** Resolves when all that was executed is on the disk; rejects with Unavailable if that failed and is undone. */
  settled(): Promise<void>;
};

/** The store port over a SQLite file of its own. Durable: an answer comes after the commit of its turn. */
export function embeddedStore(sql: Sql, clock: Clock): Store {
  const engine = openStore(sql, clock);
  return {
    async run(...commands) {
      const replies = commands.map((command) => engine.execute(command.map(argumentOf)));
      await engine.settled();
      return replies.map(textOrThrow);
    },
    async atomic(...commands) {
      const replies = engine.executeAll(commands.map((command) => command.map(argumentOf)));
      if (replies instanceof CommandError) throw replies;
      await engine.settled();
      return replies.map(textOrThrow);
    },
    isReady: async () => true,
  };
}

/** `publish` hands a message to whoever listens in this process and answers how many did; without it there is no PUBLISH. */
export function openStore(sql: Sql, clock: Clock, { publish }: { publish?: (channel: Bytes, message: Bytes) => number } = {}): StoreEngine {
  const turn = commitPerTurn(sql, "store", () => keyspace.load());
  const keyspace: Keyspace = new Keyspace(sql, clock, turn);
  const known = new Map(COMMANDS);
  if (publish) known.set("publish", { arity: 3, run: (_, [channel = "", message = ""]) => publish(channel, message) });

  const execute = ([name = "", ...args]: readonly Bytes[]): Reply | CommandError => {
    const spec = find(known, name, args);
    if (spec instanceof CommandError) return spec;
    keyspace.sweep();
    try {
      return spec.run(keyspace, args);
    } catch (error) {
      if (error instanceof CommandError) return error;
      throw error;
    }
  };

  return {
    execute,
    executeAll(commands) {
      for (const [name = "", ...args] of commands) {
        if (find(known, name, args) instanceof CommandError)
          return new CommandError("EXECABORT Transaction discarded because of previous errors.");
      }
      return commands.map(execute);
    },
    settled: turn.settled,
  };
}

function find(known: ReadonlyMap<string, CommandSpec>, name: Bytes, args: Bytes[]): CommandSpec | CommandError {
  const lower = name.toLowerCase();
  const spec = known.get(lower);
  if (!spec) return unknownCommand(name, args);
  const count = args.length + 1;
  return (spec.arity < 0 ? count >= -spec.arity : count === spec.arity) ? spec : wrongArity(lower);
}

const argumentOf = (arg: string | number): Bytes => (typeof arg === "string" ? toBytes(arg) : String(arg));

function textOrThrow(reply: Reply | CommandError): Reply {
  if (reply instanceof CommandError) throw new CommandError(toText(reply.message));
  return textOf(reply);
}

/** A reply with its bytes read as UTF-8. */
export function textOf(reply: Reply): Reply {
  if (Array.isArray(reply)) return reply.map(textOf);
  return typeof reply === "string" ? toText(reply) : reply;
}
