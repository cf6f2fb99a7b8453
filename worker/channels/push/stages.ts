import type { TestStage } from "@carillon/shared/channels";
import { pushSubscriptionSchema, type PUSH_STAGES, type PushSettings } from "@carillon/shared/push-settings";
import type { Configuration, Message, PushSubscription } from "../channel.ts";
import { StageFailure, stagesOf } from "../provider.ts";
import { whyNotEndpoint } from "./endpoint-policy.ts";
import { isPair, pairsOf } from "./keys.ts";
import { sendTo, type Patience } from "./session.ts";

type StageName = Exclude<(typeof PUSH_STAGES)[number], "done">;

/** `to` is the subscription of the admin's own browser as JSON. Its service worker then confirms that the message was shown. */
export function testPush(configuration: Configuration<PushSettings>, to: string, patience: Patience): AsyncIterable<TestStage> {
  const pairs = pairsOf(configuration.settings, configuration.secrets);
  let subscription: PushSubscription | null = null;
  const steps: readonly (readonly [StageName, () => Promise<string | undefined>])[] = [
    [
      "keys",
      async () => {
        if (!pairs.every(isPair)) throw new StageFailure({ remedy: "The VAPID keys do not belong together: generate new ones." });
        return pairs.length > 1 ? "Two pairs are live." : undefined;
      },
    ],
    [
      "subscription",
      async () => {
        const parsed = pushSubscriptionSchema.safeParse(asJson(to));
        if (!parsed.success) throw new StageFailure({ remedy: "Allow notifications in this browser first." });
        const refusal = whyNotEndpoint(parsed.data.endpoint, configuration.endpoints?.pushHosts);
        if (refusal) throw new StageFailure({ remedy: `${refusal}.` });
        subscription = parsed.data;
        return new URL(parsed.data.endpoint).host;
      },
    ],
    [
      "accepted",
      async () => {
        if (!subscription) throw new StageFailure({ remedy: "Allow notifications in this browser first." });
        const { kind, code, said, remedy } = await sendTo(subscription, testMessage(configuration), configuration, pairs, patience);
        const words = [code, said].filter(Boolean).join(" ");
        if (kind !== "ok") throw new StageFailure({ said: words, remedy });
        return words;
      },
    ],
  ];
  return stagesOf(steps);
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

const testMessage = ({ sender }: Configuration<PushSettings>): Message => ({
  deliveryId: `test.${crypto.randomUUID()}`,
  org: "test",
  to: { id: "test", name: null, address: "", locale: "en" },
  event: { id: "test", type: "task_assigned", priority: "high" },
  texts: { title: `Test message from ${sender.orgName}`, body: "Browser push works.", action: "", locale: "en" },
  link: "/",
  validForSeconds: 300,
});
