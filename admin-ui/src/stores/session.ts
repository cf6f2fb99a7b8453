import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";
import { mayChange, mayOperate } from "../access.ts";
import { api, ApiError, onUnauthorized, toApiError, type Session } from "../api.ts";
import { useDialogs } from "./dialogs.ts";

/** `out`: nobody was signed in. `ended`: somebody was, and what they typed is still on the page. */
type State = "starting" | "in" | "out" | "ended" | "unreachable";

export const useSession = defineStore("session", () => {
  const state = ref<State>("starting");
  const session = shallowRef<Session | null>(null);
  const problem = shallowRef<ApiError | null>(null);
  const role = computed(() => session.value?.role);

  onUnauthorized(() => {
    state.value = state.value === "in" || state.value === "ended" ? "ended" : "out";
  });

  function enter(next: Session): void {
    // Someone else's half-typed settings are none of the next admin's business.
    if (session.value && session.value.admin.id !== next.admin.id) location.reload();
    session.value = next;
    problem.value = null;
    state.value = "in";
  }

  /** Asks who is signed in. A used link is no harm where its session still stands. */
  async function check(): Promise<void> {
    try {
      enter(await api.session());
    } catch (error) {
      const cause = toApiError(error);
      if (cause.status === 401) return;
      problem.value = cause;
      if (session.value === null) state.value = "unreachable";
    }
  }

  async function signIn(ticket: string): Promise<boolean> {
    const isFirst = state.value === "starting";
    try {
      enter(await api.signIn(ticket));
      return true;
    } catch (error) {
      problem.value = toApiError(error);
      if (isFirst) await check();
      return false;
    }
  }

  async function signOut(): Promise<void> {
    await api.signOut();
    // A fresh page holds nothing of what this admin has seen.
    location.assign("/");
  }

  /** Runs what needs a fresh confirmation; where the server asks for one, asks the admin and runs it again. Null if they declined. */
  async function confirmed<Answer>(run: () => Promise<Answer>): Promise<Answer | null> {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "session.confirm-needed") throw error;
      const isSure = await useDialogs().ask({
        title: "Is it still you?",
        text: `You signed in some time ago as ${session.value?.admin.name}. Secrets are shown only to someone who has just confirmed this.`,
        confirm: "Yes, it is me",
      });
      if (!isSure) return null;
      await api.confirmSession();
      return run();
    }
  }

  return {
    state,
    session,
    problem,
    mayOperate: computed(() => mayOperate(role.value)),
    mayChange: computed(() => mayChange(role.value)),
    check,
    signIn,
    signOut,
    confirmed,
  };
});
