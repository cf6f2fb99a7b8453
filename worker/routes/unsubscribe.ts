import type { Context } from "hono";
import { html } from "hono/html";
import { EVENT_DESCRIPTIONS, isEventType } from "@carillon/shared/event-types";
import type { Settings } from "@carillon/shared/settings";
import { readUnsubscribe } from "../pipeline/links.ts";
import { shardOf } from "../pipeline/place.ts";
import { publish } from "../pipeline/publish.ts";
import type { Ports } from "../ports.ts";
import { readOrg } from "../settings/org.ts";
import { readSettings } from "../settings/store.ts";
import { withRules } from "../settings/with-rules.ts";
import { route, type Route } from "./route.ts";

/** Forms may be sent to ourselves; there is no script to run and nothing to load but the style. */
const POLICY = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** What a link is about, and how it stands. */
type Matter = {
  place: { org: string; version: number };
  shard: number;
  user: string;
  type: string;
  org: string;
  address: string;
  kind: string;
  isLocked: boolean;
  isMuted: boolean;
};

/**
 * The way out that every mail names, by the link in its foot and by RFC 8058's header. Works without sign-in, script and cookie. Only
 * POST changes anything: mail scanners follow links.
 */
export const unsubscribeRoutes: Route[] = [
  route({
    method: "GET",
    path: "/u/style.css",
    caller: { kind: "public" },
    summary: "The style of the pages below.",
    handle: ({ c }) => c.body(STYLE, 200, { "cache-control": "public, max-age=300", "content-type": "text/css; charset=utf-8" }),
  }),
  route({
    method: "GET",
    path: "/u/:link",
    caller: { kind: "link" },
    summary: "Which emails would be stopped, for whom, and a button to do so.",
    answer: { type: "text/html", description: "The page" },
    async handle({ c, ports }) {
      const matter = await readMatter(ports, c.req.param("link") ?? "");
      return matter ? show(c, matter) : unknown(c);
    },
  }),
  route({
    method: "POST",
    path: "/u/:link",
    caller: { kind: "link" },
    summary: "Stops these emails for the person (RFC 8058), or with the form field undo=1 lets them come again.",
    answer: { type: "text/html", description: "How it stands now" },
    async handle({ c, ports, raw }) {
      const matter = await readMatter(ports, c.req.param("link") ?? "");
      if (!matter) return unknown(c);
      const { place, shard, user, type } = matter;
      const isMuted = new URLSearchParams(raw).get("undo") !== "1";
      const ask = { user, type, channel: "email", isMuted } as const;
      const { muted } = await withRules(ports, place, shard, async (calls) => {
        const answer = await calls.mute(ask);
        return answer && "behind" in answer ? answer : { muted: answer };
      });
      if (!muted) return unknown(c);
      ports.background(publish(ports, place.org, shard, muted.wakes));
      return show(c, { ...matter, isMuted: muted.isMuted }, isMuted ? "stopped" : "undone");
    },
  }),
];

/** Null for a link that is not ours, and for somebody who is not there any more. */
async function readMatter(ports: Ports, link: string): Promise<Matter | null> {
  const named = await readUnsubscribe(ports, link);
  const place = named && (await readOrg(ports, named.org));
  if (!named || !place) return null;
  const { user, type } = named;
  const shard = shardOf(user, place.shards);
  const settings = await readSettings(ports, place.org, place.version);
  const { person, chosen } = await withRules(ports, place, shard, async (calls) => {
    const [person, chosen] = await Promise.all([calls.user(user), calls.preferences(user)]);
    return chosen && "behind" in chosen ? chosen : { person, chosen };
  });
  if (!person || !chosen) return null;
  return {
    place,
    shard,
    user,
    type,
    org: place.name,
    address: person.email ?? person.name ?? "you",
    kind: kindOf(settings, type),
    isLocked: settings.routing.cells[type]?.email?.locked ?? true,
    isMuted: chosen.cells[type]?.email === false,
  };
}

/** A kind of event as a reader of mails would call it. */
function kindOf({ eventTypes }: Settings, type: string): string {
  return isEventType(type) ? EVENT_DESCRIPTIONS[type] : (eventTypes.own.find((one) => one.type === type)?.name ?? type);
}

function show(c: Context, matter: Matter, did: "stopped" | "undone" | null = null): Response | Promise<Response> {
  const { org, address, kind, isLocked, isMuted } = matter;
  const about = html`<p>From <b>${org}</b>, to <b>${address}</b>:</p>
    <p class="kind">${kind}</p>`;
  if (isLocked) {
    return page(
      c,
      "These emails can't be stopped here",
      html`${about}
        <p>${org} sends these to everyone concerned. Ask your administrator if you should not get them.</p>`,
    );
  }
  if (isMuted) {
    const title = did ? "You will get no more of these emails" : "These emails are stopped already";
    return page(
      c,
      title,
      html`${about}${button("Undo", true)}
        <p class="faint">Everything else still reaches you.</p>`,
    );
  }
  if (did) return page(c, "You will get these emails again", html`${about}${button("Stop these emails", false)}`);
  return page(
    c,
    "Stop these emails?",
    html`${about}${button("Stop these emails", false)}
      <p class="faint">Everything else still reaches you.</p>`,
  );
}

const button = (label: string, isUndo: boolean) =>
  html`<form method="post">${isUndo ? html`<input type="hidden" name="undo" value="1" />` : ""}<button>${label}</button></form>`;

const unknown = (c: Context): Response | Promise<Response> =>
  page(c, "This link does not work", html`<p>It may have been cut off, or the person it was for is no longer known here.</p>`, 404);

function page(c: Context, title: string, content: ReturnType<typeof html>, status: 200 | 404 = 200): Response | Promise<Response> {
  c.header("content-security-policy", POLICY);
  return c.html(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="robots" content="noindex" />
          <title>${title}</title>
          <link rel="icon" href="data:," />
          <link rel="stylesheet" href="/u/style.css" />
        </head>
        <body>
          <main>
            <h1>${title}</h1>
            ${content}
          </main>
        </body>
      </html>`,
    status,
  );
}

/** The mail's own look. */
const STYLE = `:root { color-scheme: light dark; --ground: #f2f4f7; --card: #ffffff; --line: #dfe4ea; --ink: #111827; --faint: #5b6675; --accent: #2456c9; --on-accent: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181f; --card: #1f2630; --line: #323c4a; --ink: #e7ebf0; --faint: #a3adba; --accent: #7ba7ff; --on-accent: #0e1420; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 24px 12px; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 560px; margin: 0 auto; padding: clamp(20px, 5vw, 32px); background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow-wrap: anywhere; }
h1 { margin: 0 0 16px; font-size: 20px; line-height: 1.35; }
p { margin: 0 0 12px; }
.kind { padding: 10px 14px; border: 1px solid var(--line); border-radius: 8px; }
.faint { margin: 16px 0 0; color: var(--faint); font-size: 14px; }
form { margin: 20px 0 0; }
button { padding: 12px 22px; border: 0; border-radius: 8px; background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; }
`;
