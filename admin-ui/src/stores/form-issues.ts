import type { Issue } from "@carillon/shared/events";
import { computed, ref, watch } from "vue";
import type * as z from "zod";
import { byField, issuesIn } from "../form/issues.ts";
import { leavesOf } from "../form/paths.ts";

/** What is wrong with a form, by field: its own schema's complaints where the admin has been, and the server's until the field is changed. */
export function useFormIssues(schema: z.ZodType, settings: () => object, typed: () => object) {
  const visited = ref(new Set<string>());
  const wasRefused = ref(false);
  const serverIssues = ref<Record<string, string>>({});
  const ownIssues = computed(() => issuesIn(schema, settings()));
  const issues = computed(() => {
    const shown = Object.entries(ownIssues.value).filter(([path]) => wasRefused.value || visited.value.has(path));
    return { ...serverIssues.value, ...Object.fromEntries(shown) };
  });

  watch(
    () => leavesOf(typed()),
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
  const visit = (path: string) => void visited.value.add(path);
  function clearIssues(): void {
    visited.value = new Set();
    wasRefused.value = false;
    serverIssues.value = {};
  }

  return { issues, check, showIssues, visit, clearIssues };
}
