import { useQuery, useQueryCache } from "@pinia/colada";
import { computed, ref, shallowRef, watch, type Ref } from "vue";
import type * as z from "zod";
import { api, toApiError, type ApiError, type SettingsVersion } from "../api.ts";
import { chosenLeaves, conflictBetween, type Side } from "../form/conflict.ts";
import { changedLeaves, changedPaths, withLeaves } from "../form/paths.ts";
import { useDialogs } from "./dialogs.ts";
import { useFormIssues } from "./form-issues.ts";

/** A part of the settings that is saved as a whole. `what` is how the history names its changes. */
export type SectionShape<Section extends { version: number }, Draft extends object> = {
  key: string;
  what: string;
  schema: z.ZodType;
  empty: Draft;
  read(signal: AbortSignal): Promise<Section>;
  write(section: Section): Promise<Section>;
  toDraft(section: Section): Draft;
  toSection(draft: Draft, version: number): Section;
};

/** What such a part's form holds: the part as the server knows it, the draft, its issues, and a save that loses nothing. */
export function useSectionForm<Section extends { version: number }, Draft extends object>(shape: SectionShape<Section, Draft>) {
  const key = ["section", shape.key];
  const cache = useQueryCache();
  const query = useQuery({ key, query: ({ signal }) => shape.read(signal) });
  const saved = computed(() => query.data.value as Section | undefined);
  const keep = (next: Section) => cache.setQueryData(key, next);
  const draft = useSectionDraft(shape, saved);
  const saving = useSectionSaving(shape, draft, keep);

  function discard(): void {
    if (saved.value) draft.adopt(saved.value);
    saving.failure.value = null;
  }

  /** What a field's component needs besides its value. */
  const field = (path: string) => ({ name: path, error: draft.issues.value[path], changed: draft.changes.value.includes(path) });

  return { saved, loadError: query.error, refresh: query.refetch, ...draft, ...saving, discard, field };
}

function useSectionDraft<Section extends { version: number }, Draft extends object>(
  { schema, empty, toDraft, toSection }: SectionShape<Section, Draft>,
  saved: Readonly<Ref<Section | undefined>>,
) {
  /** What the draft began from; a save names its version. */
  const base = shallowRef<{ version: number; draft: Draft } | null>(null);
  const draft = ref(structuredClone(empty)) as Ref<Draft>;
  const changes = computed(() => (base.value ? changedPaths(base.value.draft, draft.value) : []));
  const isOutdated = computed(() => base.value !== null && (saved.value?.version ?? 0) > base.value.version);
  const issues = useFormIssues(
    schema,
    () => toSection(draft.value, base.value?.version ?? 0),
    () => draft.value,
  );

  /** Begins anew from what the server has; what was changed since `sent` was sent stays. */
  function adopt(next: Section, sent: Draft | null = null): void {
    const later = sent ? changedLeaves(sent, draft.value) : {};
    base.value = { version: next.version, draft: toDraft(next) };
    draft.value = withLeaves(base.value.draft, later);
    issues.clearIssues();
    // What the server has is right, so whatever is wrong was typed just now and is told at once.
    issues.check();
  }
  // A poll brings what others saved; it never takes away what is being changed.
  watch(
    saved,
    (next) => {
      if (!next || changes.value.length > 0) return;
      if (!base.value || next.version > base.value.version) adopt(next);
    },
    { immediate: true },
  );

  return { base, draft, changes, isOutdated, ...issues, adopt };
}

function useSectionSaving<Section extends { version: number }, Draft extends object>(
  { what, write, toDraft, toSection }: SectionShape<Section, Draft>,
  form: ReturnType<typeof useSectionDraft<Section, Draft>>,
  keep: (next: Section) => void,
) {
  const isSaving = ref(false);
  const failure = shallowRef<ApiError | null>(null);
  const conflict = shallowRef<Section | null>(null);
  /** Who saved in between; null until the history has answered. */
  const savedBy = shallowRef<SettingsVersion | null>(null);

  /** Sends the draft once, however often it is asked. False if it was not saved; the draft is then as it was. */
  async function save(): Promise<boolean> {
    const version = form.base.value?.version;
    if (isSaving.value || version === undefined) return false;
    failure.value = null;
    if (!form.check()) return false;
    const error = await send(version);
    if (error) return refuse(error);
    useDialogs().notify("Saved.");
    return true;
  }

  async function send(version: number): Promise<ApiError | null> {
    isSaving.value = true;
    const sent = withLeaves({} as Draft, changedLeaves({}, form.draft.value));
    try {
      const saved = await write(toSection(form.draft.value, version));
      form.adopt(saved, sent);
      keep(saved);
      return null;
    } catch (error) {
      return toApiError(error);
    } finally {
      isSaving.value = false;
    }
  }

  async function refuse(error: ApiError): Promise<boolean> {
    form.showIssues(error.errors);
    if (error.code !== "settings.conflict" || !error.current) {
      failure.value = error;
      return false;
    }
    const current = error.current as Section;
    if (between(current).isHarmless) return merge(current, {});
    savedBy.value = await lastSave();
    conflict.value = current;
    return false;
  }

  /** The names are an extra: without them the conflict is shown all the same. */
  async function lastSave(): Promise<SettingsVersion | null> {
    try {
      const { data } = await api.history();
      return data.find((version) => version.what === what) ?? null;
    } catch {
      return null;
    }
  }

  const between = (theirs: Section) => conflictBetween(form.base.value?.draft ?? {}, form.draft.value, toDraft(theirs));
  const conflictDifferences = computed(() => (conflict.value ? between(conflict.value).asked : []));

  /** Ends a conflict by what was chosen. True if nothing is left to save. */
  async function settle(choices: Record<string, Side>): Promise<boolean> {
    const current = conflict.value;
    conflict.value = null;
    return current !== null && merge(current, choices);
  }

  /** The draft becomes theirs with what was chosen of mine, and is saved if anything of mine is left. */
  async function merge(current: Section, choices: Record<string, Side>): Promise<boolean> {
    const { asked, added } = between(current);
    const mine = { ...added, ...chosenLeaves(asked, choices) };
    const theirs = toDraft(current);
    form.base.value = { version: current.version, draft: theirs };
    form.draft.value = withLeaves(theirs, mine);
    keep(current);
    if (form.changes.value.length > 0) return save();
    form.clearIssues();
    return true;
  }

  return { isSaving, failure, conflict, savedBy, conflictDifferences, save, settle };
}
