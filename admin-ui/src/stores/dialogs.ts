import { defineStore } from "pinia";
import { ref, shallowRef } from "vue";

export type Question = { title: string; text: string; confirm: string; cancel?: string; tone?: "bad" };
export type Notice = { id: number; tone: "good" | "bad"; text: string };

const NOTICE_MS = 6_000; // long enough to read a sentence twice

/** The yes-or-no question that is open, and the short notices at the edge of the page. */
export const useDialogs = defineStore("dialogs", () => {
  const question = shallowRef<Question | null>(null);
  const notices = ref<Notice[]>([]);
  let answerOpen: ((yes: boolean) => void) | null = null;
  let lastNotice = 0;

  function ask(next: Question): Promise<boolean> {
    answer(false);
    question.value = next;
    return new Promise((resolve) => (answerOpen = resolve));
  }

  function answer(yes: boolean): void {
    question.value = null;
    answerOpen?.(yes);
    answerOpen = null;
  }

  function notify(text: string, tone: Notice["tone"] = "good"): void {
    const id = ++lastNotice;
    notices.value = [...notices.value.filter((notice) => notice.text !== text), { id, tone, text }];
    setTimeout(() => dismiss(id), NOTICE_MS);
  }

  function dismiss(id: number): void {
    notices.value = notices.value.filter((notice) => notice.id !== id);
  }

  return { question, notices, ask, answer, notify, dismiss };
});
