import type { ApiKeyView, Scope, SessionView } from "@carillon/shared/access";
import type { Audiences, Broadcast, EventPreview } from "@carillon/shared/broadcast";
import type { Channel } from "@carillon/shared/channels";
import type { RoutingCell, RoutingCells } from "@carillon/shared/event-types";
import type { Issue } from "@carillon/shared/events";
import type { Delivery, Ledger } from "@carillon/shared/ledger";
import type { EventTypeView } from "@carillon/shared/own-events";
import type { Overview } from "@carillon/shared/overview";
import type { QuietHours } from "@carillon/shared/quiet-hours";
import type { Reason } from "@carillon/shared/reasons";
import type { ChannelView, Release } from "@carillon/shared/settings";
import type { WhatsAppTemplate } from "@carillon/shared/whatsapp-settings";
import type { TemplatePreview, TemplateRow, TemplateView } from "@carillon/shared/templates";
import type { TextChannel, TextSource } from "@carillon/shared/texts";
import { readLines } from "./form/read-lines.ts";

/** What the server says when it can't do what was asked: problem+json, or no answer at all (status 0). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: Issue[];
  readonly requestId: string | null;
  /** On `settings.conflict`: what was to be saved, as it stands now. */
  readonly current: object | null;
  constructor(status: number, problem: Problem, requestId: string | null) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? `http-${status}`;
    this.errors = problem.errors ?? [];
    this.requestId = requestId ?? problem.requestId ?? null;
    this.current = problem.current ?? null;
  }
}
type Problem = { code?: string; title?: string; detail?: string; errors?: Issue[]; requestId?: string; current?: object };

export type Session = SessionView & { allowPrivateHosts: boolean; publicUrl: string };
export type Page<Row> = { data: Row[]; next: string | null };
export type ChannelPut = { version: number; settings: object; secrets?: Record<string, string | null> };
export type ChannelTest = { settings?: object; secrets?: Record<string, string | null>; to?: string };
export type Parked = { parked: number; oldestParked: string | null; urgent: number; people: number; segments: number | null };
export type TemplateList = { templates: WhatsAppTemplate[]; fetchedAt: string };
export type Browsers = { browsers: number; people: number; byKey: Record<string, number> };
export type Routing = { version: number; cells: RoutingCells };
export type QuietNow = {
  people: number;
  quiet: number;
  users: { id: string; name: string | null; until: string }[];
  held: number;
  nextRelease: string | null;
};
export type TypeList = { version: number; types: EventTypeView[] };
export type KnownPerson = { id: string; name: string | null; email: string | null };
export type SettingsVersion = { version: number; at: string | null; by: string | null; what: string | null };
/** A text as it is sent to be saved; what the server answers is a TemplateView. */
export type TextForm = TextSource & { version: number };
export type Simulation = object;
export type SimulatedDecision = {
  user: string;
  channel: Channel;
  do: "send" | "hold" | "park" | "skip";
  until?: string;
  silent?: boolean;
  why: Reason;
  details: {
    cell: RoutingCell | null;
    preference: boolean | null;
    gate: string;
    address: string;
    timeZone: string | null;
    localTime: string;
    quiet: boolean;
  };
};
export type NewKey = { name: string; scopes: Scope[]; expiresAt: string | null };

const channelPath = (channel: Channel) => `/channels/${channel}`;
const textPath = (type: string, channel: TextChannel) => `/templates/${encodeURIComponent(type)}/${channel}/en`;
const deliveryPath = (id: string) => `/deliveries/${encodeURIComponent(id)}`;

/** Every call the page makes. Answers come from the server of the same build and are taken at their type. */
export const api = {
  session: (signal?: AbortSignal) => call<Session>("GET", "/session", { signal }),
  signIn: (ticket: string) => call<Session>("POST", "/session", { body: { ticket } }),
  signOut: () => call<void>("DELETE", "/session"),
  confirmSession: () => call<void>("POST", "/session/confirm", { body: {} }),
  bellToken: () => call<{ token: string; expiresAt: string }>("POST", "/me-token", { body: {} }),

  channels: (signal?: AbortSignal) => call<{ data: ChannelView[] }>("GET", "/channels", { signal }),
  channel: (channel: Channel, signal?: AbortSignal) => call<ChannelView>("GET", channelPath(channel), { signal }),
  saveChannel: (channel: Channel, body: ChannelPut) => call<ChannelView>("PUT", channelPath(channel), { body }),
  parked: (channel: Channel) => call<Parked>("GET", `${channelPath(channel)}/parked`),
  enableChannel: (channel: Channel, release: Release) => call<ChannelView>("POST", `${channelPath(channel)}/enable`, { body: { release } }),
  disableChannel: (channel: Channel) => call<ChannelView>("POST", `${channelPath(channel)}/disable`, { body: {} }),
  revealSecret: (channel: Channel, field: string) => call<{ value: string }>("POST", `${channelPath(channel)}/reveal`, { body: { field } }),
  testChannel: (channel: Channel, body: ChannelTest, signal: AbortSignal) => stream(`${channelPath(channel)}/test`, body, signal),

  overview: (signal?: AbortSignal) => call<Overview>("GET", "/overview", { signal }),
  templates: (signal?: AbortSignal) => call<TemplateList>("GET", "/channels/whatsapp/templates", { signal }),
  templatesWith: (form: Omit<ChannelTest, "to">) => call<TemplateList>("POST", "/channels/whatsapp/templates", { body: form }),
  generateKeys: () => call<{ publicKey: string; expiresAt: string }>("POST", "/channels/push/vapid", { body: {} }),
  browsers: (signal?: AbortSignal) => call<Browsers>("GET", "/channels/push/browsers", { signal }),

  routing: (signal?: AbortSignal) => call<Routing>("GET", "/routing", { signal }),
  saveRouting: (routing: Routing) => call<Routing>("PUT", "/routing", { body: routing }),
  eventTypes: (signal?: AbortSignal) => call<TypeList>("GET", "/event-types", { signal }),
  texts: (signal?: AbortSignal) => call<{ version: number; data: TemplateRow[] }>("GET", "/templates", { signal }),
  text: (type: string, channel: TextChannel, signal?: AbortSignal) => call<TemplateView>("GET", textPath(type, channel), { signal }),
  saveText: (type: string, channel: TextChannel, text: TextForm) => call<TemplateView>("PUT", textPath(type, channel), { body: text }),
  resetText: (type: string, channel: TextChannel, version: number) =>
    call<TemplateView>("DELETE", `${textPath(type, channel)}?version=${version}`),
  previewText: (type: string, channel: TextChannel, text: TextSource & { useLatest: boolean }, signal: AbortSignal) =>
    call<TemplatePreview>("POST", `${textPath(type, channel)}/preview`, { body: text, signal }),
  saveEventTypes: (list: { version: number; types: object[] }) => call<TypeList>("PUT", "/event-types", { body: list }),
  people: (q: string, signal?: AbortSignal) => call<{ data: KnownPerson[] }>("GET", `/users?${new URLSearchParams({ q })}`, { signal }),
  quietHours: (signal?: AbortSignal) => call<QuietHours>("GET", "/quiet-hours", { signal }),
  saveQuietHours: (quietHours: QuietHours) => call<QuietHours>("PUT", "/quiet-hours", { body: quietHours }),
  quietNow: (signal?: AbortSignal) => call<QuietNow>("GET", "/quiet-hours/now", { signal }),
  simulate: (event: Simulation) => call<{ decisions: SimulatedDecision[] }>("POST", "/simulate", { body: event }),
  history: (signal?: AbortSignal) => call<{ data: SettingsVersion[] }>("GET", "/settings/history", { signal }),

  deliveries: (query: URLSearchParams, signal?: AbortSignal) => call<Page<Delivery>>("GET", `/deliveries?${query}`, { signal }),
  delivery: (id: string, signal?: AbortSignal) => call<Delivery>("GET", deliveryPath(id), { signal }),
  retryDelivery: (id: string) => call<{ retried: number }>("POST", `${deliveryPath(id)}/retry`, { body: {} }),
  ledger: (signal?: AbortSignal) => call<Ledger>("GET", "/ledger", { signal }),

  audiences: (signal?: AbortSignal) => call<Audiences>("GET", "/audiences", { signal }),
  previewBroadcast: (event: object) => call<EventPreview>("POST", "/broadcast/preview", { body: event }),
  sendBroadcast: (event: object) => call<{ id: string; accepted: number; duplicate: boolean }>("POST", "/broadcast", { body: event }),
  broadcasts: (signal?: AbortSignal) => call<{ data: Broadcast[] }>("GET", "/broadcasts", { signal }),
  cancelEvent: (id: string) => call<{ id: string; cancelled: number }>("POST", `/events/${encodeURIComponent(id)}/cancel`, { body: {} }),

  keys: (signal?: AbortSignal) => call<{ data: ApiKeyView[] }>("GET", "/keys", { signal }),
  createKey: (key: NewKey) => call<{ key: ApiKeyView; secret: string }>("POST", "/keys", { body: key }),
  revokeKey: (id: string) => call<void>("DELETE", `/keys/${encodeURIComponent(id)}`),
};

let sayUnauthorized = (): void => {};
/** Tells once for every answer that no session stands behind the cookie any more. */
export function onUnauthorized(listener: () => void): void {
  sayUnauthorized = listener;
}

type Options = { body?: object; signal?: AbortSignal };

async function call<Answer>(method: string, path: string, options: Options = {}): Promise<Answer> {
  const response = await request(method, path, options);
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}

/** The lines of a streamed answer as they arrive, parsed from JSON and nothing more. */
async function* stream(path: string, body: object, signal: AbortSignal): AsyncGenerator<unknown> {
  const response = await request("POST", path, { body, signal });
  if (response.body) yield* readLines(response.body);
}

async function request(method: string, path: string, { body, signal }: Options): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (body) headers["content-type"] = "application/json";
  const response = await reach(`/admin/api${path}`, { method, headers, signal: signal ?? null, body: body ? JSON.stringify(body) : null });
  if (response.ok) return response;
  const error = new ApiError(response.status, await problemOf(response), response.headers.get("x-request-id"));
  if (response.status === 401) sayUnauthorized();
  throw error;
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, credentials: "same-origin", cache: "no-store", redirect: "error" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(
      0,
      { code: "unreachable", detail: "The server can't be reached just now. Check the connection and try again." },
      null,
    );
  }
}

/** A proxy between may answer HTML; then the status alone has to do. */
async function problemOf(response: Response): Promise<Problem> {
  if (!/json/.test(response.headers.get("content-type") ?? "")) return {};
  return (await response.json()) as Problem;
}

export const toApiError = (error: unknown): ApiError =>
  error instanceof ApiError
    ? error
    : new ApiError(0, { code: "page", detail: error instanceof Error ? error.message : String(error) }, null);
