import type { Channel } from "@carillon/shared/channels";
import { api, toApiError } from "../api.ts";
import { useDialogs } from "./dialogs.ts";
import { useSession } from "./session.ts";

/** Reads a stored secret for the eye and copy buttons. Null where the admin declined or the server refused; why is then said. */
export async function revealSecret(channel: Channel, field: string): Promise<string | null> {
  try {
    const answer = await useSession().confirmed(() => api.revealSecret(channel, field));
    return answer?.value ?? null;
  } catch (error) {
    useDialogs().notify(toApiError(error).message, "bad");
    return null;
  }
}
