import type { TestStage } from "@carillon/shared/channels";
import type { SMS_STAGES, SmsSettings } from "@carillon/shared/sms-settings";
import type { Configuration, Outcome } from "../channel.ts";
import { StageFailure, stagesOf } from "../provider.ts";
import { createClient } from "./client.ts";
import { parseNumber, writeNumber } from "./number.ts";
import { outcomeOf, requestOf, type Patience } from "./session.ts";

type StageName = Exclude<(typeof SMS_STAGES)[number], "done">;

/** Asks for the account, then for the number, then sends a real message; the first that fails is the last before `done`. */
export function testSms(configuration: Configuration<SmsSettings>, to: string, patience: Patience): AsyncIterable<TestStage> {
  const client = createClient(configuration, patience.answer);
  const { settings, sender } = configuration;
  const steps: readonly (readonly [StageName, () => Promise<string | undefined>])[] = [
    [
      "credentials",
      async () => {
        const account = await asked(() => client.account());
        if (account.status !== "active") {
          throw new StageFailure({ said: account.status, remedy: "The Twilio account is not active: look at its dashboard." });
        }
        return account.type === "Trial" ? `${account.name} (trial: reaches verified numbers only)` : account.name;
      },
    ],
    [
      "number",
      async () => {
        if (settings.messagingServiceSid) return "The messaging service chooses the number.";
        if (!settings.from.startsWith("+")) return "A short code or name is not looked up.";
        const maySend = await asked(() => client.maySend(settings.from));
        if (maySend === null) throw new StageFailure({ remedy: "This account has no such number: choose one from the Twilio console." });
        if (!maySend) throw new StageFailure({ remedy: "This number can't send SMS: choose one that can in the Twilio console." });
        return `${writeNumber(settings.from)} can send SMS.`;
      },
    ],
    [
      "accepted",
      async () => {
        const number = parseNumber(to);
        if (!number) throw new StageFailure({ remedy: "Enter one number with its country, such as +15551234567." });
        const message = testMessage(number, sender.orgName);
        const { sid, status, errorCode } = await asked(() => client.create(requestOf(message, configuration)));
        if (errorCode) throw new StageFailure({ said: `${status} ${errorCode}`, remedy: "Twilio took the message and could not send it." });
        return `${status} ${sid}`;
      },
    ],
  ];
  return stagesOf(steps);
}

async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, said, remedy }: Outcome = outcomeOf(error);
    throw new StageFailure({ said: [code, said].filter(Boolean).join(" "), remedy });
  }
}

const testMessage = (address: string, orgName: string) => ({
  deliveryId: "test",
  org: "test",
  to: { id: "test", name: null, address, locale: "en" },
  event: { id: "test", type: "task_assigned" as const, priority: "normal" as const },
  texts: { title: "", body: `Test message from ${orgName}: SMS works.`, action: "", locale: "en" },
  link: null,
});
