import type { EmailSettings } from "@carillon/shared/channels";
import { lookup, resolve4, resolve6 } from "node:dns/promises";
import net from "node:net";
import tls from "node:tls";
import { isPublicAddress } from "./host-policy.ts";
import { ConnectionTrouble, troubleOf } from "./trouble.ts";

/** workerd has no resolver of its own and checks a certificate against the name that was connected to. */
export const isWorkerd = (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent === "Cloudflare-Workers";

/** How long each part may take, ms. `open` and `send` together must end inside the shard's lease of 60 s. */
export type Patience = { name: number; connect: number; greeting: number; answer: number; open: number; send: number };
export const PATIENCE: Patience = { name: 5_000, connect: 10_000, greeting: 10_000, answer: 25_000, open: 25_000, send: 30_000 };

/**
 * The addresses to connect to, checked to be public; on workerd the name itself, because there only the platform may choose
 * the address (it refuses private ones). Throws ConnectionTrouble `name` or `private-host`.
 */
export async function resolveHost(host: string, allowPrivate: boolean, patience: Patience): Promise<string[]> {
  const bare = host.replace(/^\[|\]$/g, "");
  if (net.isIP(bare) !== 0) return checked([bare], allowPrivate);
  if (!isWorkerd) return checked(await answered(lookupAll(bare), patience), allowPrivate);
  if (!allowPrivate) checked(await answered(resolveOverHttps(bare), patience), false);
  return [bare];
}

async function answered(addresses: Promise<string[]>, patience: Patience): Promise<string[]> {
  try {
    return await within(patience.name, addresses);
  } catch (error) {
    throw new ConnectionTrouble("name", "no address for this name", error);
  }
}

async function lookupAll(host: string): Promise<string[]> {
  const addresses = await lookup(host, { all: true });
  return addresses.map(({ address }) => address);
}

/** workerd asks a public resolver over HTTPS. Where that can't be reached, connecting itself shows whether the name exists. */
async function resolveOverHttps(host: string): Promise<string[]> {
  const answers = await Promise.allSettled([resolve4(host), resolve6(host)]);
  const addresses = answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
  const isUnknown = answers.every((answer) => answer.status === "rejected" && troubleOf(answer.reason, "connecting") === "name");
  if (addresses.length === 0 && isUnknown) throw new ConnectionTrouble("name", `no address for ${host}`);
  return addresses;
}

function checked(addresses: string[], allowPrivate: boolean): string[] {
  if (!allowPrivate && !addresses.every(isPublicAddress))
    throw new ConnectionTrouble("private-host", "the name leads to a private address");
  return addresses;
}

/** Tries one address after the other, because a name such as localhost often has one that nobody listens on. */
export async function openTcp(addresses: string[], port: number, patience: Patience): Promise<net.Socket> {
  let failure: unknown = new ConnectionTrouble("name", "no address");
  for (const host of addresses) {
    const socket = net.connect({ host, port });
    try {
      await settled(socket, "connect", patience.connect / addresses.length);
      return socket;
    } catch (error) {
      socket.destroy();
      failure = new ConnectionTrouble(troubleOf(error, "connecting"), "could not connect", error);
    }
  }
  throw failure;
}

/** Connected, and with `ssl` encrypted from the first byte. */
export async function openSocket(addresses: string[], settings: EmailSettings, patience: Patience): Promise<net.Socket> {
  if (isWorkerd && settings.encryption === "ssl") return await openTls(settings, patience);
  return await secureFirst(await openTcp(addresses, settings.port, patience), settings, patience);
}

/** With `ssl`, TLS over a socket on which nothing was said yet; else the socket as it is. */
export async function secureFirst(socket: net.Socket, settings: EmailSettings, patience: Patience): Promise<net.Socket> {
  if (settings.encryption !== "ssl") return socket;
  if (!isWorkerd) return await handshake(tls.connect({ socket, ...tlsOptions(settings.host) }), patience);
  // workerd can't upgrade a socket before it has read from it.
  socket.destroy();
  return await openTls(settings, patience);
}

const openTls = ({ host, port }: EmailSettings, patience: Patience): Promise<net.Socket> =>
  handshake(tls.connect({ host, port }), patience);

async function handshake(socket: tls.TLSSocket, patience: Patience): Promise<net.Socket> {
  try {
    await settled(socket, "secureConnect", patience.connect);
    return socket;
  } catch (error) {
    socket.destroy();
    throw new ConnectionTrouble(troubleOf(error, "securing"), "no encrypted connection", error);
  }
}

/** workerd throws when it is told a name; it checks against the one that was connected to. An IP address is no SNI name. */
export function tlsOptions(host: string): tls.ConnectionOptions {
  const bare = host.replace(/^\[|\]$/g, "");
  if (isWorkerd) return {};
  return net.isIP(bare) === 0 ? { host: bare, servername: bare } : { host: bare };
}

async function settled(socket: net.Socket, event: "connect" | "secureConnect", ms: number): Promise<void> {
  const done = Promise.withResolvers<void>();
  const onClose = () => done.reject(new Error("closed"));
  socket.once(event, done.resolve).once("error", done.reject).once("close", onClose);
  try {
    await within(ms, done.promise);
  } finally {
    socket.off(event, done.resolve).off("error", done.reject).off("close", onClose);
    // Whoever takes the socket over listens for itself; until then a late error must not end the process.
    socket.on("error", () => {});
  }
}

/** `work`, or ConnectionTrouble `timeout` when it takes longer. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new ConnectionTrouble("timeout", `no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
