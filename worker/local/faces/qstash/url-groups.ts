import { z } from "zod";
import type { Clock, Sql } from "../../../ports.ts";
import { isUrl } from "./publication.ts";
import { Refused } from "./refused.ts";
import { type Call, orMissing, type Route } from "./route.ts";

export type Endpoint = { url: string; name: string | null };
type Group = { name: string; created: number; updated: number };

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS url_group (name TEXT PRIMARY KEY, created INTEGER NOT NULL, updated INTEGER NOT NULL) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS endpoint (n INTEGER PRIMARY KEY, url_group TEXT NOT NULL, url TEXT NOT NULL, name TEXT, UNIQUE (url_group, url))`,
];
const GROUP_NAME = /^[\w.-]+$/;

/** Names for several addresses at once; each gets a message of its own. */
export class UrlGroups {
  readonly #sql: Sql;
  readonly #clock: Clock;

  constructor(sql: Sql, clock: Clock) {
    for (const statement of SCHEMA) sql.exec(statement);
    this.#sql = sql;
    this.#clock = clock;
  }

  get(name: string): Group | null {
    return this.#sql.exec<Group>("SELECT name, created, updated FROM url_group WHERE name = ?", name).toArray()[0] ?? null;
  }

  list(): Group[] {
    return this.#sql.exec<Group>("SELECT name, created, updated FROM url_group ORDER BY name").toArray();
  }

  endpoints(name: string): Endpoint[] {
    return this.#sql.exec<Endpoint>("SELECT url, name FROM endpoint WHERE url_group = ? ORDER BY n", name).toArray();
  }

  /** Makes the group if need be. An address, or a name within the group, that is there already is overwritten. */
  add(group: string, endpoints: Endpoint[]): void {
    this.#sql.transaction(() => {
      const now = this.#clock.now();
      this.#sql.exec("INSERT INTO url_group VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET updated = excluded.updated", group, now, now);
      for (const { url, name } of endpoints) {
        if (name !== null) this.#sql.exec("DELETE FROM endpoint WHERE url_group = ? AND name = ? AND url <> ?", group, name, url);
        this.#sql.exec(
          "INSERT INTO endpoint (url_group, url, name) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET name = excluded.name",
          group,
          url,
          name,
        );
      }
    });
  }

  /** By address or by name. With its last address the group goes, too. */
  drop(group: string, endpoints: { url?: string; name?: string }[]): void {
    this.#sql.transaction(() => {
      for (const { url, name } of endpoints)
        this.#sql.exec("DELETE FROM endpoint WHERE url_group = ? AND (url = ? OR name = ?)", group, url ?? null, name ?? null);
      if (this.endpoints(group).length === 0) this.#sql.exec("DELETE FROM url_group WHERE name = ?", group);
    });
  }

  remove(group: string): void {
    this.#sql.transaction(() => {
      this.#sql.exec("DELETE FROM endpoint WHERE url_group = ?", group);
      this.#sql.exec("DELETE FROM url_group WHERE name = ?", group);
    });
  }
}

const addSchema = z.object({ endpoints: z.array(z.object({ url: z.string(), name: z.string().optional() })).min(1) });
const dropSchema = z.object({ endpoints: z.array(z.object({ url: z.string().optional(), name: z.string().optional() })).min(1) });

/** https://upstash.com/docs/qstash/features/url-groups */
export function urlGroupRoutes(groups: UrlGroups): Route[] {
  const find = (name: string): Group => orMissing(groups.get(name), "url group", name);
  return [
    ["GET", /^\/v2\/(?:topics)\/?$/, () => groups.list().map(view)],
    ["GET", /^\/v2\/topics\/([^/]+)$/, ({ rest }) => view(find(rest))],
    ["DELETE", /^\/v2\/topics\/([^/]+)$/, remove],
    ["POST", /^\/v2\/topics\/([^/]+)\/endpoints$/, add],
    ["DELETE", /^\/v2\/topics\/([^/]+)\/endpoints$/, drop],
  ];

  async function add({ request, rest }: Call): Promise<Response> {
    const wanted = addSchema.safeParse(await request.json().catch(() => null));
    if (!wanted.success || !GROUP_NAME.test(rest)) throw new Refused(400, "invalid url group: a name, and endpoints with a url each");
    const bad = wanted.data.endpoints.find(({ url }) => !isUrl(url) || !URL.canParse(url));
    if (bad) throw new Refused(400, `invalid endpoint url: ${bad.url}`);
    groups.add(
      rest,
      wanted.data.endpoints.map(({ url, name }) => ({ url, name: name ?? null })),
    );
    return new Response(null);
  }

  async function drop({ request, rest }: Call): Promise<Response> {
    const wanted = dropSchema.safeParse(await request.json().catch(() => null));
    if (!wanted.success) throw new Refused(400, "invalid endpoints: each needs a url or a name");
    const named = wanted.data.endpoints.map(({ url, name }) => ({
      ...(url === undefined ? {} : { url }),
      ...(name === undefined ? {} : { name }),
    }));
    groups.drop(find(rest).name, named);
    return new Response(null);
  }

  function remove({ rest }: Call): Response {
    groups.remove(find(rest).name);
    return new Response(null);
  }

  function view({ name, created, updated }: Group): object {
    const endpoints = groups
      .endpoints(name)
      .map((endpoint) => ({ url: endpoint.url, ...(endpoint.name === null ? {} : { name: endpoint.name }) }));
    return { name, createdAt: created, updatedAt: updated, endpoints };
  }
}
