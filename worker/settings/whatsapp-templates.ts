import type { WhatsAppSettings, WhatsAppTemplate } from "@carillon/shared/whatsapp-settings";
import type { Configuration } from "../channels/channel.ts";
import { AppError } from "../errors.ts";
import type { Ports } from "../ports.ts";
import type { ChannelForm } from "./channel-form.ts";
import { prepareTrial } from "./channel-test.ts";
import type { Place } from "./channels.ts";

/**
 * The account's templates as Meta has them at this moment, with the values of a form over what is saved; its mappings are of no
 * matter, so that one that is not finished does no harm.
 * @throws 409 `channel.unconfigured`, 422 `settings.invalid`, 502 `whatsapp.refused` with Meta's words
 */
export async function listTemplates(
  ports: Ports,
  place: Place,
  { settings, secrets }: Partial<ChannelForm>,
): Promise<{ templates: WhatsAppTemplate[]; fetchedAt: string }> {
  const form = settings ? { settings: { ...settings, templates: {} }, secrets } : { secrets };
  const { configuration } = await prepareTrial(ports, place, "whatsapp", form);
  // Its own schema has just passed it.
  const listed = await ports.channels.whatsapp.templates(configuration as Configuration<WhatsAppSettings>);
  if ("outcome" in listed) {
    const { said, remedy } = listed.outcome;
    throw new AppError(502, "whatsapp.refused", [remedy, said && `Meta said: ${said}`].filter(Boolean).join(" "));
  }
  return { templates: listed.templates, fetchedAt: new Date(ports.clock.now()).toISOString() };
}
