import { openSql } from "@carillon/worker/adapters/node-sqlite";
import { embeddedQueue } from "@carillon/worker/embedded/queue";
import { embeddedStore } from "@carillon/worker/embedded/store";
import { contractRunner } from "./contract-runner.ts";

const clock = { now: () => Date.now() };
const open = () => openSql(`${Deno.makeTempDirSync()}/contract.db`);

export default {
  fetch: contractRunner({
    sql: open,
    store: () => embeddedStore(open(), clock),
    queue: (handle) => embeddedQueue({ sql: open(), clock, handle }),
  }),
};
