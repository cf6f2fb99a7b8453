import { onScopeDispose, ref, type Ref } from "vue";

const TICK_MS = 10_000; // "just now" and "1 minute ago" need no more

/** The time, for words such as "5 minutes ago" that must not stand still. */
export function useNow(): Ref<number> {
  const now = ref(Date.now());
  const timer = setInterval(() => (now.value = Date.now()), TICK_MS);
  onScopeDispose(() => clearInterval(timer));
  return now;
}
