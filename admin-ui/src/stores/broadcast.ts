import type { EventPreview } from "@carillon/shared/broadcast";
import { useQuery } from "@pinia/colada";
import { defineStore } from "pinia";
import { computed, ref, shallowRef, watch } from "vue";
import { api, toApiError, type ApiError } from "../api.ts";
import { byDraftField, draftIssues, fieldsOf, newDraft, toEvent, type Draft } from "../broadcast/draft.ts";
import { plural } from "../words/time.ts";
import { ownZone } from "../words/zoned-time.ts";
import { useDialogs } from "./dialogs.ts";

/** An event to many: what is typed, what it would do, and how far the last ones are. */
export const useBroadcast = defineStore("broadcast", () => {
  const dialogs = useDialogs();
  const audiences = useQuery({ key: ["audiences"], query: ({ signal }) => api.audiences(signal) });
  const types = useQuery({ key: ["types-to-send"], query: ({ signal }) => api.eventTypes(signal) });
  const list = useQuery({ key: ["broadcasts"], query: ({ signal }) => api.broadcasts(signal) });

  const draft = ref<Draft>(newDraft(ownZone()));
  const known = computed(() => types.data.value?.types.filter(({ archived }) => !archived) ?? []);
  const type = computed(() => known.value.find((one) => one.type === draft.value.type));
  const fields = computed(() => fieldsOf(type.value));
  const groups = computed(() => audiences.data.value?.groups.filter(({ kind }) => kind === draft.value.kind) ?? []);
  watch(
    () => draft.value.kind,
    () => (draft.value.group = groups.value.length === 1 ? groups.value[0]!.name : ""),
  );

  /** What is wrong, by field, since it was last asked for; a field that is changed has nothing wrong with it until then. */
  const issues = ref<Record<string, string>>({});
  const error = shallowRef<ApiError | null>(null);
  watch(draft, () => (issues.value = {}), { deep: true });

  const preview = shallowRef<EventPreview | null>(null);
  /** The event that it is of, as text. */
  const previewed = ref("");
  const isPreviewing = ref(false);
  const isFresh = computed(() => preview.value !== null && previewed.value === eventText());

  /** Asks what the event would do now; false if that can't be told. */
  async function look(now: number): Promise<boolean> {
    if (isPreviewing.value) return false;
    error.value = null;
    issues.value = draftIssues(draft.value, fields.value, now);
    if (Object.keys(issues.value).length > 0) return false;
    isPreviewing.value = true;
    const asked = toEvent(draft.value, fields.value);
    try {
      preview.value = await api.previewBroadcast(asked);
      previewed.value = JSON.stringify(asked);
      return true;
    } catch (cause) {
      preview.value = null;
      refuse(toApiError(cause));
      return false;
    } finally {
      isPreviewing.value = false;
    }
  }

  /** Whether the admin is being asked to confirm; always by a preview made for it. */
  const isAsking = ref(false);
  async function ask(now: number): Promise<void> {
    if (await look(now)) isAsking.value = preview.value!.people > 0;
  }

  const isSending = ref(false);
  /** One id for one event, so that asking twice, or once more after no answer came, sends once. */
  let sending: { text: string; id: string } | null = null;

  async function send(): Promise<boolean> {
    if (isSending.value || !isFresh.value) return false;
    isSending.value = true;
    error.value = null;
    const text = eventText();
    if (sending?.text !== text) sending = { text, id: `broadcast-${crypto.randomUUID()}` };
    try {
      const { accepted } = await api.sendBroadcast({ id: sending.id, ...(JSON.parse(text) as object) });
      sending = null;
      isAsking.value = false;
      preview.value = null;
      draft.value = newDraft(draft.value.zone);
      dialogs.notify(`It is on its way to ${plural(accepted, "person", "people")}.`);
      await list.refetch();
      return true;
    } catch (cause) {
      refuse(toApiError(cause));
      return false;
    } finally {
      isSending.value = false;
    }
  }

  const cancelling = ref<string | null>(null);
  async function cancel(id: string): Promise<void> {
    if (cancelling.value !== null) return;
    const isSure = await dialogs.ask({
      title: "Cancel this event?",
      text: "Whoever is not told yet never will be, and what still waits to be sent is not sent. What has left stays where it is.",
      confirm: "Cancel the event",
      cancel: "Let it go on",
      tone: "bad",
    });
    if (!isSure) return;
    cancelling.value = id;
    try {
      const { cancelled } = await api.cancelEvent(id);
      dialogs.notify(`Cancelled, with ${plural(cancelled, "message", "messages")} that had not left yet.`);
    } catch (cause) {
      dialogs.notify(toApiError(cause).message, "bad");
    } finally {
      cancelling.value = null;
      await list.refetch();
    }
  }

  const eventText = (): string => (type.value ? JSON.stringify(toEvent(draft.value, fields.value)) : "");

  function refuse(cause: ApiError): void {
    error.value = cause;
    issues.value = byDraftField(cause.errors, draft.value.type);
  }

  const broadcasts = computed(() => list.data.value?.data ?? null);
  return {
    audiences: audiences.data,
    audiencesError: audiences.error,
    refreshAudiences: audiences.refetch,
    types: known,
    typesError: types.error,
    refreshTypes: types.refetch,
    hasTypes: computed(() => types.data.value !== undefined),
    draft,
    type,
    fields,
    groups,
    issues,
    error,
    preview,
    isFresh,
    isPreviewing,
    look,
    isAsking,
    ask,
    isSending,
    send,
    broadcasts,
    broadcastsError: list.error,
    isAnyTelling: computed(() => broadcasts.value?.some(({ state }) => state === "telling") ?? false),
    refreshBroadcasts: list.refetch,
    cancelling,
    cancel,
  };
});
