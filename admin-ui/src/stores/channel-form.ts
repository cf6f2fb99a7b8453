import type { ConfigurableChannel } from "@carillon/shared/channels";
import type { Issue } from "@carillon/shared/events";
import type { ChannelView } from "@carillon/shared/settings";
import { useQuery, useQueryCache } from "@pinia/colada";
import { computed, ref, shallowRef, watch, type Ref } from "vue";
import type * as z from "zod";
import { api, toApiError, type ApiError, type ChannelPut } from "../api.ts";
import { chosenLeaves, differences, type Side } from "../form/conflict.ts";
import { byField, issuesIn } from "../form/issues.ts";
import { changedPaths, leavesOf, withLeaves } from "../form/paths.ts";
import { useDialogs } from "./dialogs.ts";

/** How a channel's settings look while they are edited: every field present, a number perhaps still half typed. */
export type FormShape<Draft extends object> = {
  channel: ConfigurableChannel;
  schema: z.ZodType;
  toDraft(settings: Record<string, unknown>): Draft;
  toSettings(draft: Draft): object;
};

/** What one channel's form holds: the channel as the server knows it, the draft, its issues, and a save that loses nothing. */
export function useChannelForm<Draft extends object>({ channel, schema, toDraft, toSettings }: FormShape<Draft>) {
  const key = ["channel", channel];
  const cache = useQueryCache();
  const query = useQuery({ key, query: ({ signal }) => api.channel(channel, signal) });
  const view = computed(() => query.data.value);
  const setView = (next: ChannelView) => cache.setQueryData(key, next);

  /** What the draft began from; a save names its version. */
  const base = shallowRef<{ version: number; draft: Draft } | null>(null);
  const draft = ref(toDraft({})) as Ref<Draft>;
  /** Typed secrets; an absent one stays as it is, null clears it. */
  const secrets = ref<Record<string, string | null>>({});
  const changes = computed(() => (base.value ? [...changedPaths(base.value.draft, draft.value), ...Object.keys(secrets.value)] : []));
  const isDirty = computed(() => changes.value.length > 0);
  const isOutdated = computed(() => base.value !== null && (view.value?.version ?? 0) > base.value.version);

  function setSecret(name: string, value: string | null | undefined): void {
    const { [name]: _, ...others } = secrets.value;
    secrets.value = value === undefined ? others : { ...others, [name]: value };
  }

  function adopt(next: ChannelView): void {
    base.value = { version: next.version, draft: toDraft(next.settings) };
    draft.value = structuredClone(base.value.draft);
    secrets.value = {};
    clearIssues();
  }
  watch(
    view,
    (next) => {
      if (!next || isDirty.value) return;
      if (!base.value || next.version > base.value.version) adopt(next);
    },
    { immediate: true },
  );

  const visited = ref(new Set<string>());
  const wasRefused = ref(false);
  const serverIssues = ref<Record<string, string>>({});
  const ownIssues = computed(() => issuesIn(schema, toSettings(draft.value)));
  const issues = computed(() => {
    const shown = Object.entries(ownIssues.value).filter(([path]) => wasRefused.value || visited.value.has(path));
    return { ...serverIssues.value, ...Object.fromEntries(shown) };
  });
  function clearIssues(): void {
    visited.value = new Set();
    wasRefused.value = false;
    serverIssues.value = {};
  }
  /** What the server said of a field holds until the field is changed. */
  watch(
    () => leavesOf({ ...draft.value, ...secrets.value }),
    (now, before) => {
      for (const path of Object.keys(serverIssues.value)) if (now[path] !== before[path]) delete serverIssues.value[path];
    },
  );

  /** Shows whatever the form itself has to complain about. False if there is anything. */
  function check(): boolean {
    wasRefused.value = true;
    return Object.keys(ownIssues.value).length === 0;
  }
  const showIssues = (found: Issue[]) => void (serverIssues.value = byField(found));

  const isSaving = ref(false);
  const failure = shallowRef<ApiError | null>(null);
  const conflict = shallowRef<ChannelView | null>(null);

  /** Sends the draft once, however often it is asked. False if it was not saved; the draft is then as it was. */
  async function save(): Promise<boolean> {
    if (isSaving.value || !base.value) return false;
    failure.value = null;
    if (!check()) return false;
    isSaving.value = true;
    try {
      const saved = await api.saveChannel(channel, toPut(base.value.version));
      adopt(saved);
      setView(saved);
      useDialogs().notify("Saved.");
      return true;
    } catch (error) {
      refuse(toApiError(error));
      return false;
    } finally {
      isSaving.value = false;
    }
  }

  function toPut(version: number): ChannelPut {
    const body: ChannelPut = { version, settings: toSettings(draft.value) };
    return Object.keys(secrets.value).length > 0 ? { ...body, secrets: { ...secrets.value } } : body;
  }

  function refuse(error: ApiError): void {
    if (error.code === "settings.conflict" && error.current) conflict.value = error.current;
    else failure.value = error;
    showIssues(error.errors);
  }

  function discard(): void {
    if (view.value) adopt(view.value);
    failure.value = null;
  }

  const conflictDifferences = computed(() =>
    conflict.value && base.value ? differences(base.value.draft, draft.value, toDraft(conflict.value.settings)) : [],
  );

  /** Ends a conflict: the draft becomes theirs with what was chosen of mine, and is saved if anything of mine is left. */
  async function settle(choices: Record<string, Side>): Promise<void> {
    const current = conflict.value;
    if (!current) return;
    const merged = withLeaves(toDraft(current.settings), chosenLeaves(conflictDifferences.value, choices));
    base.value = { version: current.version, draft: toDraft(current.settings) };
    draft.value = merged;
    conflict.value = null;
    setView(current);
    if (isDirty.value) await save();
    else clearIssues();
  }

  /** What a field's component needs besides its value. */
  const field = (path: string) => ({
    name: path,
    error: issues.value[path],
    changed: changes.value.includes(path),
    onBlur: () => void visited.value.add(path),
  });

  return {
    channel,
    view,
    setView,
    loadError: query.error,
    refresh: query.refetch,
    base,
    draft,
    secrets,
    setSecret,
    changes,
    isDirty,
    isOutdated,
    issues,
    field,
    check,
    showIssues,
    isSaving,
    failure,
    conflict,
    conflictDifferences,
    save,
    discard,
    settle,
    toPut,
  };
}
