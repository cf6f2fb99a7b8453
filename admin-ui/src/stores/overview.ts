import type { ChannelView } from "@carillon/shared/settings";
import { useQuery, useQueryCache } from "@pinia/colada";
import { defineStore } from "pinia";
import { computed, ref } from "vue";
import { api } from "../api.ts";
import { firstRun } from "../overview/first-run.ts";
import { useSession } from "./session.ts";

const KEY = ["overview"];

export const useOverview = defineStore("overview", () => {
  const session = useSession();
  const cache = useQueryCache();
  const query = useQuery({ key: KEY, query: ({ signal }) => api.overview(signal) });
  const overview = computed(() => query.data.value);
  const steps = computed(() => (overview.value ? firstRun(overview.value) : []));

  /** A channel that was switched here stands so in its own tab too. */
  function setView(next: ChannelView): void {
    cache.setQueryData(["channel", next.channel], next);
    if (!overview.value) return;
    const channels = overview.value.channels.map((one) => (one.channel === next.channel ? { ...one, ...next } : one));
    cache.setQueryData(KEY, { ...overview.value, channels });
  }

  /** Dismissed by this admin in this browser. */
  const place = computed(() => `carillon:first-run:${session.session?.org}:${session.session?.admin.id}`);
  const isDismissed = ref(localStorage.getItem(place.value) !== null);
  function dismiss(): void {
    localStorage.setItem(place.value, "dismissed");
    isDismissed.value = true;
  }
  function showAgain(): void {
    localStorage.removeItem(place.value);
    isDismissed.value = false;
  }

  return { overview, loadError: query.error, refresh: query.refetch, steps, setView, isDismissed, dismiss, showAgain };
});
