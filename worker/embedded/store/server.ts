import { CommandError, type Commands, syntaxError, wrongArity } from "./command.ts";
import type { Bytes } from "./bytes.ts";
import type { Keyspace } from "./keyspace.ts";

export const SERVER: Commands = {
  ping: {
    arity: -1,
    run(_, args) {
      if (args.length > 1) throw wrongArity("ping");
      return args[0] ?? "PONG";
    },
  },
  echo: { arity: 2, run: (_, [text = ""]) => text },
  time: { arity: 1, run: (keyspace) => [String(Math.floor(keyspace.now() / 1000)), String((keyspace.now() % 1000) * 1000)] },
  dbsize: { arity: 1, run: (keyspace) => keyspace.size() },
  flushdb: { arity: -1, run: flush },
  flushall: { arity: -1, run: flush },
};

function flush(keyspace: Keyspace, args: Bytes[]): string {
  const [mode] = args;
  if (args.length > 1 || (mode !== undefined && !/^(a?sync)$/i.test(mode))) throw syntaxError();
  keyspace.clear();
  return "OK";
}

/** Redis's words, with as much of the arguments as it shows. */
export function unknownCommand(name: Bytes, args: Bytes[]): CommandError {
  let shown = "";
  for (const arg of args) {
    if (shown.length >= 128) break;
    shown += `'${arg.slice(0, 128 - shown.length)}' `;
  }
  return new CommandError(`ERR unknown command '${name.slice(0, 128)}', with args beginning with: ${shown}`.replaceAll(/[\r\n]/g, " "));
}
