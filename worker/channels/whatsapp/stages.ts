import type { TestStage } from "@carillon/shared/channels";
import {
  checkMapping,
  type TemplateMapping,
  type WHATSAPP_STAGES,
  type WhatsAppSettings,
  type WhatsAppTemplate,
} from "@carillon/shared/whatsapp-settings";
import type { Configuration, Message } from "../channel.ts";
import { StageFailure, stagesOf } from "../provider.ts";
import { createClient } from "./client.ts";
import { buildMessage } from "./message.ts";
import { outcomeOf, type Patience } from "./session.ts";

type StageName = Exclude<(typeof WHATSAPP_STAGES)[number], "done">;

/** Asks for the number, then for the templates, then sends the first that is chosen and approved. */
export function testWhatsApp(configuration: Configuration<WhatsAppSettings>, to: string, patience: Patience): AsyncIterable<TestStage> {
  const client = createClient(configuration, patience.answer);
  let usable: TemplateMapping | null = null;
  const steps: readonly (readonly [StageName, () => Promise<string | undefined>])[] = [
    [
      "token",
      async () => {
        const phone = await asked(() => client.phone());
        return [phone.verified_name, phone.display_phone_number, phone.quality_rating].filter(Boolean).join(" · ");
      },
    ],
    [
      "templates",
      async () => {
        const listed = await asked(() => client.templates());
        const chosen = chosenTemplates(configuration.settings);
        const good = chosen.filter((mapping) => checkMapping(mapping, find(listed, mapping)).length === 0);
        const words = `${listed.filter(({ status }) => status === "APPROVED").length} of ${listed.length} approved, ${good.length} of ${chosen.length} chosen ones fit`;
        usable = good[0] ?? null;
        if (!usable) throw new StageFailure({ said: words, remedy: whyNone(chosen, listed) });
        return words;
      },
    ],
    [
      "accepted",
      async () => {
        const number = to.replace(/[\s()./-]/g, "");
        if (!/^\+[1-9]\d{6,14}$/.test(number))
          throw new StageFailure({ remedy: "Enter one number with its country, such as +15551234567." });
        if (!usable) throw new StageFailure({ remedy: "Choose an approved template first." });
        const message = buildMessage(testMessage(number), usable, configuration.sender);
        const { id, status } = await asked(() => client.send(message), usable);
        return `${status} ${id}`;
      },
    ],
  ];
  return stagesOf(steps);
}

const chosenTemplates = ({ templates }: WhatsAppSettings): TemplateMapping[] =>
  Object.values(templates).flatMap((one) => Object.values(one));

const find = (listed: WhatsAppTemplate[], { name, language }: TemplateMapping): WhatsAppTemplate | null =>
  listed.find((template) => template.name === name && template.language === language) ?? null;

function whyNone(chosen: TemplateMapping[], listed: WhatsAppTemplate[]): string {
  const [first] = chosen;
  if (!first) return "Choose an approved template for at least one event.";
  const [issue] = checkMapping(first, find(listed, first));
  return `${first.name}: ${issue?.message ?? "does not fit"}.`;
}

async function asked<T>(work: () => Promise<T>, template?: TemplateMapping): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, said, remedy } = outcomeOf(error, template);
    throw new StageFailure({ said: [code, said].filter(Boolean).join(" "), remedy });
  }
}

const testMessage = (address: string): Message => ({
  deliveryId: "test",
  org: "test",
  to: { id: "test", name: "Test", address, locale: "en" },
  event: { id: "test", type: "task_assigned", priority: "normal" },
  texts: { title: "Test", body: "Test", action: "", locale: "en" },
  link: null,
});
