import { computed, ref, watch } from "vue";
import type { useChannelForm } from "./channel-form.ts";
import { useChannelTest } from "./channel-test.ts";

/** The test of what a form holds, saved or not, sent to where the admin types; and a save that keeps its result. */
export function useFormTest<Draft extends object>(
  form: ReturnType<typeof useChannelForm<Draft>>,
  { firstTo, missing }: { firstTo: string; missing: string },
) {
  const to = ref(firstTo);
  watch(to, () => form.showIssues([]));
  const testing = useChannelTest(
    form.channel,
    () => {
      const { settings, secrets = {} } = form.toPut(0);
      return { settings, secrets, to: to.value.trim() };
    },
    () => void form.refresh(),
  );

  /** Tests what the form holds, once it can be sent at all. False if there is something to correct first. */
  async function test(): Promise<boolean> {
    const isComplete = form.check();
    if (to.value.trim() === "") form.showIssues([{ path: "to", message: missing }]);
    if (!isComplete || to.value.trim() === "") return false;
    await testing.test();
    const errors = testing.testError.value?.errors ?? [];
    form.showIssues(errors);
    return errors.length === 0;
  }

  const testedFor = computed(() => testing.tested.value?.to ?? "");
  const save = () => testing.saveTested(form.save);

  return { ...testing, to, testedFor, test, save };
}
