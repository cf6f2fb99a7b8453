import { LOG_LEVELS, type LogLevel } from "../log.ts";
import type { Config } from "../ports.ts";

/** What both runtimes read from their environment, checked once at the start. Throws a sentence that says what is missing. */
export type Environment = {
  config: Config;
  settingsKeys: { keys: Record<string, string>; active: string };
  redis: { url: string; token: string } | null;
  qstash: { url: string; token: string; currentKey: string; nextKey: string } | null;
  log: LogLevel;
};

export function readEnvironment(env: Record<string, string | undefined>): Environment {
  const publicUrl = (env.CARILLON_PUBLIC_URL ?? "").replace(/\/+$/, "");
  if (!URL.canParse(publicUrl))
    throw new Error("CARILLON_PUBLIC_URL must be the address under which Carillon is reached, such as https://carillon.example.com");
  const isLoopback = ["localhost", "127.0.0.1", "[::1]"].includes(new URL(publicUrl).hostname);
  if (env.QSTASH_DEV !== undefined) throw new Error("QSTASH_DEV makes published keys valid; unset it.");
  if (!isLoopback && env.CARILLON_LOCAL_TOKEN) throw new Error("CARILLON_LOCAL_TOKEN is for a loopback address only; unset it.");
  return {
    config: {
      publicUrl,
      allowPrivateHosts: flag(env.CARILLON_ALLOW_PRIVATE_HOSTS),
      standIns: readStandIns(env),
      bootstrapToken: env.CARILLON_BOOTSTRAP_TOKEN || null,
      ...readMetricsToken(env),
      local: env.CARILLON_LOCAL_TOKEN
        ? { token: env.CARILLON_LOCAL_TOKEN, demoKey: env.CARILLON_DEMO_KEY ?? "", sandboxUrl: env.CARILLON_SANDBOX_URL ?? "" }
        : null,
    },
    settingsKeys: readKeys(env),
    redis: env.UPSTASH_REDIS_REST_URL ? { url: env.UPSTASH_REDIS_REST_URL, token: need(env, "UPSTASH_REDIS_REST_TOKEN") } : null,
    qstash: env.QSTASH_TOKEN
      ? {
          url: env.QSTASH_URL || "https://qstash.upstash.io",
          token: env.QSTASH_TOKEN,
          currentKey: need(env, "QSTASH_CURRENT_SIGNING_KEY"),
          nextKey: need(env, "QSTASH_NEXT_SIGNING_KEY"),
        }
      : null,
    log: readLogLevel(env),
  };
}

/** Whoever guesses it sees how much is sent and to how many, so it may not be short. */
function readMetricsToken({ CARILLON_METRICS_TOKEN: metricsToken }: Record<string, string | undefined>): Pick<Config, "metricsToken"> {
  if (!metricsToken) return {};
  if (metricsToken.length < SHORTEST_TOKEN) throw new Error(`CARILLON_METRICS_TOKEN must have ${SHORTEST_TOKEN} characters at least.`);
  return { metricsToken };
}
const SHORTEST_TOKEN = 16;

function readLogLevel({ CARILLON_LOG: text }: Record<string, string | undefined>): LogLevel {
  const level = LOG_LEVELS.find((one) => one === (text || "warn"));
  if (!level) throw new Error(`CARILLON_LOG must be ${LOG_LEVELS.join(" or ")}.`);
  return level;
}

/** `CARILLON_TWILIO_URL` and `CARILLON_GRAPH_URL` say `<account>@<address>`. */
function readStandIns(env: Record<string, string | undefined>): Config["standIns"] {
  const twilio = readStandIn(env, "CARILLON_TWILIO_URL");
  const graph = readStandIn(env, "CARILLON_GRAPH_URL");
  const pushHosts = env.CARILLON_PUSH_HOSTS?.split(/[\s,]+/).filter(Boolean);
  return { ...(twilio ? { twilio } : {}), ...(graph ? { graph } : {}), ...(pushHosts ? { pushHosts } : {}) };
}

function readStandIn(env: Record<string, string | undefined>, name: string): { url: string; account: string } | null {
  const value = env[name];
  if (!value) return null;
  const match = /^(\w+)@(https?:\/\/.+)$/.exec(value);
  if (!match) throw new Error(`${name} must be an account and where it is, such as AC123@http://localhost:8025/twilio`);
  return { account: match[1]!, url: match[2]! };
}

function readKeys(env: Record<string, string | undefined>): Environment["settingsKeys"] {
  let keys: unknown;
  try {
    keys = JSON.parse(env.CARILLON_SETTINGS_KEYS ?? "");
  } catch {
    throw new Error('CARILLON_SETTINGS_KEYS must be JSON such as {"k1":"<32 bytes in base64>"}: without it no secret can be sealed.');
  }
  const entries = Object.entries(keys as Record<string, unknown>).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  const active = env.CARILLON_SETTINGS_KEY_ACTIVE || entries.at(-1)?.[0];
  if (!active || !entries.some(([id]) => id === active))
    throw new Error("CARILLON_SETTINGS_KEY_ACTIVE must name one of CARILLON_SETTINGS_KEYS.");
  return { keys: Object.fromEntries(entries), active };
}

function need(env: Record<string, string | undefined>, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`${name} is missing.`);
  return value;
}

const flag = (value: string | undefined): boolean => value === "1" || value === "true";
