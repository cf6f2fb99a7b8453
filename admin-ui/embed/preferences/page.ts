import type { PersonQuietHours } from "@carillon/shared/quiet-bounds";
import type { QuietWeek } from "@carillon/shared/quiet-hours";
import type { Day } from "@carillon/shared/zones";
import type { html as Html, TemplateResult } from "lit/html.js";
import { frameTemplate, strokes } from "../page.ts";
import { fill, inWords, type Strings } from "../strings.ts";
import { choicesOf, switched, type EventChoices, type Switch } from "./choices.ts";
import type { Change } from "./saver.ts";
import type { PreferencesStrings } from "./strings.ts";
import type { PreferencesView } from "./view.ts";
import { DAYS, boundsOf, drawWeek, isQuiet, isWithin, ownWeek, type Bounds } from "./week.ts";

/** Everything the page shows and everything it can ask for; it decides nothing. */
export type Page = {
  html: typeof Html;
  text: Strings & PreferencesStrings;
  locale: string;
  now: number;
  /** Null while it is not there yet. */
  view: PreferencesView | null;
  draft: PersonQuietHours | null;
  status: string;
  failure: string | null;
  errors: { path: string; message: string }[];
  load(): void;
  save(change: Change): void;
  chooseQuiet(mode: "organisation" | "own" | "none"): void;
  type(own: PersonQuietHours): void;
  saveQuiet(): void;
  close(): void;
};

export function preferencesTemplate(page: Page): TemplateResult {
  const { html, text, view, failure } = page;
  return frameTemplate({
    html,
    text,
    id: "preferences",
    title: text.preferences,
    status: page.status,
    failure: failure
      ? html`<div class="notice" role="alert">
          <span>${view ? `${text["not-saved"]}: ` : ""}${failure}</span>
          ${view ? "" : html`<button class="text" @click=${page.load}>${text.retry}</button>`}
        </div>`
      : "",
    content: view && choices(page, view),
    close: page.close,
  });
}

function choices(page: Page, view: PreferencesView): TemplateResult {
  const { html, text } = page;
  const until = view.organisation.quietNow?.until;
  return html`
    ${until && Date.parse(until) > page.now ? html`<p class="now">${strokes(html, MOON)}${fill(text["quiet-now"], { time: instant(page, view, until) })}</p>` : ""}
    <h3>${text["what-reaches-you"]}</h3>
    ${choicesOf(view).map((event) => eventTemplate(page, event))}
    <h3 id="quiet-title">${text["quiet-hours"]}</h3>
    ${quietTemplate(page, view)}
    <h3>${text["language-and-zone"]}</h3>
    ${placeTemplate(page, view)}
  `;
}

function eventTemplate(page: Page, { type, switches }: EventChoices): TemplateResult {
  const { html, text } = page;
  const reaching = switches.filter(({ state }) => state !== "off").map(({ channel }) => text[`channel-${channel}`]);
  return html`<details>
    <summary>
      <b>${(text as Record<string, string>)[`event-${type}`] ?? inWords(type)}</b>
      <span class="state">${reaching.join(", ") || text.nothing}</span>
    </summary>
    ${switches.map((one) => switchTemplate(page, type, one))}
  </details>`;
}

function switchTemplate(page: Page, type: string, { channel, state, isLocked }: Switch): TemplateResult {
  const { html, text } = page;
  const isOn = state !== "off";
  const flip = () => page.save(({ cells, routing }) => ({ cells: switched(cells, routing, type, channel, !isOn) }));
  return html`
    <button class="switch" role="switch" aria-checked=${isOn} ?disabled=${isLocked} @click=${flip}>
      <span>${text[`channel-${channel}`]}</span>
      <span class="state">${text[state === "urgent" ? "urgent-only" : state]}${isLocked ? html` · ${text.locked}` : ""}</span>
      <span class="knob"></span>
    </button>
    ${errorAt(page, `cells.${type}.${channel}`)}
  `;
}

function quietTemplate(page: Page, view: PreferencesView): TemplateResult {
  const { html, text, draft } = page;
  const org = view.organisation.quietHours;
  const bounds = boundsOf(org);
  const own = draft ?? (view.quietHours?.enabled ? view.quietHours : null);
  const mode = own ? "own" : view.quietHours ? "none" : "organisation";
  const week = own && bounds ? ownWeek(org, bounds, own) : mode === "organisation" && org.enabled ? org : null;
  const choice = (value: typeof mode, words: string) => html`
    <label>
      <input
        type="radio"
        name="quiet"
        .checked=${mode === value}
        ?disabled=${value === "own" && !bounds && !own}
        @change=${() => page.chooseQuiet(value)}
      />
      <span>${text[`quiet-${value}`]} <span class="state">${words}</span></span>
    </label>
  `;
  return html`
    <div role="radiogroup" aria-labelledby="quiet-title">
      ${choice("organisation", org.enabled ? weekWords(page, org) : text["no-quiet-hours"])}
      ${choice("own", bounds ? (own ? weekWords(page, own) : "") : text["quiet-closed"])} ${choice("none", "")}
    </div>
    ${errorAt(page, "quietHours.enabled")} ${own && bounds ? ownTemplate(page, bounds, own) : ""}
    ${week ? weekTemplate(page, week, own && bounds) : ""}
  `;
}

function ownTemplate(page: Page, bounds: Bounds, own: PersonQuietHours): TemplateResult {
  const { html, text } = page;
  const time = (name: "start" | "end", words: string) => html`
    <label>
      ${words}
      <input
        type="time"
        required
        .value=${own[name]}
        aria-invalid=${isWrong(page, `quietHours.${name}`)}
        aria-describedby="error-${name} bounds"
        @input=${({ target }: Event) => {
          const { value } = target as HTMLInputElement;
          if (value) page.type({ ...own, [name]: value });
        }}
      />
    </label>
  `;
  const days = DAYS.filter((day) => bounds.days.includes(day) || own.quietDays.includes(day));
  const submit = (event: Event) => {
    event.preventDefault();
    page.saveQuiet();
  };
  return html`<form @submit=${submit}>
    <div class="line">${time("start", text.from)} ${time("end", text.to)}</div>
    <div id="error-start">${errorAt(page, "quietHours.start")}</div>
    <div id="error-end">${errorAt(page, "quietHours.end")}</div>
    <p class="state" id="bounds">${fill(text.bounds, { start: bounds.start, end: bounds.end })}</p>
    ${
      days.length > 0
        ? html`<div class="line" role="group" aria-label=${text["quiet-days"]}>
            <span>${text["quiet-days"]}</span>
            ${days.map((day) => {
              const isChosen = own.quietDays.includes(day);
              const quietDays = DAYS.filter((other) => own.quietDays.includes(other) !== (other === day));
              return tick(page, dayName(page, DAYS.indexOf(day)), isChosen, false, () => page.type({ ...own, quietDays }));
            })}
          </div>`
        : ""
    }
    ${errorAt(page, "quietHours.quietDays")}
    ${tick(page, text["urgent-passes"], own.urgentPasses, own.urgentPasses && !bounds.mayRefuseUrgent, () =>
      page.type({ ...own, urgentPasses: !own.urgentPasses }),
    )}
    ${errorAt(page, "quietHours.urgentPasses")}
    <button class="save" ?disabled=${!page.draft}>${text["save-quiet"]}</button>
  </form>`;
}

function tick(page: Page, words: string, isTicked: boolean, isLocked: boolean, flip: () => void): TemplateResult {
  const { html, text } = page;
  return html`<label>
    <input type="checkbox" .checked=${isTicked} ?disabled=${isLocked} @change=${flip} />
    <span>${words}${isLocked ? html` <span class="state">${text.locked}</span>` : ""}</span>
  </label>`;
}

/** Own hours that lie outside the bounds are drawn apart. */
function weekTemplate(page: Page, week: QuietWeek, bounds: Bounds | null | false): TemplateResult {
  const { html } = page;
  const isWholeDay = (day: Day) => week.quietDays.includes(day) && bounds && bounds.days.includes(day);
  const isAllowed = (day: number, minute: number) => !bounds || isWholeDay(DAYS[day]!) || isWithin(bounds, minute);
  const bars = (holds: (day: number, minute: number) => boolean) =>
    drawWeek([week.start, week.end, ...(bounds ? [bounds.start, bounds.end] : [])], holds);
  return html`<div class="week">
    <div>${DAYS.map((_, day) => html`<span>${dayName(page, day)}</span>`)}</div>
    <svg viewBox="0 0 1440 7" preserveAspectRatio="none" role="img" aria-label=${weekWords(page, week)}>
      <path d=${bars(() => true)}></path>
      <path class="quiet" d=${bars((day, minute) => isQuiet(week, day, minute) && isAllowed(day, minute))}></path>
      <path class="outside" d=${bars((day, minute) => isQuiet(week, day, minute) && !isAllowed(day, minute))}></path>
    </svg>
    <div class="hours">${[0, 6, 12, 18, 24].map((hour) => html`<span>${hour}</span>`)}</div>
  </div>`;
}

function placeTemplate(page: Page, { locale, timeZone }: PreferencesView): TemplateResult {
  const { html, text } = page;
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const names = new Intl.DisplayNames(page.locale, { type: "language" });
  const select = (
    field: "locale" | "timeZone",
    words: string,
    chosen: string | null,
    all: string[],
    nameOf: (one: string) => string | undefined,
  ) => html`
    <label class="place">
      ${words}
      <select @change=${({ target }: Event) => page.save(() => ({ [field]: (target as HTMLSelectElement).value || null }))}>
        <option value="" .selected=${!chosen}>${text["as-organisation"]}</option>
        ${[...new Set(chosen ? [...all, chosen] : all)]
          .map((one) => [nameOf(one) ?? one, one] as const)
          .sort(([name], [other]) => name.localeCompare(other))
          .map(([name, one]) => html`<option value=${one} .selected=${one === chosen}>${name}</option>`)}
      </select>
    </label>
    ${errorAt(page, field)}
  `;
  return html`
    ${select("locale", text.language, locale, [...LANGUAGES, ...navigator.languages], (tag) => names.of(tag))}
    ${select("timeZone", text.zone, timeZone, [...Intl.supportedValuesOf("timeZone"), "UTC", here], (zone) => zone.replaceAll("_", " "))}
    ${
      timeZone === here
        ? ""
        : html`<button class="text" @click=${() => page.save(() => ({ timeZone: here }))}>
            ${fill(text["use-zone"], { zone: here })}
          </button>`
    }
  `;
}

const LANGUAGES = ["de", "en", "es", "fr", "it", "nl", "pl", "pt"];
const MOON = "M19 14a8 8 0 1 1-9-9 6 6 0 0 0 9 9z";

/** "20:00–08:00, Sat Sun all day" */
function weekWords(page: Page, { start, end, nights, quietDays }: Omit<QuietWeek, "nights"> & Partial<QuietWeek>): string {
  const namesOf = (days: readonly string[]) => DAYS.flatMap((day, index) => (days.includes(day) ? dayName(page, index) : [])).join(" ");
  const hours = `${start}–${end}`;
  return [
    nights && nights.length < 7 ? (nights.length > 0 ? `${namesOf(nights)} ${hours}` : "") : hours,
    quietDays.length > 0 ? fill(page.text["all-day"], { days: namesOf(quietDays) }) : "",
  ]
    .filter(Boolean)
    .join(", ");
}

/** Of a day of the week, 0 = Monday; the first of January 2024 was one. */
const dayName = ({ locale }: Page, day: number): string =>
  new Intl.DateTimeFormat(locale, { weekday: "short", timeZone: "UTC" }).format(Date.UTC(2024, 0, day + 1));

const instant = ({ locale }: Page, { timeZone }: PreferencesView, at: string): string =>
  new Intl.DateTimeFormat(locale, {
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: timeZone ?? undefined,
  }).format(Date.parse(at));

const isWrong = ({ errors }: Page, path: string): boolean => errors.some((error) => error.path.startsWith(path));

/** What was said against a field or a part of it. */
const errorAt = ({ html, errors }: Page, path: string): TemplateResult[] =>
  errors.filter((error) => error.path.startsWith(path)).map(({ message }) => html`<p class="error">${message}</p>`);
