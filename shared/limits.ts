/** Sizes and counts that callers may rely on, in one place for schemas, routes and tests. */
export const LIMITS = {
  eventBytes: 256 * 1024,
  batchBytes: 4 * 1024 * 1024,
  batchEvents: 100,
  adminBytes: 64 * 1024,
  otherBytes: 16 * 1024,
  /** Meta gathers up to a thousand statuses in a webhook of at most 3 MB. */
  webhookBytes: 3 * 1024 * 1024,
  jsonDepth: 16,
  /** As many as 256 KiB can name. */
  recipients: 50_000,
  /** More people than this of one event in one shard are a fan-out: they are told slice by slice, after the answer. */
  atOnce: 500,
  /** People of a fan-out in one transaction, so short that nobody waits for it. */
  slice: 100,
  /** People for whom a preview decides in one call of a shard: some 3 ms. */
  previewSlice: 300,
  bulkUsers: 500,
  page: 100,
  /** One job serves up to this many people. */
  jobPeople: 100,
  tokenSeconds: 15 * 60,
  ticketSeconds: 60,
  socketsPerPerson: 20,
  /** A tab that said that it is looked at counts as such for so long after its last sign of life. */
  visibleSeconds: 45,
  /** That take push messages, of one person. */
  browsers: 20,
  socketFrameBytes: 4 * 1024,
  socketFramesPerSecond: 10,
  syncItems: 200,
} as const;
