import type { CarillonBell } from "../embed/bell.ts";
import { KINDS, type Kind } from "./kinds.ts";

type Person = { id: string; name: string | null; email: string | null; timeZone: string | null };

const byId = <Kind extends HTMLElement>(id: string): Kind => document.getElementById(id) as Kind;
const bell = document.querySelector("carillon-bell") as CarillonBell;
const who = byId<HTMLSelectElement>("who");
const title = byId<HTMLInputElement>("title");
const urgent = byId<HTMLInputElement>("urgent");
const form = byId<HTMLFormElement>("event");

let people: Person[] = [];
let kind: Kind = KINDS[0]!;

showKinds();
choose(kind);
form.addEventListener("input", showCurl);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void post();
});
byId("copy").addEventListener("click", () => void copyCurl());
who.addEventListener("change", () => {
  moveTick();
  signIn();
});
bell.addEventListener("carillon:open", (event) => {
  if (event.detail.item.link?.startsWith("/demo#")) event.preventDefault(); // the records of this CRM have no pages
});
await Promise.all([showPeople(), showLinks()]).catch((problem: unknown) => say(`The demo's own server did not answer: ${problem}`, true));

async function showPeople(): Promise<void> {
  people = (await getJson<{ data: Person[] }>("/demo/api/people")).data;
  who.replaceChildren(...people.map((person) => new Option(person.name ?? person.id, person.id)));
  who.value = sessionStorage.getItem("signed-in") ?? people[0]?.id ?? "";
  if (!who.value) who.selectedIndex = 0;
  who.disabled = false;
  byId("recipients").replaceChildren(...people.map(recipientBox));
  signIn();
}

/** Recipients are everyone whose box is ticked; at first the person whose bell is on this page. */
function recipientBox(person: Person): HTMLElement {
  const box = element("input", { type: "checkbox", name: "recipient", value: person.id, checked: person.id === who.value });
  const zone = element("small", { textContent: person.timeZone ?? "" });
  return element("label", { className: "check" }, box, element("span", { textContent: person.name ?? person.id }), zone);
}

/** Who has only ticked the person that was signed in means whoever is: else the bell on this page would stay silent. */
function moveTick(): void {
  const boxes = [...form.querySelectorAll<HTMLInputElement>("[name=recipient]")];
  const ticked = boxes.filter((box) => box.checked).map((box) => box.value);
  if (ticked.length !== 1 || ticked[0] !== sessionStorage.getItem("signed-in")) return;
  for (const box of boxes) box.checked = box.value === who.value;
}

async function showLinks(): Promise<void> {
  const { sandboxUrl, adminUrl } = await getJson<{ sandboxUrl: string; adminUrl: string }>("/demo/api/info");
  for (const [id, href] of [
    ["sandbox", sandboxUrl],
    ["admin", adminUrl],
  ] as const) {
    const link = byId<HTMLAnchorElement>(id);
    if (href) Object.assign(link, { href, hidden: false });
  }
}

function signIn(): void {
  const user = who.value;
  sessionStorage.setItem("signed-in", user);
  bell.token = async () => (await postJson<{ token: string }>("/demo/api/token", { user })).body.token;
  showCurl();
}

function showKinds(): void {
  byId("kinds").replaceChildren(
    ...KINDS.map((each) => {
      const radio = element("input", { type: "radio", name: "kind", checked: each === kind });
      radio.addEventListener("change", () => choose(each));
      const words = element("span", { textContent: each.name });
      return element("label", { className: "kind" }, radio, words, element("code", { textContent: each.type }));
    }),
  );
}

function choose(next: Kind): void {
  kind = next;
  byId("heading").textContent = kind.name;
  byId("title-label").textContent = kind.field;
  title.value = kind.example;
  showCurl();
}

function eventOfForm(): Record<string, unknown> {
  const actor = people.find((person) => person.id !== who.value);
  return {
    type: kind.type,
    recipients: [...form.querySelectorAll<HTMLInputElement>("[name=recipient]:checked")].map((box) => box.value),
    ...(urgent.checked ? { priority: "high" } : {}),
    data: kind.data(title.value, actor?.name ?? "Kim"),
    link: new URL(kind.link, location.origin).href,
  };
}

async function post(): Promise<void> {
  const event = eventOfForm();
  showCurl();
  if (!(event["recipients"] as string[]).length) return say("Tick at least one recipient.", true);
  const send = form.querySelector<HTMLButtonElement>(".send")!;
  send.disabled = true;
  try {
    const began = performance.now();
    const { status, body } = await postJson<unknown>("/demo/api/events", event);
    say(`${status} ${status < 300 ? "accepted" : "refused"} in ${Math.round(performance.now() - began)} ms`, status >= 300);
    byId("answer").textContent = JSON.stringify(body, null, 2);
    byId("answer").hidden = false;
  } catch (problem) {
    say(`The event did not reach the server: ${problem}`, true);
  } finally {
    send.disabled = false;
  }
}

function say(words: string, isBad: boolean): void {
  const status = byId("status");
  status.textContent = words;
  status.className = isBad ? "bad" : "good";
}

function showCurl(): void {
  const body = JSON.stringify(eventOfForm(), null, 2).replaceAll("'", String.raw`'\''`);
  byId("curl").textContent = [
    `curl ${location.origin}/v1/events \\`,
    `  -H "Authorization: Bearer $CARILLON_KEY" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '${body}'`,
  ].join("\n");
}

async function copyCurl(): Promise<void> {
  await navigator.clipboard.writeText(byId("curl").textContent ?? "");
  byId("copy").textContent = "Copied";
  setTimeout(() => (byId("copy").textContent = "Copy"), 2_000);
}

async function getJson<Answer>(path: string): Promise<Answer> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return (await response.json()) as Answer;
}

async function postJson<Answer>(path: string, body: unknown): Promise<{ status: number; body: Answer }> {
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Answer };
}

function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]>,
  ...children: Node[]
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}
