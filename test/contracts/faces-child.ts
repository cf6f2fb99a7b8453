import { startFaces } from "@carillon/worker/local/faces/start";
import { TOKENS } from "./harness.ts";

/** Serves the faces until it is killed, and prints where. Argument: the folder of their data. */
const { redisUrl, qstashUrl } = await startFaces({ data: process.argv[2] ?? "", secrets: TOKENS, redisPort: 0, qstashPort: 0 });
process.stdout.write(`${JSON.stringify({ redisUrl, qstashUrl })}\n`);
