import type { TemplatePreview } from "@carillon/shared/templates";
import type { TextChannel, TextSource } from "@carillon/shared/texts";
import { onScopeDispose, ref, shallowRef, watch } from "vue";
import { api, toApiError, type ApiError } from "../api.ts";

const PAUSE_MS = 300; // between two words, not between two keys

/** What the server makes of a text while one writes it. `source` is null while the text can't be used; the last picture stays then. */
export function useTextPreview(type: string, channel: TextChannel, source: () => TextSource | null) {
  const useLatest = ref(false);
  const preview = shallowRef<TemplatePreview | null>(null);
  const error = shallowRef<ApiError | null>(null);
  const isAsking = ref(false);
  let controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function ask(): Promise<void> {
    controller.abort();
    controller = new AbortController();
    const { signal } = controller;
    const text = source();
    if (!text) return;
    isAsking.value = true;
    try {
      const made = await api.previewText(type, channel, { ...text, useLatest: useLatest.value }, signal);
      if (signal.aborted) return;
      preview.value = made;
      error.value = null;
    } catch (cause) {
      if (!signal.aborted) error.value = toApiError(cause);
    } finally {
      if (!signal.aborted) isAsking.value = false;
    }
  }

  watch(
    () => [JSON.stringify(source()), useLatest.value],
    () => {
      clearTimeout(timer);
      timer = setTimeout(ask, preview.value ? PAUSE_MS : 0);
    },
    { immediate: true },
  );
  onScopeDispose(() => {
    clearTimeout(timer);
    controller.abort();
  });

  return { useLatest, preview, error, isAsking, ask };
}
