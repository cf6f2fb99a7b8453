import { testStageSchema, type Channel, type TestStage } from "@carillon/shared/channels";
import { computed, ref, shallowRef } from "vue";
import { api, toApiError, type ApiError, type ChannelTest } from "../api.ts";

type Run = (request: ChannelTest, signal: AbortSignal) => AsyncIterable<unknown>;

/**
 * A test that runs in stages on the values of the form. `body` says what to test, and whether a result still holds; `run` gives
 * the stages, where this page has a part in them.
 */
export function useChannelTest(
  channel: Channel,
  body: () => ChannelTest,
  onEnd: () => void,
  run: Run = (request, signal) => api.testChannel(channel, request, signal),
) {
  const stages = ref<TestStage[]>([]);
  const isTesting = ref(false);
  const testError = shallowRef<ApiError | null>(null);
  const wasStopped = ref(false);
  const result = shallowRef<{ at: number; ok: boolean; remedy?: string } | null>(null);
  const tested = shallowRef<ChannelTest | null>(null);
  const isStale = computed(() => result.value !== null && JSON.stringify(tested.value) !== JSON.stringify(body()));
  let controller: AbortController | null = null;

  async function test(): Promise<void> {
    if (isTesting.value) return;
    const request = body();
    controller = new AbortController();
    tested.value = structuredClone(request);
    stages.value = [];
    testError.value = null;
    wasStopped.value = false;
    result.value = null;
    isTesting.value = true;
    try {
      for await (const line of run(request, controller.signal)) stages.value.push(testStageSchema.parse(line));
      const last = stages.value.at(-1);
      if (last?.stage !== "done") throw new Error("The test broke off before its end.");
      result.value = { at: Date.now(), ok: last.ok, remedy: last.remedy };
    } catch (error) {
      if (controller.signal.aborted) wasStopped.value = true;
      else testError.value = toApiError(error);
    } finally {
      isTesting.value = false;
      onEnd();
    }
  }

  /** Saving what was tested leaves the result true, though the typed secrets have gone from the form. */
  async function saveTested(save: () => Promise<boolean>): Promise<boolean> {
    const wasFresh = result.value !== null && !isStale.value;
    const isSaved = await save();
    if (isSaved && wasFresh) tested.value = structuredClone(body());
    return isSaved;
  }

  const stopTest = () => controller?.abort();

  return { stages, isTesting, testError, wasStopped, result, tested, isStale, test, stopTest, saveTested };
}
