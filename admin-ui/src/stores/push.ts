import { pushSettingsSchema, type PushSettings } from "@carillon/shared/push-settings";
import { useQuery } from "@pinia/colada";
import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";
import { api, toApiError } from "../api.ts";
import { withPace } from "../form/pace.ts";
import { testBrowser, thisBrowser } from "../push/this-browser.ts";
import { plural } from "../words/time.ts";
import { useChannelForm } from "./channel-form.ts";
import { useChannelSwitch } from "./channel-switch.ts";
import { useChannelTest } from "./channel-test.ts";
import { useDialogs } from "./dialogs.ts";
import { useSession } from "./session.ts";

type PushDraft = Pick<PushSettings, "subject" | "publicKey">;

export const usePush = defineStore("push", () => {
  const form = useChannelForm(withPace<PushDraft>({ channel: "push", schema: pushSettingsSchema, toDraft, toSettings: (draft) => draft }));
  const { draft, view, base } = form;
  const session = useSession();
  const dialogs = useDialogs();

  const live = computed(() => (view.value?.settings ?? {}) as Partial<PushSettings>);
  const query = useQuery({ key: ["push-browsers"], query: ({ signal }) => api.browsers(signal) });
  /** How many browsers hold each live pair. */
  const browsers = computed(() => {
    const counts = query.data.value;
    if (!counts) return null;
    const holding = (key: string | undefined) => (key ? (counts.byKey[key] ?? 0) : 0);
    return { ...counts, current: holding(live.value.publicKey), previous: holding(live.value.previousPublicKey) };
  });

  const isGenerating = ref(false);
  /** What was generated here; of no more use once `expiresAt` has passed. */
  const generated = shallowRef<{ publicKey: string; expiresAt: string } | null>(null);
  const isNewPair = computed(
    () => generated.value !== null && generated.value.publicKey === draft.value.publicKey && form.changes.value.includes("publicKey"),
  );

  async function generate(): Promise<void> {
    if (isGenerating.value || (live.value.publicKey && !(await isSure()))) return;
    isGenerating.value = true;
    try {
      generated.value = await api.generateKeys();
      draft.value.publicKey = generated.value.publicKey;
      draft.value.subject ||= `mailto:${session.session?.admin.email ?? ""}`;
    } catch (error) {
      dialogs.notify(toApiError(error).message, "bad");
    } finally {
      isGenerating.value = false;
    }
  }

  function isSure(): Promise<boolean> {
    const held = plural(browsers.value?.current ?? 0, "browser");
    const older = browsers.value?.previous ?? 0;
    const cutOff = `A rotation is under way already: ${plural(older, "browser")} still on the pair before ${older === 1 ? "gets" : "get"} nothing more until the CRM is opened there again.`;
    return dialogs.ask({
      title: "Generate new keys over live ones?",
      text: `Nothing changes before you save. Then new browsers get the new pair, and those with the present one (${held}) go on getting messages until each has changed over by itself.${live.value.previousPublicKey ? ` ${cutOff}` : ""}`,
      confirm: "Generate",
    });
  }

  const isEnding = ref(false);
  /** Takes the previous pair away at once; what else stands in the form stays unsaved. */
  async function endRotation(): Promise<void> {
    const left = browsers.value?.previous ?? 0;
    const text = `${plural(left, "browser")} still ${left === 1 ? "holds" : "hold"} the previous pair and ${left === 1 ? "gets" : "get"} nothing more until the CRM is opened there again.`;
    const mayEnd = left === 0 || (await dialogs.ask({ title: "End the rotation now?", text, confirm: "End rotation", tone: "bad" }));
    if (!mayEnd || !view.value || !base.value) return;
    isEnding.value = true;
    try {
      const { version, settings } = view.value;
      const saved = await api.saveChannel("push", { version, settings: { ...settings, previousPublicKey: "" } });
      form.adopt(saved, { draft: base.value.draft, secrets: {} });
      form.setView(saved);
      dialogs.notify("The rotation has ended: one pair is live.");
    } catch (error) {
      dialogs.notify(toApiError(error).message, "bad");
    } finally {
      isEnding.value = false;
    }
  }

  const testing = useChannelTest(
    "push",
    () => ({ settings: form.toPut(0).settings }),
    () => void form.refresh(),
    (request, signal) =>
      testBrowser(thisBrowser, draft.value.publicKey, (to) => api.testChannel("push", { ...request, to }, signal), signal),
  );
  /** False if there is something to correct first. */
  async function test(): Promise<boolean> {
    if (!form.check()) return false;
    await testing.test();
    const errors = testing.testError.value?.errors ?? [];
    form.showIssues(errors);
    return errors.length === 0;
  }

  async function save(): Promise<boolean> {
    const isSaved = await testing.saveTested(form.save);
    if (isSaved) void query.refetch();
    return isSaved;
  }

  return {
    ...form,
    ...useChannelSwitch("push", view, form.setView),
    ...testing,
    test,
    save,
    live,
    browsers,
    refreshBrowsers: query.refetch,
    isGenerating,
    generated,
    isNewPair,
    generate,
    isEnding,
    endRotation,
  };
});

const toDraft = (stored: Record<string, unknown>): PushDraft => {
  const { subject = "", publicKey = "" } = stored as Partial<PushSettings>;
  return { subject, publicKey };
};
