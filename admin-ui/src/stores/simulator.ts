import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";
import { api, toApiError, type ApiError, type KnownPerson, type SimulatedDecision } from "../api.ts";
import { everybody } from "../simulator/people.ts";
import { toRequest, type SimulatorForm } from "../simulator/request.ts";
import { fromLocalInput, ownZone, toLocalInput } from "../words/zoned-time.ts";

export const useSimulator = defineStore("simulator", () => {
  const form = ref<Omit<SimulatorForm, "recipients" | "actor">>({ type: "task_assigned", priority: "", title: "Call Acme" });
  /** Who was chosen, and what stands in the field beside them. */
  const recipients = ref({ chosen: [] as string[], typed: "" });
  const actor = ref({ chosen: [] as string[], typed: "" });
  const names = ref<Record<string, string>>({});
  const see = (people: KnownPerson[]) => people.forEach(({ id, name }) => name && (names.value[id] = name));
  const zone = ref(ownZone());
  /** Null is now, whenever that is asked. */
  const at = ref<string | null>(null);
  const shownAt = computed({
    get: () => at.value ?? "",
    set: (typed) => void (at.value = typed === "" ? null : typed),
  });

  const decisions = shallowRef<SimulatedDecision[] | null>(null);
  const decidedAt = ref(0);
  const error = shallowRef<ApiError | null>(null);
  const isAsking = ref(false);
  const issue = ref<{ field: "recipients" | "at"; text: string } | null>(null);

  async function simulate(now: number): Promise<void> {
    if (isAsking.value) return;
    const people = everybody(recipients.value.chosen, recipients.value.typed);
    const cause = everybody(actor.value.chosen, actor.value.typed).at(-1) ?? null;
    const instant = at.value === null ? now : fromLocalInput(at.value, zone.value);
    issue.value = null;
    if (people.length === 0) return void (issue.value = { field: "recipients", text: "Choose at least one person" });
    if (instant === null) return void (issue.value = { field: "at", text: "A date and time, and a zone such as Europe/Berlin" });
    isAsking.value = true;
    error.value = null;
    try {
      decisions.value = (await api.simulate(toRequest({ ...form.value, recipients: people, actor: cause }, instant))).decisions;
      decidedAt.value = instant;
    } catch (problem) {
      decisions.value = null;
      error.value = toApiError(problem);
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
    actor,
    names,
    see,
    zone,
    at,
    shownAt,
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
