import { useQuery } from "@pinia/colada";
import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";
import { api, toApiError, type ApiError, type SimulatedDecision } from "../api.ts";
import { idsIn, toRequest, type SimulatorForm } from "../simulator/request.ts";
import { fromLocalInput, ownZone, toLocalInput } from "../words/zoned-time.ts";

const SUGGESTIONS = 50;

export const useSimulator = defineStore("simulator", () => {
  const form = ref<Omit<SimulatorForm, "recipients">>({ type: "task_assigned", actor: "", priority: "", title: "Call Acme" });
  const recipients = ref("");
  const zone = ref(ownZone());
  /** Null is now, whenever that is asked. */
  const at = ref<string | null>(null);
  const shownAt = computed({
    get: () => at.value ?? "",
    set: (typed) => void (at.value = typed === "" ? null : typed),
  });

  /** People are offered from the log: whoever was told something has a name there. */
  const wanted = computed(() => idsIn(recipients.value).at(-1) ?? "");
  const known = useQuery({
    key: () => ["known-people", wanted.value],
    query: async ({ signal }) => {
      const search = new URLSearchParams({ limit: String(SUGGESTIONS), ...(wanted.value === "" ? {} : { q: wanted.value }) });
      const { data } = await api.deliveries(search, signal);
      return [...new Map(data.map(({ user, userName }) => [user, userName ?? user]))].map(([id, name]) => ({ id, name }));
    },
  });

  const decisions = shallowRef<SimulatedDecision[] | null>(null);
  const decidedAt = ref(0);
  const error = shallowRef<ApiError | null>(null);
  const isAsking = ref(false);
  const issue = ref<{ field: "recipients" | "at"; text: string } | null>(null);

  async function simulate(now: number): Promise<void> {
    if (isAsking.value) return;
    const people = idsIn(recipients.value);
    const instant = at.value === null ? now : fromLocalInput(at.value, zone.value);
    issue.value = null;
    if (people.length === 0) return void (issue.value = { field: "recipients", text: "Name at least one person by id" });
    if (instant === null) return void (issue.value = { field: "at", text: "A date and time, and a zone such as Europe/Berlin" });
    isAsking.value = true;
    error.value = null;
    try {
      decisions.value = (await api.simulate(toRequest({ ...form.value, recipients: people }, instant))).decisions;
      decidedAt.value = instant;
    } catch (cause) {
      decisions.value = null;
      error.value = toApiError(cause);
    } finally {
      isAsking.value = false;
    }
  }

  const useNowInstead = () => void (at.value = null);
  const startFrom = (now: number) => void (at.value ??= toLocalInput(now, zone.value));
  const byPerson = computed(() => {
    const groups = new Map<string, SimulatedDecision[]>();
    for (const decision of decisions.value ?? []) groups.set(decision.user, [...(groups.get(decision.user) ?? []), decision]);
    return groups;
  });

  return {
    form,
    recipients,
    zone,
    at,
    shownAt,
    known: known.data,
    decisions,
    decidedAt,
    byPerson,
    error,
    isAsking,
    issue,
    simulate,
    useNowInstead,
    startFrom,
  };
});
