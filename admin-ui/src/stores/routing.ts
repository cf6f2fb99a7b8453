import { CHANNELS, type Channel } from "@carillon/shared/channels";
import { EVENT_TYPES, routingCellSchema } from "@carillon/shared/event-types";
import { useQuery } from "@pinia/colada";
import { defineStore } from "pinia";
import { computed, ref, shallowRef, toRaw, watch } from "vue";
import * as z from "zod";
import { api, type Routing } from "../api.ts";
import { begun, redone, stepped, undone, type History } from "../form/history.ts";
import {
  ALL_CELLS,
  DEFAULT_DRAFT,
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

  /** What the last act did, for those who do not see the grid. */
  const said = ref("");
  const history = shallowRef<History<RoutingDraft>>(begun(toRaw(draft.value)));
  const canUndo = computed(() => history.value.past.length > 0);
  const canRedo = computed(() => history.value.future.length > 0);
  // Steps do not lead back behind what somebody else has saved, nor behind what was discarded.
  watch(base, () => {
    if (differing(history.value.present, draft.value).length > 0) history.value = begun(toRaw(draft.value));
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

  const choiceAt = ({ type, channel }: Cell): Choice => draft.value[type][channel];
  const choicesOf = (cells: Cell[]): Choice[] => cells.map(choiceAt);

  function setWhen(cells: Cell[], when: When): void {
    change(cells, (_, choice) => withWhen(choice, when));
  }
  function setLock(cells: Cell[], locked: boolean): void {
    change(cells, (_, choice) => withLock(choice, locked));
  }
  const cycle = (cells: Cell[]) => setWhen(cells, nextWhen(choicesOf(cells)));
  const toggleLock = (cells: Cell[]) => setLock(cells, nextLock(choicesOf(cells)));
  const resetToDefault = (cells: Cell[]) => change(cells, ({ type, channel }) => DEFAULT_DRAFT[type][channel]);

  function change(cells: Cell[], choose: (cell: Cell, choice: Choice) => Choice): void {
    const next = withCells(toRaw(draft.value), cells, choose);
    const count = differing(toRaw(draft.value), next).length;
    const [first] = cells;
    if (count === 0 || !first) return;
    edit(next, cells.length === 1 ? inWords(next[first.type][first.channel]) : `${plural(count, "cell")} changed`);
  }

  /** Where the keyboard stands. */
  const place = ref<Place>({ row: 1, column: 1 });
  const chosen = computed(() => cellsAt(place.value));

  const fromDefault = computed(() => keysOf(differing(DEFAULT_DRAFT, draft.value)));
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
    choiceAt,
    choicesOf,
    setWhen,
    setLock,
    cycle,
    toggleLock,
    resetToDefault,
    place,
    chosen,
    fromDefault,
    unsaved,
  };
});

export const keyOf = ({ type, channel }: Cell): string => `${type}.${channel}`;
const keysOf = (cells: Cell[]): Set<string> => new Set(cells.map(keyOf));

/** What a place of the grid is called. */
export function placeName(place: Place): string {
  const [type, channel] = [typeAt(place.row), channelAt(place.column)];
  if (type && channel) return `${type}, ${CHANNEL_NAMES[channel]}`;
  if (type) return `${type} on all channels`;
  return channel ? `${CHANNEL_NAMES[channel]} for all events` : "All events on all channels";
}

export const CELL_LABELS: Record<string, string> = Object.fromEntries(
  ALL_CELLS.map((cell) => [keyOf(cell), `${cell.type} · ${CHANNEL_NAMES[cell.channel]}`]),
);
export const GRID_SIZE = { rows: EVENT_TYPES.length + 1, columns: CHANNELS.length + 1 };
