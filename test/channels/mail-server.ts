import { makeAuthority, type KeyPair } from "@carillon/worker/local/sandbox/certificate";
import net from "node:net";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

export type TestCertificates = { ca: string; good: KeyPair; otherName: KeyPair; unknownAuthority: KeyPair };
export type Received = { from: string; to: string[]; raw: string; session: string };
export type TestServer = { port: number; received: Received[]; server: SMTPServer; stop(): Promise<void> };

/** An authority with a certificate for localhost, one for another name, and one from an authority that nobody knows. */
export async function makeCertificates(): Promise<TestCertificates> {
  const now = Date.now();
  const [known, unknown] = await Promise.all([makeAuthority("Test authority", now), makeAuthority("Nobody's authority", now)]);
  return {
    ca: known.cert,
    good: await known.issue(["localhost"], ["127.0.0.1"]),
    otherName: await known.issue(["mail.example.org"], []),
    unknownAuthority: await unknown.issue(["localhost"], ["127.0.0.1"]),
  };
}

/** A real mail server; options replace what it does. Whoever signs in as `user` with `pass` is in. */
export async function startMailServer(options: SMTPServerOptions): Promise<TestServer> {
  const received: Received[] = [];
  const server = new SMTPServer({
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: true,
    closeTimeout: 50,
    authMethods: ["PLAIN", "LOGIN", "XOAUTH2"],
    onAuth: ({ username, password }, _session, callback) =>
      username === "user" && password === "pass"
        ? callback(null, { user: "user" })
        : callback(smtpError(535, "5.7.8 Bad credentials for user/pass")),
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString("utf8"),
          session: session.id,
        });
        callback(null, "2.0.0 Ok, stored");
      });
    },
    ...options,
  });
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    server,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

export const smtpError = (responseCode: number, words: string): Error => Object.assign(new Error(words), { responseCode });

/** Hangs up on every open connection, as a server does with idle ones. */
export function hangUpAll({ server }: TestServer): void {
  for (const connection of server.connections) connection._socket.destroy();
}

/** A server that says exactly these words to whoever connects, or nothing. */
export async function startPlainServer(
  greeting: string | null,
  onSocket?: (socket: net.Socket) => void,
): Promise<{ port: number; stop(): Promise<void> }> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    if (greeting !== null) socket.write(greeting);
    onSocket?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** For this process: our authority beside the usual ones. */
export function trust(ca: string): void {
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), ca]);
}
