import type { Channel } from "@carillon/shared/channels";
import { EVENT_DESCRIPTIONS, isEventType, routingCellSchema } from "@carillon/shared/event-types";
import { useQuery } from "@pinia/colada";
import { defineStore } from "pinia";
import { computed, ref, shallowRef, toRaw, watch } from "vue";
import * as z from "zod";
import { api, type Routing } from "../api.ts";
import { begun, redone, stepped, undone, type History } from "../form/history.ts";
import {
  cellsOf,
  choiceAt,
  DEFAULT_DRAFT,
  defaultAt,
  differing,
  inWords,
  nextLock,
  nextWhen,
  toCells,
  toDraft,
  withCells,
  withLock,
  withWhen,
  type Cell,
  type Choice,
  type RoutingDraft,
  type When,
} from "../routing/choices.ts";
import { cellsAt, channelAt, typeAt, type Place } from "../routing/grid.ts";
import { channelNote } from "../words/channel-note.ts";
import { CHANNEL_NAMES } from "../words/channels.ts";
import { plural } from "../words/time.ts";
import { useSectionForm } from "./section-form.ts";

const schema = z.object({ cells: z.record(z.string(), z.record(z.string(), routingCellSchema)) });

export const useRouting = defineStore("routing", () => {
  const form = useSectionForm<Routing, RoutingDraft>({
    key: "routing",
    what: "event routing saved",
    schema,
    empty: DEFAULT_DRAFT,
    read: api.routing,
    write: api.saveRouting,
    toDraft: ({ cells }) => toDraft(cells),
    toSection: (draft, version) => ({ version, cells: toCells(draft) }),
  });
  const { draft, base } = form;

  const channels = useQuery({ key: ["channels"], query: ({ signal }) => api.channels(signal) });
  const notes = computed(
    () =>
      Object.fromEntries((channels.data.value?.data ?? []).map((view) => [view.channel, channelNote(view)])) as Partial<
        Record<Channel, ReturnType<typeof channelNote>>
      >,
  );

  const eventTypes = useQuery({ key: ["event-types"], query: ({ signal }) => api.eventTypes(signal) });
  /** The rows that own events go back to. */
  const ownDefaults = computed(() =>
    toDraft(Object.fromEntries((eventTypes.data.value?.types ?? []).filter((one) => !one.builtIn).map((one) => [one.type, one.defaults]))),
  );
  const defaultOf = (cell: Cell): Choice => defaultAt(cell, ownDefaults.value);
  /** The events of the grid. Archived ones keep their rows, unseen. */
  const types = computed(() => {
    const archived = new Set(eventTypes.data.value?.types.filter((type) => type.archived).map(({ type }) => type));
    return Object.keys(draft.value).filter((type) => !archived.has(type));
  });
  function describe(type: string): string {
    if (isEventType(type)) return EVENT_DESCRIPTIONS[type];
    const own = eventTypes.data.value?.types.find((one) => one.type === type);
    return own?.description || own?.name || "An event of your own";
  }

  /** What the last act did, for those who do not see the grid. */
  const said = ref("");
  const history = shallowRef<History<RoutingDraft>>(begun(toRaw(draft.value)));
  const canUndo = computed(() => history.value.past.length > 0);
  const canRedo = computed(() => history.value.future.length > 0);
  // Steps do not lead back behind what somebody else has saved, nor behind what was discarded, nor to where an event had no row.
  watch(base, () => {
    if (!isAlike(history.value.present, draft.value)) history.value = begun(toRaw(draft.value));
  });
  // A new event's row comes in beside what is being changed.
  watch(form.saved, (next) => {
    const before = base.value;
    if (!next || !before || next.version <= before.version) return;
    if (differing(before.draft, toDraft(next.cells)).length === 0) form.adopt(next, before.draft);
  });

  function edit(next: RoutingDraft, words: string): void {
    said.value = words;
    history.value = stepped({ ...history.value, present: toRaw(draft.value) }, next);
    draft.value = next;
  }
  function undo(): void {
    if (!canUndo.value) return;
    history.value = undone(history.value);
    draft.value = history.value.present;
    said.value = "Undone.";
  }
  function redo(): void {
    if (!canRedo.value) return;
    history.value = redone(history.value);
    draft.value = history.value.present;
    said.value = "Done again.";
  }

  const choiceOf = (cell: Cell): Choice => choiceAt(draft.value, cell);
  const choicesOf = (cells: Cell[]): Choice[] => cells.map(choiceOf);

  function setWhen(cells: Cell[], when: When): void {
    change(cells, (_, choice) => withWhen(choice, when));
  }
  function setLock(cells: Cell[], locked: boolean): void {
    change(cells, (_, choice) => withLock(choice, locked));
  }
  const cycle = (cells: Cell[]) => setWhen(cells, nextWhen(choicesOf(cells)));
  const toggleLock = (cells: Cell[]) => setLock(cells, nextLock(choicesOf(cells)));
  const resetToDefault = (cells: Cell[]) => change(cells, defaultOf);

  function change(cells: Cell[], choose: (cell: Cell, choice: Choice) => Choice): void {
    const next = withCells(toRaw(draft.value), cells, choose);
    const count = differing(toRaw(draft.value), next).length;
    const [first] = cells;
    if (count === 0 || !first) return;
    edit(next, cells.length === 1 ? inWords(choiceAt(next, first)) : `${plural(count, "cell")} changed`);
  }

  /** Where the keyboard stands. */
  const place = ref<Place>({ row: 1, column: 1 });
  const chosen = computed(() => cellsAt(types.value, place.value));
  const placeName = computed(() => nameOf(types.value, place.value));
  const labels = computed(() =>
    Object.fromEntries(cellsOf(Object.keys(draft.value)).map((cell) => [keyOf(cell), `${cell.type} · ${CHANNEL_NAMES[cell.channel]}`])),
  );

  const fromDefault = computed(
    () =>
      new Set(
        cellsOf(types.value)
          .filter((cell) => choiceOf(cell) !== defaultOf(cell))
          .map(keyOf),
      ),
  );
  const resetAll = () => resetToDefault(cellsOf(types.value));
  const unsaved = computed(() => new Set(form.changes.value));

  return {
    ...form,
    notes,
    refreshChannels: channels.refetch,
    said,
    canUndo,
    canRedo,
    undo,
    redo,
    types,
    describe,
    choiceOf,
    choicesOf,
    defaultOf,
    setWhen,
    setLock,
    cycle,
    toggleLock,
    resetToDefault,
    resetAll,
    place,
    placeName,
    labels,
    chosen,
    fromDefault,
    unsaved,
  };
});

const isAlike = (one: RoutingDraft, other: RoutingDraft): boolean =>
  Object.keys(one).length === Object.keys(other).length && differing(one, other).length === 0;

export const keyOf = ({ type, channel }: Cell): string => `${type}.${channel}`;

/** What a place of the grid is called. */
export function nameOf(types: readonly string[], place: Place): string {
  const [type, channel] = [typeAt(types, place.row), channelAt(place.column)];
  if (type && channel) return `${type}, ${CHANNEL_NAMES[channel]}`;
  if (type) return `${type} on all channels`;
  return channel ? `${CHANNEL_NAMES[channel]} for all events` : "All events on all channels";
}
