import * as z from "zod";
import { LIMITS } from "./limits.ts";

/** One item of a person's inbox. `seq` counts the person's items, `rev` rises with every change of any item. */
export type InboxItem = {
  id: string;
  seq: number;
  rev: number;
  event: string;
  type: string;
  title: string;
  body: string;
  link: string | null;
  priority: "low" | "normal" | "high";
  silent: boolean;
  createdAt: string;
  seenAt: string | null;
  readAt: string | null;
  archivedAt: string | null;
  dismissedAt: string | null;
  why: string;
};

export const INBOX_MARKS = ["read", "unread", "dismiss", "archive", "seen"] as const;
/** `POST /v1/me/inbox/<mark>`. */
export type InboxMark = (typeof INBOX_MARKS)[number];
export const INBOX_FILTERS = ["unread", "all", "archived", "dismissed"] as const;
export type InboxFilter = (typeof INBOX_FILTERS)[number];

const ids = z.union([z.array(z.string().max(80)).max(500), z.literal("all")]);
export const markBodySchema = z.strictObject({ ids });

/** What a browser says over the socket (besides the text `ping`, answered `pong`). */
export const clientFrameSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("hello"), after: z.int().min(0).default(0) }),
  z.strictObject({ type: z.literal("read"), ids }),
  z.strictObject({ type: z.literal("seen"), ids }),
  z.strictObject({ type: z.literal("dismiss"), ids }),
  z.strictObject({ type: z.literal("visible"), yes: z.boolean() }),
  z.strictObject({ type: z.literal("renew"), ticket: z.string().max(400) }),
]);
export type ClientFrame = z.infer<typeof clientFrameSchema>;

/**
 * What the shard says. `sync` answers every hello, also when empty; `more` asks the client for another hello from `rev`. The `ids` of
 * a `state` stand in the order of their changes, one revision each, the last of which is `rev`.
 */
export type ServerFrame =
  | { type: "sync"; items: InboxItem[]; rev: number; more: boolean; unread: number }
  | { type: "item"; item: InboxItem; rev: number; unread: number }
  | { type: "state"; ids: string[]; state: InboxMark; rev: number; unread: number }
  | { type: "renew" }
  | { type: "error"; code: string };

export const SOCKET_PROTOCOL = "carillon.v1";
export const SYNC_ITEMS = LIMITS.syncItems;

/** Close codes of the bell's socket. 4401: the ticket is no longer good, get a new one. 1012: the server restarts. */
export const SOCKET_CLOSE = { unauthorized: 4401, tooMany: 4429, tooLarge: 1009, restart: 1012 } as const;
