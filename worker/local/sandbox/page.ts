import { CODE_ROWS as TWILIO_ROWS } from "../../channels/sms/errors.ts";
import { CODE_ROWS as GRAPH_ROWS } from "../../channels/whatsapp/errors.ts";
import { MAGIC_WORDS } from "./magic.ts";
import { PUSH_ANSWERS } from "./push.ts";
import { BEHAVIOUR_NUMBERS, magicNumber } from "./twilio-magic.ts";

type Row = readonly [recipient: string, meaning: string];
type CodeRow = { codes: readonly (number | readonly [number, number])[]; kind: string; remedy: string };

const listOf = (rows: readonly Row[]): string =>
  `<dl>${rows.map(([recipient, meaning]) => `<dt>${escapeHtml(recipient)}</dt><dd>${escapeHtml(meaning)}</dd>`).join("")}</dl>`;

/** One number for each code of a channel's own table, so that whatever it knows can be tried. */
const numbersOf = (table: readonly CodeRow[]): Row[] => [
  ...BEHAVIOUR_NUMBERS,
  ...table.flatMap(({ codes, kind, remedy }) =>
    codes.map((code): Row => {
      const number = typeof code === "number" ? code : code[0];
      return [magicNumber(number), `${number} ${kind}: ${remedy}`];
    }),
  ),
];

const mailRows = Object.entries(MAGIC_WORDS).map(([word, meaning]): Row => [`${word}@…`, meaning]);
const pushRows = Object.entries(PUSH_ANSWERS).map(([answer, meaning]): Row => [answer, meaning]);

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** One page without a build: lists what arrives, by channel, and shows one message as text, HTML and source. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sandbox · Carillon</title>
<style nonce="%NONCE%">
:root { color-scheme: light dark; --ink: light-dark(#16202c, #e8ecf1); --faint: light-dark(#566272, #a4afbc); --line: light-dark(#dbe1e8, #313b48); --page: light-dark(#f4f6f8, #12161c); --card: light-dark(#fff, #1b212a); --accent: light-dark(#2456c9, #8fb4ff); }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); }
header, main { max-width: 76rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.25rem; margin: 0; } header p { margin: .25rem 0 0; color: var(--faint); }
nav { display: flex; flex-wrap: wrap; gap: .5rem; padding: 0 1rem; max-width: 76rem; margin: 0 auto; }
button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .4rem .8rem; cursor: pointer; }
button[aria-pressed="true"] { border-color: var(--accent); color: var(--accent); font-weight: 600; }
button:focus-visible, summary:focus-visible, iframe:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.push { margin-left: auto; }
main { display: grid; grid-template-columns: minmax(16rem, 2fr) 3fr; gap: 1rem; align-items: start; }
@media (max-width: 46rem) { main { grid-template-columns: 1fr; } }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; overflow: hidden; }
ol { list-style: none; margin: 0; padding: 0; max-height: 70vh; overflow: auto; }
li button { width: 100%; text-align: start; border: 0; border-bottom: 1px solid var(--line); border-radius: 0; display: grid; gap: .1rem; }
li button[aria-pressed="true"] { box-shadow: inset 3px 0 var(--accent); }
small { color: var(--faint); } .empty, article { padding: 1rem; } article h2 { font-size: 1.1rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 13px/1.5 ui-monospace, monospace; max-height: 50vh; overflow: auto; }
iframe { width: 100%; height: 28rem; border: 1px solid var(--line); border-radius: .5rem; background: #fff; }
.phone { max-width: 20rem; margin: .75rem 0; padding: 1rem .75rem 2rem; border: 3px solid var(--line); border-radius: 1.5rem; background: var(--page); }
.bubble { margin: .5rem 0 0; padding: .5rem .75rem; border-radius: 1rem 1rem 1rem .25rem; background: var(--card); border: 1px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; }
.whatsapp .bubble { background: light-dark(#d9fdd3, #144d37); border-color: transparent; }
.phone ~ button { margin-inline-end: .5rem; }
.notice { max-width: 24rem; margin: .75rem 0; padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .75rem; background: var(--card); box-shadow: 0 2px 8px light-dark(#0002, #0008); }
.notice p { margin: .25rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
details { margin-top: .75rem; } header details p { margin-top: .5rem; } summary { cursor: pointer; } dl { display: grid; grid-template-columns: auto 1fr; gap: .15rem 1rem; margin: .5rem 0 0; } dt { font-family: ui-monospace, monospace; } dd { margin: 0; color: var(--faint); }
</style>
</head>
<body>
<header>
<h1>Sandbox</h1>
<p>What would have gone out. Nothing here leaves this machine.</p>
<details><summary>Addresses that fail on purpose</summary>${listOf(mailRows)}</details>
<details><summary>Numbers that fail on purpose (SMS)</summary><p>+15005 and the code in six digits. Codes from 30000 on come by callback.</p>${listOf(numbersOf(TWILIO_ROWS))}</details>
<details><summary>Numbers that fail on purpose (WhatsApp)</summary><p>+15005 and the code in six digits. 131026, 131047, 131049 and 130472 come by webhook.</p>${listOf(numbersOf(GRAPH_ROWS))}</details>
<details><summary>Browsers that fail on purpose (push)</summary><p>POST /push/subscriptions with {"person": "u1", "publicKey": the VAPID key, "answer": one of these} makes one.</p>${listOf(pushRows)}</details>
</header>
<nav aria-label="Channel" id="channels"></nav>
<main>
<section aria-label="Messages"><ol id="list"></ol><p class="empty" id="empty">Nothing yet. Post an event, or press a test button on the Notification Settings page.</p></section>
<section aria-label="Message" aria-live="polite"><article id="message"><p>Choose a message.</p></article></section>
</main>
<script nonce="%NONCE%">
const CHANNELS = [["", "All"], ["email", "Email"], ["sms", "SMS"], ["whatsapp", "WhatsApp"], ["push", "Push"]];
let channel = new URLSearchParams(location.search).get("channel") ?? "";
let chosen = null;
let shown = "";
const make = (name, text, more = {}) => Object.assign(document.createElement(name), { textContent: text }, more);
const part = (title, inner) => { const box = make("details", ""); box.append(make("summary", title), inner); return box; };

function drawChannels(counts) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const buttons = CHANNELS.map(([id, name]) => {
    const button = make("button", name + " " + (id ? counts[id] ?? 0 : total), { type: "button", onclick: () => { channel = id; history.replaceState(null, "", id ? "?channel=" + id : "/"); refresh(); } });
    button.setAttribute("aria-pressed", String(id === channel));
    return button;
  });
  const clear = make("button", "Delete all", { type: "button", className: "push", onclick: async () => { await fetch("/messages?channel=" + channel, { method: "DELETE" }); chosen = null; refresh(); } });
  document.getElementById("channels").replaceChildren(...buttons, clear);
}

function drawList(messages) {
  document.getElementById("empty").hidden = messages.length > 0;
  document.getElementById("list").replaceChildren(...messages.map((message) => {
    const button = make("button", "", { type: "button", onclick: () => { chosen = message.id; drawMessage(message); shown = ""; refresh(); } });
    button.setAttribute("aria-pressed", String(message.id === chosen));
    button.append(make("strong", message.subject ?? message.text.slice(0, 80)), make("span", message.to), make("small", message.channel + " · " + new Date(message.at).toLocaleTimeString()));
    const row = make("li", "");
    row.append(button);
    return row;
  }));
}

/** A phone's bubble, a browser's notification, a mail's text. */
function drawAsSeen(message) {
  if (message.channel === "push") {
    const notice = make("div", "", { className: "notice" });
    notice.append(make("strong", message.subject ?? ""), make("p", message.text), make("small", "Browser of " + message.to));
    return [notice];
  }
  if (message.channel === "email") return [make("pre", message.text)];
  const phone = make("div", "", { className: "phone " + message.channel });
  phone.append(make("small", message.to), make("p", message.text, { className: "bubble" }));
  if (message.channel !== "sms") return [phone];
  return [phone, ...["STOP", "START"].map((text) => make("button", "Reply " + text, { type: "button", onclick: (event) => reply(message.to, text, event.target) }))];
}

async function reply(from, text, button) {
  const answer = await fetch("/twilio/sandbox/replies", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ from, text }) });
  button.textContent = answer.ok ? "Replied " + text : "Not sent: " + answer.status;
}

function drawMessage(message) {
  const parts = [make("h2", message.subject ?? message.channel), make("small", message.to + " · " + new Date(message.at).toLocaleString()), ...drawAsSeen(message)];
  if (message.html !== undefined) {
    const frame = make("iframe", "", { src: "/messages/" + message.id + "/html", title: "The message as HTML" });
    frame.setAttribute("sandbox", "");
    parts.push(frame);
  }
  parts.push(part("Source", make("pre", message.raw)));
  document.getElementById("message").replaceChildren(...parts);
}

async function refresh() {
  const answer = await fetch("/messages?limit=200&channel=" + channel);
  if (!answer.ok) return;
  const { data, counts } = await answer.json();
  const now = channel + JSON.stringify([counts, data[0]?.id, chosen]);
  if (now === shown) return;
  shown = now;
  drawChannels(counts);
  drawList(data);
}
async function follow() {
  try { await refresh(); } catch { document.getElementById("empty").hidden = false; }
  setTimeout(follow, document.hidden ? 10000 : 2000);
}
follow();
</script>
</body>
</html>
`;
