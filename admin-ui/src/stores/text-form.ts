import { hasErrors, lintText } from "@carillon/shared/text-lint";
import { TEXT_PARTS, type TemplateView, type TextPart } from "@carillon/shared/templates";
import type { TextChannel, TextSource } from "@carillon/shared/texts";
import { useQueryCache } from "@pinia/colada";
import { computed, ref } from "vue";
import * as z from "zod";
import { api, toApiError, type TextForm } from "../api.ts";
import { useDialogs } from "./dialogs.ts";
import { useSectionForm } from "./section-form.ts";
import { useTemplates } from "./templates.ts";

/** The form of one text. What is wrong with it is told by the same rules that the server saves by. */
export function useTextForm(type: string, channel: TextChannel) {
  const key = `text ${type} ${channel}`;
  const cache = useQueryCache();
  const templates = useTemplates();
  const form = useSectionForm<TextForm, TextSource>({
    key,
    what: `text of ${type}, ${channel}, en saved`,
    schema: z.object({}),
    empty: { title: "", body: "", action: "" },
    read: (signal) => api.text(type, channel, signal),
    write: (text) => api.saveText(type, channel, text),
    toDraft: ({ title, body, action }) => ({ title, body, action }),
    toSection: ({ title, body, action }, version) => ({ version, title, body, action }),
  });
  /** What the server answers is more than what is sent. */
  const view = computed(() => form.saved.value as TemplateView | undefined);
  const parts = TEXT_PARTS[channel];
  const lint = computed(() => (view.value ? lintText(form.draft.value, channel, view.value.variables) : []));
  const isUsable = computed(() => view.value !== undefined && !hasErrors(lint.value));
  const lintOf = (part: TextPart) => lint.value.filter((message) => message.part === part);

  async function save(): Promise<boolean> {
    if (!isUsable.value) return false;
    const isSaved = await form.save();
    if (isSaved) void templates.refresh();
    return isSaved;
  }

  const isResetting = ref(false);
  /** Back to the built-in text, once the admin has said so. */
  async function reset(): Promise<void> {
    const version = form.base.value?.version;
    if (version === undefined || isResetting.value) return;
    const isSure = await useDialogs().ask({
      title: "Reset to the built-in text?",
      text: "The text that was written here is given up. What is sent from then on reads as it did at first; what is in a bell stays.",
      confirm: "Reset",
      tone: "bad",
    });
    if (!isSure) return;
    isResetting.value = true;
    form.failure.value = null;
    try {
      const builtIn = await api.resetText(type, channel, version);
      form.adopt(builtIn);
      cache.setQueryData(["section", key], builtIn);
      useDialogs().notify("The built-in text is back.");
      void templates.refresh();
    } catch (cause) {
      const error = toApiError(cause);
      if (error.code === "settings.conflict" && error.current) form.conflict.value = error.current as TextForm;
      else form.failure.value = error;
    } finally {
      isResetting.value = false;
    }
  }

  return { ...form, save, reset, isResetting, view, parts, lint, lintOf, isUsable };
}
