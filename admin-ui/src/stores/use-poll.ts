import { onMounted, onUnmounted } from "vue";

export const POLL_MS = 5_000; // a switch or a fault elsewhere shows while one still looks

/** Repeats while the page is visible, and at once when it becomes so again. `run` keeps its own errors. */
export function usePoll(run: () => unknown, everyMs: number): void {
  let timer: ReturnType<typeof setInterval> | undefined;

  function start(): void {
    clearInterval(timer);
    if (document.visibilityState === "visible") timer = setInterval(run, everyMs);
  }
  function onVisibility(): void {
    if (document.visibilityState === "visible") run();
    start();
  }

  onMounted(() => {
    document.addEventListener("visibilitychange", onVisibility);
    start();
  });
  onUnmounted(() => {
    document.removeEventListener("visibilitychange", onVisibility);
    clearInterval(timer);
  });
}
