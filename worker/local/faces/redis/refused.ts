import type { Bytes } from "../../../embedded/store/bytes.ts";
import { CommandError } from "../../../embedded/store/command.ts";
import type { Command } from "./backend.ts";

/** What makes no sense over REST, where a request has no connection of its own, or is the operator's business. */
const NOT_OFFERED = new Set(
  [
    "AUTH HELLO SELECT QUIT RESET CLIENT READONLY READWRITE ASKING",
    "MULTI EXEC DISCARD WATCH UNWATCH",
    "SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE MONITOR",
    "BLPOP BRPOP BRPOPLPUSH BLMOVE BLMPOP BZPOPMIN BZPOPMAX BZMPOP WAIT WAITAOF",
    "ACL BGREWRITEAOF BGSAVE CLUSTER COMMAND CONFIG DEBUG FAILOVER LASTSAVE LATENCY LOLWUT MEMORY MIGRATE MODULE MOVE PSYNC REPLCONF REPLICAOF",
    "ROLE SAVE SHUTDOWN SLAVEOF SLOWLOG SWAPDB SYNC",
  ].flatMap((line) => line.split(" ")),
);

/** What a read-only token may do; SCAN and KEYS it may not, as it is meant for public pages. */
const READS = new Set(
  [
    "GET MGET GETRANGE SUBSTR STRLEN GETBIT BITCOUNT BITPOS BITFIELD_RO LCS EXISTS TYPE TTL PTTL EXPIRETIME PEXPIRETIME TOUCH RANDOMKEY DBSIZE",
    "HGET HMGET HGETALL HKEYS HVALS HLEN HEXISTS HSTRLEN HRANDFIELD HSCAN",
    "SMEMBERS SISMEMBER SMISMEMBER SCARD SRANDMEMBER SINTER SUNION SDIFF SINTERCARD SSCAN",
    "ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANGEBYLEX ZREVRANGEBYLEX ZRANK ZREVRANK ZSCORE ZMSCORE ZCARD ZCOUNT ZLEXCOUNT",
    "ZRANDMEMBER ZUNION ZINTER ZDIFF ZINTERCARD ZSCAN LLEN LRANGE LINDEX LPOS",
    "XLEN XRANGE XREVRANGE XREAD XINFO XPENDING GEODIST GEOHASH GEOPOS GEOSEARCH PFCOUNT EVAL_RO EVALSHA_RO FCALL_RO",
    "PING ECHO TIME",
  ].flatMap((line) => line.split(" ")),
);

/** Why a command gets no further than the face, in the real service's words; null if it may pass. */
export function whyRefused(command: Command, isReadOnly: boolean): CommandError | null {
  const name = (command[0] ?? "").toUpperCase();
  if (NOT_OFFERED.has(name) || isBlocking(name, command))
    return new CommandError(
      `ERR Command is not available: '${name}'. See https://upstash.com/docs/redis/overall/rediscompatibility for details`,
    );
  if (isReadOnly && !READS.has(name)) return noPermission(name.toLowerCase());
  return null;
}

export const noPermission = (name: Bytes) =>
  new CommandError(`NOPERM this user has no permissions to run the '${name}' command or its subcommand`);

const isBlocking = (name: Bytes, command: Command): boolean =>
  (name === "XREAD" || name === "XREADGROUP") && command.some((arg) => arg.toUpperCase() === "BLOCK");
