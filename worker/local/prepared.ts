import type { Secrets } from "./secrets.ts";
import type { startSandbox } from "./sandbox/sandbox.ts";

export type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

/** What both ways of starting are given. */
export type Start = { state: string; secrets: Secrets; sandbox: Sandbox; port: number; stopping: (() => Promise<void> | void)[] };

/** A child process to be spawned, the address it will answer at, and where the Upstash faces are, if anywhere. */
export type Prepared = {
  command: string;
  args: string[];
  env: Record<string, string>;
  url: string;
  faces: { redisUrl: string; qstashUrl: string; storeWords: string } | null;
};

/** What Carillon itself is told, in either runtime. */
export function environmentOf({ secrets, sandbox }: Pick<Start, "secrets" | "sandbox">, url: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? "",
    HOME: process.env.HOME ?? "",
    CARILLON_PUBLIC_URL: process.env.CARILLON_PUBLIC_URL ?? url,
    CARILLON_SETTINGS_KEYS: process.env.CARILLON_SETTINGS_KEYS ?? JSON.stringify({ k1: secrets.settingsKey }),
    CARILLON_SETTINGS_KEY_ACTIVE: process.env.CARILLON_SETTINGS_KEY_ACTIVE ?? "",
    CARILLON_BOOTSTRAP_TOKEN: secrets.bootstrapToken,
    CARILLON_METRICS_TOKEN: process.env.CARILLON_METRICS_TOKEN ?? "",
    CARILLON_LOG: process.env.CARILLON_LOG ?? "",
    CARILLON_LOCAL_TOKEN: secrets.localToken,
    CARILLON_DEMO_KEY: secrets.apiKey,
    CARILLON_SANDBOX_URL: sandbox.httpUrl,
    CARILLON_ALLOW_PRIVATE_HOSTS: "1",
    CARILLON_TWILIO_URL: `${sandbox.twilio.account.accountSid}@${sandbox.twilio.url}`,
    CARILLON_GRAPH_URL: `${sandbox.graph.account.businessAccountId}@${sandbox.graph.url}`,
    CARILLON_PUSH_HOSTS: [sandbox.push.host, process.env.CARILLON_PUSH_HOSTS ?? ""].join(" "),
  };
}
