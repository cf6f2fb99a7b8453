import { useQuery } from "@pinia/colada";
import { defineStore } from "pinia";
import { computed } from "vue";
import { api } from "../api.ts";

/** The events that texts can be written for, and which of their texts are no longer the built-in ones. */
export const useTemplates = defineStore("templates", () => {
  const query = useQuery({ key: ["texts"], query: ({ signal }) => api.texts(signal) });
  const rows = computed(() => query.data.value?.data ?? null);
  return { rows, loadError: query.error, refresh: query.refetch };
});
