import { isEventType } from "@carillon/shared/event-types";
import { useQueryCache } from "@pinia/colada";
import { defineStore } from "pinia";
import { computed, ref } from "vue";
import { api, ApiError, toApiError, type TypeList } from "../api.ts";
import {
  atFields,
  EMPTY_DRAFT,
  keyFor,
  keyIssue,
  labelsOf,
  newDraft,
  toSection,
  toTypes,
  typesSchema,
  type TypesDraft,
  type TypesSection,
} from "../event-types/draft.ts";
import { CHANNEL_NAMES } from "../words/channels.ts";
import { useDialogs } from "./dialogs.ts";
import { useSectionForm } from "./section-form.ts";

export const useEventTypes = defineStore("event-types", () => {
  const form = useSectionForm<TypesSection, TypesDraft>({
    key: "event-types",
    what: "event types saved",
    schema: typesSchema,
    empty: EMPTY_DRAFT,
    read: async (signal) => toSection(await api.eventTypes(signal)),
    write,
    toDraft: ({ builtIn, own }) => structuredClone({ builtIn, own }),
    toSection: (draft, version) => ({ ...draft, version }),
  });
  const { draft, base } = form;
  const cache = useQueryCache();

  /** A new type before it is one: its name, and the key that follows from it until somebody types another. */
  const begun = ref<{ name: string; key: string; isOwnKey: boolean; wasRefused: boolean } | null>(null);
  const begin = () => void (begun.value = { name: "", key: "", isOwnKey: false, wasRefused: false });
  function setName(name: string): void {
    if (begun.value) Object.assign(begun.value, { name, ...(begun.value.isOwnKey ? {} : { key: keyFor(name) }) });
  }
  function setKey(key: string): void {
    if (begun.value) Object.assign(begun.value, { key, isOwnKey: key !== "" });
  }
  const beginIssues = computed(() => {
    if (!begun.value?.wasRefused) return { name: undefined, key: undefined };
    const { name, key } = begun.value;
    return { name: name.trim() === "" ? "Give it a name" : undefined, key: keyIssue(key, draft.value.own) ?? undefined };
  });
  /** Puts the new type into the draft; its key, or null if something is not right yet. */
  function add(): string | null {
    if (!begun.value) return null;
    begun.value.wasRefused = true;
    if (beginIssues.value.name || beginIssues.value.key) return null;
    const { key, name } = begun.value;
    draft.value.own[key] = newDraft(name.trim());
    begun.value = null;
    return key;
  }

  const own = computed(() => Object.entries(base.value?.draft.own ?? {}).map(([type, fields]) => ({ type, ...fields })));
  const current = computed(() => own.value.filter(({ archived }) => !archived));
  const archived = computed(() => own.value.filter(({ archived }) => archived));
  const has = (type: string): boolean => isEventType(type) || Object.hasOwn(draft.value.own, type);
  const labels = computed(() => labelsOf(draft.value, CHANNEL_NAMES));

  async function save(): Promise<boolean> {
    const isSaved = await form.save();
    if (isSaved) refreshMatrix();
    return isSaved;
  }
  async function settle(choices: Parameters<typeof form.settle>[0]): Promise<boolean> {
    const isSettled = await form.settle(choices);
    if (isSettled) refreshMatrix();
    return isSettled;
  }
  /** The list goes to the grid and the simulator, and a new type has its row there. */
  function refreshMatrix(): void {
    void cache.invalidateQueries({ key: ["event-types"] });
    void cache.invalidateQueries({ key: ["section", "routing"] });
  }

  /** Archives a type, or takes it back, at once. */
  async function setArchived(type: string, isArchived: boolean): Promise<void> {
    const text = `New events of this type are refused from then on, and it leaves the matrix. What was accepted stays, and you can take it back at any time.`;
    if (isArchived && !(await useDialogs().ask({ title: `Archive ${type}?`, text, confirm: "Archive" }))) return;
    const fields = draft.value.own[type];
    if (!fields) return;
    fields.archived = isArchived;
    if ((await save()) || form.conflict.value) return;
    useDialogs().notify(form.failure.value?.message ?? "This could not be saved.", "bad");
    form.discard();
  }

  return {
    ...form,
    save,
    settle,
    begun,
    begin,
    beginIssues,
    setName,
    setKey,
    add,
    current,
    archived,
    has,
    labels,
    setArchived,
  };
});

/** Saves the list; what the server says against it, and what it has instead, are put into the form's terms. */
async function write(section: TypesSection): Promise<TypesSection> {
  try {
    return toSection(await api.saveEventTypes({ version: section.version, types: toTypes(section) }));
  } catch (cause) {
    const error = toApiError(cause);
    const current = error.current === null ? undefined : toSection(error.current as TypeList);
    const problem = { code: error.code, detail: error.message, errors: atFields(error.errors, section), current };
    throw new ApiError(error.status, problem, error.requestId);
  }
}
