import type { Delivery } from "@carillon/shared/ledger";
import { useQuery } from "@pinia/colada";
import { defineStore } from "pinia";
import { ref, shallowRef } from "vue";
import { api, toApiError, type ApiError } from "../api.ts";
import { NO_FILTERS, searchOf, type Filters } from "../log/filters.ts";
import { withFresh } from "../log/live.ts";
import { useDialogs } from "./dialogs.ts";

const PAGE_ROWS = 50;

export const useDeliveries = defineStore("deliveries", () => {
  const rows = shallowRef<Delivery[] | null>(null);
  const next = ref<string | null>(null);
  const arrived = ref(new Set<string>());
  const error = shallowRef<ApiError | null>(null);
  const isLoadingMore = ref(false);
  let filters: Filters = NO_FILTERS;
  let running: AbortController | null = null;

  /** Shows the log under other filters; an answer to earlier ones is no longer wanted. */
  async function load(chosen: Filters): Promise<void> {
    filters = chosen;
    rows.value = null;
    arrived.value = new Set();
    await read(({ data, next: cursor }) => {
      rows.value = data;
      next.value = cursor;
    });
  }

  /** What has happened since, on top. Leaves a load that is under way alone. */
  async function refresh(): Promise<void> {
    if (running) return;
    await read(({ data, next: cursor }) => {
      const merged = withFresh(rows.value ?? [], data);
      if (rows.value === null || merged.isAnew) next.value = cursor;
      rows.value = merged.rows;
      arrived.value = new Set(merged.arrived);
    });
  }

  async function more(): Promise<void> {
    if (isLoadingMore.value || next.value === null) return;
    isLoadingMore.value = true;
    await read(({ data, next: cursor }) => {
      const known = new Set(rows.value?.map((row) => row.id));
      rows.value = [...(rows.value ?? []), ...data.filter((row) => !known.has(row.id))];
      next.value = cursor;
    }, next.value);
    isLoadingMore.value = false;
  }

  async function read(take: (page: { data: Delivery[]; next: string | null }) => void, cursor: string | null = null): Promise<void> {
    running?.abort();
    const own = (running = new AbortController());
    try {
      const page = await api.deliveries(searchOf(filters, Date.now(), { limit: PAGE_ROWS, cursor }), own.signal);
      if (own.signal.aborted) return;
      error.value = null;
      take(page);
    } catch (cause) {
      if (!own.signal.aborted) error.value = toApiError(cause);
    } finally {
      if (running === own) running = null;
    }
  }

  const ledger = useQuery({ key: ["ledger"], query: ({ signal }) => api.ledger(signal) });

  const openId = ref<string | null>(null);
  const detail = useQuery({
    key: () => ["delivery", openId.value ?? ""],
    query: ({ signal }) => api.delivery(openId.value ?? "", signal),
    enabled: () => openId.value !== null,
  });

  const isRetrying = ref(false);
  async function retry(id: string): Promise<void> {
    if (isRetrying.value) return;
    isRetrying.value = true;
    try {
      const { retried } = await api.retryDelivery(id);
      useDialogs().notify(retried === 0 ? "There was nothing to try again." : "It is queued once more.", retried === 0 ? "bad" : "good");
      await Promise.all([detail.refetch(), refresh()]);
    } catch (cause) {
      useDialogs().notify(toApiError(cause).message, "bad");
    } finally {
      isRetrying.value = false;
    }
  }

  return {
    rows,
    next,
    arrived,
    error,
    isLoadingMore,
    load,
    refresh,
    more,
    ledger: ledger.data,
    refreshLedger: ledger.refetch,
    openId,
    detail: detail.data,
    detailError: detail.error,
    refreshDetail: detail.refetch,
    isRetrying,
    retry,
  };
});
