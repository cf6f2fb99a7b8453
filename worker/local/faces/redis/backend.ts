import type { Bytes } from "../../../embedded/store/bytes.ts";
import type { CommandError } from "../../../embedded/store/command.ts";
import type { Reply } from "../../../ports.ts";
import type { RawReply } from "./resp.ts";

export type Command = readonly Bytes[];
export type Answer = Reply | CommandError;

/** What stands behind the Redis face. Each call answers when what it wrote will last; it rejects with Unavailable if that can't be said. */
export type Backend = {
  /** One after the other; a command's error is its own answer. */
  run(commands: readonly Command[]): Promise<Answer[]>;
  /** MULTI … EXEC; an error if all were discarded. */
  transact(commands: readonly Command[]): Promise<Answer[] | CommandError>;
  /** SUBSCRIBE, PSUBSCRIBE or MONITOR: what is heard from now on, until `close` is called. `ended` if it ends by itself. */
  listen(command: Command, heard: (reply: RawReply) => void, ended: () => void): Promise<{ close(): void }>;
  stop(): Promise<void>;
};
