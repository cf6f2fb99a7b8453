import { openSql } from "../../../adapters/node-sqlite.ts";
import { openStore } from "../../../embedded/store.ts";
import type { Bytes } from "../../../embedded/store/bytes.ts";
import { matches } from "../../../embedded/store/glob.ts";
import type { Clock } from "../../../ports.ts";
import type { Backend, Command } from "./backend.ts";
import type { RawReply } from "./resp.ts";

type Listener = { kind: "subscribe" | "psubscribe" | "monitor"; names: readonly Bytes[]; heard(reply: RawReply): void };

/** The embedded store on a file of its own; who listens is known to this process only. */
export function embeddedBackend(path: string, clock: Clock): Backend {
  const sql = openSql(path);
  const listeners = new Set<Listener>();
  const engine = openStore(sql, clock, { publish });

  return {
    async run(commands) {
      const answers = commands.map((command) => {
        tell(command);
        return engine.execute(command);
      });
      await engine.settled();
      return answers;
    },
    async transact(commands) {
      commands.forEach(tell);
      const answers = engine.executeAll(commands);
      await engine.settled();
      return answers;
    },
    async listen([name = "", ...names], heard) {
      const listener: Listener = { kind: name.toLowerCase() as Listener["kind"], names, heard };
      listeners.add(listener);
      if (listener.kind === "monitor") heard("OK");
      else names.forEach((one, index) => heard([listener.kind, one, index + 1]));
      return { close: () => void listeners.delete(listener) };
    },
    async stop() {
      await engine.settled();
      sql.close();
    },
  };

  /** Answers how many heard it. */
  function publish(channel: Bytes, message: Bytes): number {
    let count = 0;
    for (const { kind, names, heard } of listeners) {
      for (const name of names) {
        if (kind === "monitor" || (kind === "subscribe" ? name !== channel : !matches(name, channel))) continue;
        heard(kind === "subscribe" ? ["message", channel, message] : ["pmessage", name, channel, message]);
        count++;
      }
    }
    return count;
  }

  function tell(command: Command): void {
    for (const { kind, heard } of listeners) if (kind === "monitor") heard(monitorLine(command, clock.now()));
  }
}

/** As Redis's MONITOR writes it. https://redis.io/docs/latest/commands/monitor/ */
function monitorLine(command: Command, now: number): Bytes {
  const quoted = command.map((arg) => `"${arg.replaceAll(/["\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\r", "\\r")}"`);
  return `${(now / 1000).toFixed(6)} [0 127.0.0.1:0] ${quoted.join(" ")}`;
}
