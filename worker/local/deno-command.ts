import { resolve } from "node:path";
import { facesOf, needsFaces, upstashEnvironment } from "./faces.ts";
import { freePort } from "./free-port.ts";
import { environmentOf, type Start, type Prepared } from "./prepared.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** Threads that help to collect young garbage mostly wait for each other: on two cores they take a fifth of the CPU of an event. */
const NURSERY = "--v8-flags=--no-parallel-scavenge";

/** Carillon as one Deno process. Its binary is called itself: the wrapper of the package drops SIGTERM. */
export async function denoCommand(start: Start): Promise<Prepared> {
  const port = start.port === 0 ? await freePort() : start.port;
  const url = `http://localhost:${port}`;
  const faces = needsFaces() ? await facesOf(start) : null;
  return {
    command: `${ROOT}/node_modules/deno/deno`,
    args: [
      "run",
      "--no-lock",
      NURSERY,
      "--allow-net",
      "--allow-env",
      "--allow-sys",
      "--allow-read",
      `--allow-write=${start.state}`,
      `${ROOT}/worker/local/deno-main.ts`,
    ],
    env: {
      ...environmentOf(start, url),
      ...upstashEnvironment(start, faces),
      CARILLON_DATA: start.state,
      CARILLON_PORT: String(port),
      DENO_CERT: start.sandbox.smtp.caFile,
      DENO_NO_UPDATE_CHECK: "1",
    },
    url,
    faces,
  };
}
