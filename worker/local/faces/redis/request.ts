import { z } from "zod";
import { type Bytes, toBytes, toText } from "../../../embedded/store/bytes.ts";
import { CommandError } from "../../../embedded/store/command.ts";
import type { Command } from "./backend.ts";

/** What a request asks for. */
export type Order =
  | { kind: "command"; command: Command }
  | { kind: "pipeline" | "multi-exec"; commands: Command[] }
  | { kind: "listen"; command: Command };

const commandSchema = z.array(z.union([z.string(), z.number(), z.boolean()]).transform((arg) => toBytes(String(arg)))).min(1);
const commandsSchema = z.array(commandSchema).min(1);

const LISTENING = ["subscribe", "psubscribe", "monitor"];

/**
 * Reads path, query and body. `target` is the path with its query as it stood in the request: `/set/key/value?EX=100`, where a body
 * comes after the path's arguments and before the query's; or `/`, `/pipeline`, `/multi-exec` with JSON in the body. Throws
 * CommandError for what is none of these.
 */
export function readOrder(target: Bytes, body: Bytes): Order {
  const [path = "", ...rest] = target.split("?");
  const query = rest.join("?");
  if (path === "/pipeline" || path === "/multi-exec") {
    const commands = commandsSchema.safeParse(parseJson(body));
    if (!commands.success) throw new CommandError(`ERR failed to parse ${path.slice(1)} request`);
    return { kind: path === "/pipeline" ? "pipeline" : "multi-exec", commands: commands.data };
  }
  if (path === "/") {
    const command = commandSchema.safeParse(parseJson(body));
    if (!command.success) throw new CommandError("ERR failed to parse command");
    return { kind: "command", command: command.data };
  }
  const words = path.slice(1).split("/").map(decode);
  if (LISTENING.includes((words[0] ?? "").toLowerCase())) return { kind: "listen", command: words };
  return { kind: "command", command: [...words, ...(body === "" ? [] : [body]), ...queryArguments(query)] };
}

/** Names and values one after the other; the token is none of them. */
function queryArguments(query: Bytes): Bytes[] {
  const pairs = query.split("&").filter((pair) => pair !== "");
  return pairs
    .map((pair) => {
      const [name = "", ...value] = pair.replaceAll("+", " ").split("=");
      return [name, value.join("=")].map(decode);
    })
    .filter(([name]) => name !== "_token")
    .flatMap(([name = "", value = ""]) => (value === "" ? [name] : [name, value]));
}

/** `%C3%A9` is two bytes, whatever they mean. */
function decode(text: Bytes): Bytes {
  if (/%(?![0-9a-f]{2})/i.test(text)) throw new CommandError("ERR failed to parse command");
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

function parseJson(body: Bytes): unknown {
  try {
    return JSON.parse(toText(body));
  } catch {
    return null; // The schemas refuse it.
  }
}
