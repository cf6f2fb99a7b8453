import * as z from "zod";
import { CHANNELS } from "@carillon/shared/channels";
import { deliverySchema, ledgerSchema, stateSchema } from "@carillon/shared/ledger";
import { LIMITS } from "@carillon/shared/limits";
import { bulkUsersSchema, inlineUserSchema, userIdSchema, userPutSchema, type User, type UserFields } from "@carillon/shared/people";
import { eventSchema } from "@carillon/shared/events";
import { AppError, badRequest, invalid, notFound, tooLarge } from "../errors.ts";
import { acceptBatch, acceptEvent } from "../pipeline/accept.ts";
import * as across from "../pipeline/across.ts";
import { shardNamedBy, shardOf } from "../pipeline/place.ts";
import { publish } from "../pipeline/publish.ts";
import type { Ports } from "../ports.ts";
import type { DeliveryQuery } from "../shard/calls.ts";
import type { Preferences } from "@carillon/shared/preferences";
import { preferencesAnswerSchema, preferencesBodySchema, savePreferences, showPreferences } from "./preferences.ts";
import { problemOf, requestIdOf } from "./problem.ts";
import { answerSimulation, simulateBodySchema, simulationSchema } from "./simulate.ts";
import { route, type Identity, type Route } from "./route.ts";

const acceptedSchema = z.object({ id: z.string(), accepted: z.number(), duplicate: z.boolean() });
const userSchema = z.object({
  id: z.string(),
  name: z.string().nullable(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  locale: z.string().nullable(),
  timeZone: z.string().nullable(),
  manager: z.string().nullable(),
  whatsappOptIn: z.boolean(),
  roles: z.array(z.string()),
  teams: z.array(z.string()),
  lists: z.array(z.string()),
  gone: z.array(z.object({ channel: z.string(), address: z.string(), why: z.string(), since: z.string() })),
  createdAt: z.string(),
  updatedAt: z.string(),
});
const pageSchema = <Item extends z.ZodType>(item: Item) => z.object({ data: z.array(item), next: z.string().nullable() });

const time = z.iso
  .datetime({ offset: true })
  .or(z.iso.date())
  .transform((text) => Date.parse(text));
/** What the log can be asked for; the admin page uses the same. */
export const deliveryQuerySchema = z.object({
  state: stateSchema.optional(),
  channel: z.enum(CHANNELS).optional(),
  type: z.string().max(100).optional(),
  event: z.string().max(200).optional(),
  user: z.string().max(200).optional(),
  from: time.optional(),
  to: time.optional(),
  q: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(LIMITS.page).default(50),
  /** Of a log over many shards it names them all. */
  cursor: z.string().max(8_000).optional(),
});
export const rangeSchema = z.object({ from: time.optional(), to: time.optional() });

export const crmRoutes: Route[] = [
  route<unknown>({
    method: "POST",
    path: "/v1/events",
    caller: { kind: "crm", scope: "events" },
    summary: "Post one event, or up to 100 as {events: [...]}. 202 once it is durable; the same id with the same body is a duplicate.",
    body: z.union([eventSchema, z.object({ events: z.array(eventSchema).max(LIMITS.batchEvents) })]) as z.ZodType<unknown>,
    parsesItself: true,
    maxBytes: LIMITS.batchBytes,
    answer: { status: 202, schema: acceptedSchema, description: "Accepted; for a batch {results: [...]} in order" },
    async handle({ c, ports, who, body, raw }) {
      const key = c.req.header("idempotency-key") ?? null;
      if (isBatch(body)) {
        if (body.events.length === 0 || body.events.length > LIMITS.batchEvents) {
          throw invalid("batch.size", `A batch has 1 to ${LIMITS.batchEvents} events.`, [
            { path: "events", message: `1 to ${LIMITS.batchEvents}` },
          ]);
        }
        const events = isTooLarge(raw) ? body.events.map(limited) : body.events;
        const results = await acceptBatch(ports, who, events, key);
        return c.json({ results: results.map((result) => (result instanceof AppError ? problemOf(result, requestIdOf(c)) : result)) }, 202);
      }
      if (isTooLarge(raw)) throw tooLarge("An event has at most 256 KiB.");
      return c.json(await acceptEvent(ports, who, body, key), 202);
    },
  }),
  route({
    method: "GET",
    path: "/v1/events/:id",
    caller: { kind: "crm", scope: "events" },
    summary: "The event with every decision, attempt and receipt.",
    answer: { schema: z.object({ id: z.string(), type: z.string(), deliveries: z.array(deliverySchema) }), description: "The event" },
    handle: async ({ c, ports, who }) => c.json(await findEvent(ports, who, c.req.param("id") ?? "")),
  }),
  route({
    method: "POST",
    path: "/v1/events/:id/cancel",
    caller: { kind: "crm", scope: "events" },
    summary: "Cancels what is not sent yet.",
    answer: { schema: z.object({ id: z.string(), cancelled: z.number() }), description: "How many deliveries were cancelled" },
    async handle({ c, ports, who }) {
      const id = c.req.param("id") ?? "";
      const answer = await across.cancel(ports, who, id);
      if (!answer) throw notFound("event");
      return c.json({ id, cancelled: answer.cancelled });
    },
  }),
  route<z.infer<typeof simulateBodySchema>>({
    method: "POST",
    path: "/v1/simulate",
    caller: { kind: "crm", scope: "simulate" },
    summary: "What would happen to an event at an instant, and why. Nothing is stored or sent.",
    body: simulateBodySchema,
    maxBytes: LIMITS.eventBytes,
    answer: { schema: simulationSchema, description: "The decisions" },
    handle: async ({ c, ports, who, body }) => c.json(await answerSimulation(ports, who, body)),
  }),
  route({
    method: "GET",
    path: "/v1/users/:id/preferences",
    caller: { kind: "crm", scope: "preferences" },
    summary: "A person's preferences, as the person's own.",
    answer: { schema: preferencesAnswerSchema, description: "The preferences" },
    handle: async ({ c, ports, who }) => c.json(await showPreferences(ports, who, parseUserId(c.req.param("id")))),
  }),
  route<Preferences>({
    method: "PUT",
    path: "/v1/users/:id/preferences",
    caller: { kind: "crm", scope: "preferences" },
    summary: "Set a person's preferences, within the same locks and bounds.",
    body: preferencesBodySchema as unknown as z.ZodType<Preferences>,
    answer: { schema: preferencesAnswerSchema, description: "The preferences as they stand now" },
    handle: async ({ c, ports, who, body }) => c.json(await savePreferences(ports, who, parseUserId(c.req.param("id")), body)),
  }),
  route<UserFields & { id?: string }>({
    method: "PUT",
    path: "/v1/users/:id",
    caller: { kind: "crm", scope: "users" },
    summary: "Make or change a person. An absent field stays, null clears.",
    body: userPutSchema as z.ZodType<UserFields & { id?: string }>,
    answer: { schema: userSchema, description: "The person" },
    async handle({ c, ports, who, body }) {
      const id = parseUserId(c.req.param("id"));
      if (body.id !== undefined && body.id !== id) throw badRequest("user.id-differs", "The id in the body is not the one in the path.");
      const [user] = await putUsers(ports, who, shardOf(id, who.shards), [{ id, fields: fieldsOf(body) }]);
      return c.json(user);
    },
  }),
  route({
    method: "GET",
    path: "/v1/users/:id",
    caller: { kind: "crm", scope: "users" },
    summary: "Read a person, with the addresses that no longer exist.",
    answer: { schema: userSchema, description: "The person" },
    async handle({ c, ports, who }) {
      const id = parseUserId(c.req.param("id"));
      const user = await ports.shards.get(who.org, shardOf(id, who.shards)).user(id);
      if (!user) throw notFound("user");
      return c.json(user);
    },
  }),
  route({
    method: "DELETE",
    path: "/v1/users/:id",
    caller: { kind: "crm", scope: "users" },
    summary: "Erase a person everywhere.",
    answer: { status: 204, description: "Erased" },
    async handle({ c, ports, who }) {
      const id = parseUserId(c.req.param("id"));
      if (!(await ports.shards.get(who.org, shardOf(id, who.shards)).eraseUser(id))) throw notFound("user");
      return c.body(null, 204);
    },
  }),
  route<z.infer<typeof bulkUsersSchema>>({
    method: "POST",
    path: "/v1/users/bulk",
    caller: { kind: "crm", scope: "users" },
    summary: "Make or change up to 500 people: {users: [{id, …}]}. All or none for a bad one.",
    body: bulkUsersSchema,
    maxBytes: LIMITS.eventBytes,
    answer: { schema: z.object({ data: z.array(userSchema) }), description: "The people, in order" },
    async handle({ c, ports, who, body }) {
      const users = body.users.map((user) => ({ id: user.id, fields: fieldsOf(user) }));
      const byShard = Map.groupBy(users, (user) => shardOf(user.id, who.shards));
      const put = await Promise.all([...byShard].map(([shard, some]) => putUsers(ports, who, shard, some)));
      const known = new Map(put.flat().map((user) => [user.id, user]));
      return c.json({ data: users.map((user) => known.get(user.id)) });
    },
  }),
  route<undefined, z.infer<typeof deliveryQuerySchema>>({
    method: "GET",
    path: "/v1/deliveries",
    caller: { kind: "crm", scope: "deliveries" },
    summary: "The delivery log, newest first.",
    query: deliveryQuerySchema,
    answer: { schema: pageSchema(deliverySchema), description: "A page" },
    handle: async ({ c, ports, who, query }) => c.json(await listDeliveries(ports, who, query)),
  }),
  route({
    method: "POST",
    path: "/v1/deliveries/:id/retry",
    caller: { kind: "crm", scope: "deliveries" },
    summary: "Send one failed delivery once more.",
    answer: { schema: z.object({ retried: z.number() }), description: "How many: 0 or 1" },
    handle: async ({ c, ports, who }) => c.json(await retryDelivery(ports, who, c.req.param("id") ?? "")),
  }),
  route<undefined, z.infer<typeof deliveryQuerySchema>>({
    method: "POST",
    path: "/v1/deliveries/retry",
    caller: { kind: "crm", scope: "deliveries" },
    summary: "Send all failed deliveries that match once more.",
    query: deliveryQuerySchema,
    answer: { schema: z.object({ retried: z.number() }), description: "How many" },
    handle: async ({ c, ports, who, query }) => c.json(await retryMatching(ports, who, query)),
  }),
  route<undefined, z.infer<typeof rangeSchema>>({
    method: "GET",
    path: "/v1/ledger",
    caller: { kind: "crm", scope: "deliveries" },
    summary: "The balance: accepted = the sum of all states. Of all time, or of [from, to).",
    query: rangeSchema,
    answer: { schema: ledgerSchema, description: "The balance" },
    handle: async ({ c, ports, who, query }) => c.json(await showLedger(ports, who, query)),
  }),
];

export async function findEvent(ports: Ports, who: Identity, id: string) {
  const event = await across.event(ports, who, id);
  if (!event) throw notFound("event");
  return event;
}

export async function listDeliveries(ports: Ports, who: Identity, query: z.infer<typeof deliveryQuerySchema>) {
  return across.log(ports, who, toDeliveryQuery(query));
}

export async function findDelivery(ports: Ports, who: Identity, id: string) {
  const shard = shardNamedBy(id, who.shards);
  const delivery = shard === null ? null : await ports.shards.get(who.org, shard).delivery(id);
  if (!delivery) throw notFound("delivery");
  return delivery;
}

export async function retryDelivery(ports: Ports, who: Identity, id: string): Promise<{ retried: number }> {
  await findDelivery(ports, who, id);
  return retryAll(ports, who, shardNamedBy(id, who.shards)!, [id]);
}

export async function retryMatching(ports: Ports, who: Identity, query: z.infer<typeof deliveryQuerySchema>): Promise<{ retried: number }> {
  let retried = 0;
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof listDeliveries>> = await listDeliveries(ports, who, {
      ...query,
      state: query.state ?? "failed",
      limit: LIMITS.page,
      cursor: cursor ?? undefined,
    });
    const byShard = Map.groupBy(page.data, ({ id }) => shardNamedBy(id, who.shards)!);
    for (const [shard, some] of byShard) {
      const ids = some.map(({ id }) => id);
      retried += (await retryAll(ports, who, shard, ids)).retried;
    }
    cursor = page.next;
  } while (cursor !== null);
  return { retried };
}

export const showLedger = (ports: Ports, who: Identity, { from, to }: z.infer<typeof rangeSchema>) =>
  across.ledger(ports, who, { from: from ?? null, to: to ?? null });

async function putUsers(ports: Ports, who: Identity, shard: number, some: { id: string; fields: UserFields }[]): Promise<User[]> {
  const { users, wakes } = await ports.shards.get(who.org, shard).putUsers(some);
  ports.background(publish(ports, who.org, shard, wakes));
  return users;
}

async function retryAll(ports: Ports, who: Identity, shard: number, ids: string[]): Promise<{ retried: number }> {
  const { retried, wakes } = await ports.shards.get(who.org, shard).retry(ids);
  ports.background(publish(ports, who.org, shard, wakes));
  return { retried };
}

function toDeliveryQuery(query: z.infer<typeof deliveryQuerySchema>): DeliveryQuery {
  const { state, channel, type, event, user, from, to, q, limit, cursor } = query;
  return {
    state: state ?? null,
    channel: channel ?? null,
    type: type || null,
    event: event || null,
    user: user || null,
    from: from ?? null,
    to: to ?? null,
    q: q || null,
    limit,
    cursor: cursor ?? null,
  };
}

const isBatch = (body: unknown): body is { events: unknown[] } =>
  typeof body === "object" && body !== null && "events" in body && Array.isArray(body.events) && !("type" in body);

/** Within a batch each event has the size of a single one at the most; one that has not stands as its own error. */
const limited = (event: unknown): unknown => (isTooLarge(JSON.stringify(event)) ? tooLarge("An event has at most 256 KiB.") : event);

/** In bytes of UTF-8, of which a letter has three at the most; counted only where that matters. */
const isTooLarge = (text: string): boolean =>
  text.length * 3 > LIMITS.eventBytes && new TextEncoder().encode(text).byteLength > LIMITS.eventBytes;

function parseUserId(id: string | undefined): string {
  const parsed = userIdSchema.safeParse(id);
  if (!parsed.success) throw invalid("user.id-invalid", `This is not a user id. ${parsed.error.issues[0]?.message}.`);
  return parsed.data;
}

function fieldsOf(user: Partial<z.infer<typeof inlineUserSchema>>): UserFields {
  const { name, email, phone, locale, timeZone, manager, whatsappOptIn, roles, teams, lists } = user;
  return { name, email, phone, locale, timeZone, manager, whatsappOptIn, roles, teams, lists };
}
