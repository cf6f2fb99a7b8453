import type { Channel } from "@carillon/shared/channels";
import type { ChannelView } from "@carillon/shared/settings";
import { useQuery, useQueryCache } from "@pinia/colada";
import { computed, ref, shallowRef, watch, type Ref } from "vue";
import type * as z from "zod";
import { api, toApiError, type ApiError, type ChannelPut } from "../api.ts";
import { chosenLeaves, differences, type Side } from "../form/conflict.ts";
import { changedLeaves, changedPaths, withLeaves } from "../form/paths.ts";
import { useDialogs } from "./dialogs.ts";
import { useFormIssues } from "./form-issues.ts";

/** How a channel's settings look while they are edited: every field present, a number perhaps still half typed. */
export type FormShape<Draft extends object> = {
  channel: Channel;
  schema: z.ZodType;
  toDraft(settings: Record<string, unknown>): Draft;
  toSettings(draft: Draft): object;
};

/** What one channel's form holds: the channel as the server knows it, the draft, its issues, and a save that loses nothing. */
export function useChannelForm<Draft extends object>(shape: FormShape<Draft>) {
  const { view, setView, loadError, refresh } = useChannelView(shape.channel);
  const draft = useDraft(shape, view);
  const saving = useSaving(shape, draft, setView);

  function discard(): void {
    if (view.value) draft.adopt(view.value);
    saving.failure.value = null;
  }

  /** What a field's component needs besides its value. */
  const field = (path: string) => ({
    name: path,
    error: draft.issues.value[path],
    changed: draft.changes.value.includes(path),
    onBlur: () => draft.visit(path),
  });

  /** What a secret's component needs, its value among it. */
  const secretField = (name: string) => ({
    ...field(name),
    channel: shape.channel,
    isStored: view.value?.secrets[name]?.set ?? false,
    modelValue: draft.secrets.value[name],
    "onUpdate:modelValue": (value: string | null | undefined) => draft.setSecret(name, value),
  });

  return { channel: shape.channel, view, setView, loadError, refresh, ...draft, ...saving, discard, field, secretField };
}

type Sent<Draft> = { draft: Draft; secrets: Record<string, string | null> };

function useChannelView(channel: Channel) {
  const key = ["channel", channel];
  const cache = useQueryCache();
  const query = useQuery({ key, query: ({ signal }) => api.channel(channel, signal) });
  return {
    view: computed(() => query.data.value),
    setView: (next: ChannelView) => cache.setQueryData(key, next),
    loadError: query.error,
    refresh: query.refetch,
  };
}

function useDraft<Draft extends object>({ schema, toDraft, toSettings }: FormShape<Draft>, view: Readonly<Ref<ChannelView | undefined>>) {
  /** What the draft began from; a save names its version. */
  const base = shallowRef<{ version: number; draft: Draft } | null>(null);
  const draft = ref(toDraft({})) as Ref<Draft>;
  /** Typed secrets; an absent one stays as it is, null clears it. */
  const secrets = ref<Record<string, string | null>>({});
  const changes = computed(() => (base.value ? [...changedPaths(base.value.draft, draft.value), ...Object.keys(secrets.value)] : []));
  const isOutdated = computed(() => base.value !== null && (view.value?.version ?? 0) > base.value.version);
  const issues = useFormIssues(
    schema,
    () => toSettings(draft.value),
    () => ({ ...draft.value, ...secrets.value }),
  );

  /** Begins anew from what the server has; what was typed since `sent` was sent stays. */
  function adopt(next: ChannelView, sent: Sent<Draft> | null = null): void {
    const later = sent ? changedLeaves(sent.draft, draft.value) : {};
    base.value = { version: next.version, draft: toDraft(next.settings) };
    draft.value = withLeaves(base.value.draft, later);
    secrets.value = sent ? Object.fromEntries(Object.entries(secrets.value).filter(([name, value]) => sent.secrets[name] !== value)) : {};
    issues.clearIssues();
  }
  // A poll brings what others saved; it never takes away what is being typed, nor brings back what a save has just replaced.
  watch(
    view,
    (next) => {
      if (!next || changes.value.length > 0) return;
      if (!base.value || next.version > base.value.version) adopt(next);
    },
    { immediate: true },
  );

  function setSecret(name: string, value: string | null | undefined): void {
    const { [name]: _, ...others } = secrets.value;
    secrets.value = value === undefined ? others : { ...others, [name]: value };
  }

  function toPut(version: number): ChannelPut {
    const body: ChannelPut = { version, settings: toSettings(draft.value) };
    return Object.keys(secrets.value).length > 0 ? { ...body, secrets: { ...secrets.value } } : body;
  }

  const snapshot = (): Sent<Draft> => ({ draft: withLeaves({} as Draft, changedLeaves({}, draft.value)), secrets: { ...secrets.value } });

  return { base, draft, secrets, changes, isOutdated, ...issues, adopt, setSecret, toPut, snapshot };
}

function useSaving<Draft extends object>(
  { channel, toDraft }: FormShape<Draft>,
  form: ReturnType<typeof useDraft<Draft>>,
  setView: (next: ChannelView) => void,
) {
  const isSaving = ref(false);
  const failure = shallowRef<ApiError | null>(null);
  const conflict = shallowRef<ChannelView | null>(null);

  /** Sends the draft once, however often it is asked. False if it was not saved; the draft is then as it was. */
  async function save(): Promise<boolean> {
    const version = form.base.value?.version;
    if (isSaving.value || version === undefined) return false;
    failure.value = null;
    if (!form.check()) return false;
    isSaving.value = true;
    const sent = form.snapshot();
    try {
      const saved = await api.saveChannel(channel, form.toPut(version));
      form.adopt(saved, sent);
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

  function refuse(error: ApiError): void {
    if (error.code === "settings.conflict" && error.current) conflict.value = error.current as ChannelView;
    else failure.value = error;
    form.showIssues(error.errors);
  }

  const conflictDifferences = computed(() =>
    conflict.value && form.base.value ? differences(form.base.value.draft, form.draft.value, toDraft(conflict.value.settings)) : [],
  );

  /** Ends a conflict: the draft becomes theirs with what was chosen of mine, and is saved if anything of mine is left. */
  async function settle(choices: Record<string, Side>): Promise<void> {
    const current = conflict.value;
    if (!current) return;
    const theirs = toDraft(current.settings);
    const merged = withLeaves(theirs, chosenLeaves(conflictDifferences.value, choices));
    form.base.value = { version: current.version, draft: theirs };
    form.draft.value = merged;
    conflict.value = null;
    setView(current);
    if (form.changes.value.length > 0) await save();
    else form.clearIssues();
  }

  return { isSaving, failure, conflict, conflictDifferences, save, settle };
}
