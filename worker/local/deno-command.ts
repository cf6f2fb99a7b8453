import { resolve } from "node:path";
import { freePort } from "./free-port.ts";
import { environmentOf, type Start, type Prepared } from "./prepared.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** Carillon as one Deno process. Its binary is called itself: the wrapper of the package drops SIGTERM. */
export async function denoCommand(start: Start): Promise<Prepared> {
  const port = start.port === 0 ? await freePort() : start.port;
  const url = `http://localhost:${port}`;
  const hasFaces = process.env.CARILLON_FACES === "1";
  const faces = hasFaces ? { redis: await portOf("CARILLON_REDIS_PORT", 8079), qstash: await portOf("CARILLON_QSTASH_PORT", 8080) } : null;
  return {
    command: `${ROOT}/node_modules/deno/deno`,
    args: [
      "run",
      "--no-lock",
      "--allow-net",
      "--allow-env",
      "--allow-sys",
      "--allow-read",
      `--allow-write=${start.data}`,
      `${ROOT}/worker/local/deno-main.ts`,
    ],
    env: {
      ...environmentOf(start, url),
      ...pick([
        "UPSTASH_REDIS_REST_URL",
        "UPSTASH_REDIS_REST_TOKEN",
        "QSTASH_URL",
        "QSTASH_TOKEN",
        "QSTASH_CURRENT_SIGNING_KEY",
        "QSTASH_NEXT_SIGNING_KEY",
      ]),
      ...(faces ? { CARILLON_FACE_PORTS: JSON.stringify(faces), CARILLON_FACE_SECRETS: JSON.stringify(start.secrets) } : {}),
      CARILLON_DATA: start.data,
      CARILLON_PORT: String(port),
      DENO_CERT: start.sandbox.smtp.caFile,
      DENO_NO_UPDATE_CHECK: "1",
    },
    url,
    faces: faces && { redisUrl: `http://localhost:${faces.redis}`, qstashUrl: `http://localhost:${faces.qstash}` },
  };
}

async function portOf(name: string, standard: number): Promise<number> {
  const number = Number(process.env[name] || standard);
  return number === 0 ? freePort() : number;
}

const pick = (names: string[]): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]!]] : [])));
