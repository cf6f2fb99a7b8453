import type { Context } from "hono";
import type * as z from "zod";
import type { Admin, Role, Scope } from "@carillon/shared/access";
import type { CallingChannel } from "../access/providers.ts";
import type { Ports } from "../ports.ts";

/** Who may call a route. Every route names exactly one; what is not declared is not served. */
export type Caller =
  | { kind: "crm"; scope: Scope }
  | { kind: "user" }
  | { kind: "admin"; role: Role }
  /** The queue, by its signature. */
  | { kind: "queue" }
  /** Twilio, Meta: by their signature with the organisation's own secret. */
  | { kind: "provider"; channel: CallingChannel }
  /** Carries its own one-time credential: sign-in, socket, bootstrap. */
  | { kind: "ticket" }
  /** Carries what we have signed ourselves, which allows this one thing for this one person: unsubscribe, report, renew. */
  | { kind: "link" }
  /** Whoever runs the deployment, by a token of its environment; where that is not set there is no such route. */
  | { kind: "operator"; token: "metrics" | "bootstrap" }
  /** Exists only in a local start. */
  | { kind: "local" }
  | { kind: "public" };

/** The identity that the guard has found; what it does not apply to is empty. */
export type Identity = {
  org: string;
  /** The shard count of the organisation, and the version of its settings as of this request. */
  shards: number;
  version: number;
  user: string;
  key: string;
  admin: Admin;
  role: Role;
  /** For admins: the hash under which the session is stored. */
  session: string;
};

/** What a handler gets: parsed input, the caller, the ports. */
export type Ask<Body, Query> = {
  c: Context;
  ports: Ports;
  who: Identity;
  body: Body;
  query: Query;
  /** The body as it came, for signatures and hashes. */
  raw: string;
};

export type Route<Body = unknown, Query = unknown> = {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  caller: Caller;
  summary: string;
  /** Parses the JSON body; without it a body is ignored. */
  body?: z.ZodType<Body>;
  /** The handler parses the body; `body` only describes it. */
  parsesItself?: boolean;
  query?: z.ZodType<Query>;
  /** The largest body, bytes. */
  maxBytes?: number;
  /** Schema of the 2xx answer for the API page; `type` when it is not JSON. */
  answer?: { status?: number; schema?: z.ZodType; type?: string; description: string };
  handle(ask: Ask<Body, Query>): Promise<Response> | Response;
};

/** Keeps the types of body and query together while routes of different bodies share one list. */
export const route = <Body = undefined, Query = undefined>(declaration: Route<Body, Query>): Route => declaration as unknown as Route;
