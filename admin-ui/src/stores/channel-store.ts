import type { Channel } from "@carillon/shared/channels";
import type { ChannelView, Release } from "@carillon/shared/settings";
import type { ApiError } from "../api.ts";
import type { Difference, Side } from "../form/conflict.ts";

/** What a channel's tab needs of its store, whichever settings that has. */
export type ChannelStore = {
  channel: Channel;
  view: ChannelView | undefined;
  base: object | null;
  loadError: unknown;
  changes: string[];
  secrets: Record<string, string | null>;
  isOutdated: boolean;
  isSaving: boolean;
  failure: ApiError | null;
  conflict: ChannelView | null;
  conflictDifferences: Difference[];
  refresh(): unknown;
  save(): Promise<boolean>;
  discard(): void;
  settle(choices: Record<string, Side>): Promise<void>;
  asking: "on" | "off" | null;
  isSwitching: boolean;
  switchError: ApiError | null;
  toggle(): Promise<void>;
  enable(release: Release): Promise<void>;
  disable(): Promise<void>;
};
