import { type StoreChoice, startFaces } from "./faces/start.ts";
import type { Prepared, Start } from "./prepared.ts";

type Faces = NonNullable<Prepared["faces"]>;

/** Whether the environment asks for a store or a form of it that only the faces can offer. */
export const needsFaces = (): boolean => process.env.CARILLON_FACES === "1" || chooseStore().kind !== "embedded";

/** Only what the environment says decides: a Redis that happens to be installed moves no data. */
function chooseStore(): StoreChoice {
  const { REDIS_URL, CARILLON_REDIS_SERVER } = process.env;
  if (REDIS_URL) return { kind: "redis", url: REDIS_URL };
  return { kind: CARILLON_REDIS_SERVER === "1" ? "redis-server" : "embedded" };
}

/** Serves a store and the embedded queue as Upstash would, until the start is stopped. */
export async function facesOf(start: Start): Promise<Faces> {
  const faces = await startFaces({
    data: start.state,
    store: chooseStore(),
    secrets: start.secrets,
    redisPort: Number(process.env.CARILLON_REDIS_PORT || 8079),
    qstashPort: Number(process.env.CARILLON_QSTASH_PORT || 8080),
  });
  start.stopping.push(() => faces.stop());
  return { redisUrl: faces.redisUrl, qstashUrl: faces.qstashUrl, storeWords: faces.storeWords };
}

/** What the Upstash clients are told: the real services where the environment names them, else the faces, else nothing. */
export function upstashEnvironment({ secrets }: Pick<Start, "secrets">, faces: Faces | null): Record<string, string> {
  const { env } = process;
  const redis = env.UPSTASH_REDIS_REST_URL
    ? { url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN ?? "" }
    : faces && { url: faces.redisUrl, token: secrets.redisToken };
  const qstash = env.QSTASH_TOKEN
    ? {
        url: env.QSTASH_URL ?? "",
        token: env.QSTASH_TOKEN,
        current: env.QSTASH_CURRENT_SIGNING_KEY ?? "",
        next: env.QSTASH_NEXT_SIGNING_KEY ?? "",
      }
    : faces && { url: faces.qstashUrl, token: secrets.qstashToken, current: secrets.qstashCurrentKey, next: secrets.qstashNextKey };
  return {
    ...(redis ? { UPSTASH_REDIS_REST_URL: redis.url, UPSTASH_REDIS_REST_TOKEN: redis.token } : {}),
    ...(qstash
      ? {
          QSTASH_URL: qstash.url,
          QSTASH_TOKEN: qstash.token,
          QSTASH_CURRENT_SIGNING_KEY: qstash.current,
          QSTASH_NEXT_SIGNING_KEY: qstash.next,
        }
      : {}),
  };
}
