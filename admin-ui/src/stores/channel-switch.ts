import type { Channel } from "@carillon/shared/channels";
import type { ChannelView, Release } from "@carillon/shared/settings";
import { ref, shallowRef, type Ref } from "vue";
import { api, toApiError, type ApiError } from "../api.ts";
import { useDialogs } from "./dialogs.ts";

/** Switching a channel on and off, each behind a dialog that says what happens. */
export function useChannelSwitch(channel: Channel, view: Readonly<Ref<ChannelView | undefined>>, setView: (next: ChannelView) => void) {
  const asking = ref<"on" | "off" | null>(null);
  const isSwitching = ref(false);
  const switchError = shallowRef<ApiError | null>(null);

  /** A healthy channel with nothing parked has nothing to ask when it goes on. */
  async function toggle(): Promise<void> {
    if (!view.value || isSwitching.value) return;
    switchError.value = null;
    if (!view.value.configured) useDialogs().notify("Set this channel up and save it, then switch it on.", "bad");
    else if (view.value.enabled) asking.value = "off";
    else if (view.value.parked > 0 || view.value.health.state !== "ok") asking.value = "on";
    else await enable("all");
  }

  const enable = (release: Release) => change(() => api.enableChannel(channel, release), "Switched on.");
  const disable = () => change(() => api.disableChannel(channel), "Switched off. Deliveries now wait.");

  async function change(run: () => Promise<ChannelView>, done: string): Promise<void> {
    isSwitching.value = true;
    switchError.value = null;
    try {
      setView(await run());
      asking.value = null;
      useDialogs().notify(done);
    } catch (error) {
      switchError.value = toApiError(error);
      if (asking.value === null) useDialogs().notify(switchError.value.message, "bad");
    } finally {
      isSwitching.value = false;
    }
  }

  return { asking, isSwitching, switchError, toggle, enable, disable };
}
