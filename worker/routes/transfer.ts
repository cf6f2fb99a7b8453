import * as z from "zod";
import { LIMITS } from "@carillon/shared/limits";
import { conflict, invalid, notFound, type AppError } from "../errors.ts";
import { lastChanges } from "../pipeline/last-changes.ts";
import type { Ports } from "../ports.ts";
import { readOrg, readOrgs } from "../settings/org.ts";
import type { Refused, TransferAnswer } from "../shard/transfer/transfer.ts";
import { route, type Route } from "./route.ts";

const org = z.string().regex(/^[a-z0-9-]{1,40}$/);
const place = { org, shard: z.int().min(0).max(255) };
const backup = z.string().min(1).max(60);
const table = z.string().max(60);
const key = z.array(z.union([z.string(), z.number()])).nullable();

const backupSchema = z.union([
  z.strictObject({ act: z.literal("begin"), ...place, backup }),
  z.strictObject({ act: z.literal("page"), ...place, backup, table, after: key }),
  z.strictObject({ act: z.literal("changes"), ...place, backup, after: z.int() }),
  z.strictObject({ act: z.literal("last"), org, shards: z.array(z.strictObject({ backup, after: z.int() })).max(256) }),
  z.strictObject({ act: z.literal("end"), ...place, backup }),
]);
const restoreSchema = z.union([
  z.strictObject({ act: z.literal("clear"), ...place, schema: z.int() }),
  z.strictObject({ act: z.literal("rows"), ...place, table, rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))) }),
  z.strictObject({ act: z.literal("digest"), ...place, table, after: key }),
  z.strictObject({ act: z.literal("index"), ...place }),
  z.strictObject({ act: z.literal("ready"), ...place }),
]);

/** What `npm run backup -- --url` and `npm run restore -- --url` call, step by step; see shard/transfer/transfer.ts. */
export const transferRoutes: Route[] = [
  route({
    method: "GET",
    path: "/internal/backup",
    caller: { kind: "operator", token: "bootstrap" },
    summary: "All organisations with their shards.",
    answer: { description: "What there is to be backed up" },
    handle: async ({ c, ports }) => c.json({ orgs: (await readOrgs(ports)).map(({ org: name, shards }) => ({ org: name, shards })) }),
  }),
  route<z.infer<typeof backupSchema>>({
    method: "POST",
    path: "/internal/backup",
    caller: { kind: "operator", token: "bootstrap" },
    summary: "One step of a backup of a shard, which goes on meanwhile.",
    body: backupSchema,
    maxBytes: LIMITS.adminBytes,
    answer: { description: "Rows, or that it is done" },
    async handle({ c, ports, body }) {
      const known = await readOrg(ports, body.org);
      if (!known) throw notFound("organisation");
      if (body.act === "last") {
        if (body.shards.length !== known.shards) throw invalid("backup.shards", `${body.org} has ${known.shards} shards.`);
        return c.json(await lastChanges(ports, body.org, body.shards));
      }
      return c.json(await done(ports, body));
    },
  }),
  route<z.infer<typeof restoreSchema>>({
    method: "POST",
    path: "/internal/restore",
    caller: { kind: "operator", token: "bootstrap" },
    summary: "One step of a restore of a shard, of an organisation that is not here yet.",
    body: restoreSchema,
    maxBytes: LIMITS.batchBytes,
    answer: { description: "Done, or by what the copy is compared" },
    async handle({ c, ports, body }) {
      if (await readOrg(ports, body.org))
        throw conflict("restore.exists", `The organisation ${body.org} exists already; nothing of it was changed.`);
      return c.json(await done(ports, body));
    },
  }),
];

async function done(ports: Ports, { org: name, shard, ...step }: Step): Promise<TransferAnswer> {
  const answer = await ports.shards.get(name, shard).transfer(step);
  if ("refused" in answer) throw WHY[answer.refused](`Shard ${shard} of ${name}`);
  return answer;
}
type Step = Exclude<z.infer<typeof backupSchema>, { act: "last" }> | z.infer<typeof restoreSchema>;

const WHY: Record<Refused, (shard: string) => AppError> = {
  lost: (shard) => conflict("backup.lost", `${shard} knows this backup no more: it has ended, or another has begun. Please begin again.`),
  "not-empty": (shard) => conflict("restore.not-empty", `${shard} holds something already; nothing of it was changed.`),
  "not-filling": (shard) => conflict("restore.not-begun", `${shard} is not being restored; a restore begins with clear.`),
  schema: (shard) => conflict("restore.schema", `${shard} is of another version of Carillon than what is to be restored.`),
  table: (shard) => invalid("transfer.table", `${shard} has no such table.`),
};
