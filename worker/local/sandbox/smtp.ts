import { createHash, timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerAuthentication, type SMTPServerSession } from "smtp-server";
import type { Certificate } from "./certificate.ts";
import { magicOf } from "./magic.ts";
import type { MessageStore } from "./message-store.ts";

export type Account = { username: string; password: string };
export type SmtpSandbox = { port: number; tlsPort: number; stop(): Promise<void> };
type Options = {
  store: MessageStore;
  certificate: Certificate;
  account: Account;
  isToken(token: string): boolean;
  now(): number;
  port: number;
  tlsPort: number;
};

const SLOW = 3_000;
const MAX_SIZE = 10 * 1024 * 1024;

/** Two mail servers of one mind: STARTTLS on the one port, TLS from the first byte on the other. Both ask for a sign-in. */
export async function startSmtp(options: Options): Promise<SmtpSandbox> {
  const greylist = new Set<string>();
  const [starttls, implicit] = [createServer(options, false, greylist), createServer(options, true, greylist)];
  const port = await listen(starttls, options.port);
  const tlsPort = await listen(implicit, options.tlsPort);
  return {
    port,
    tlsPort,
    async stop() {
      await Promise.all([starttls, implicit].map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    },
  };
}

function createServer({ store, certificate, account, isToken, now }: Options, secure: boolean, greylist: Set<string>): SMTPServer {
  const server: SMTPServer = new SMTPServer({
    secure,
    key: certificate.key,
    cert: certificate.cert,
    name: "localhost",
    banner: "Carillon sandbox",
    authMethods: ["PLAIN", "LOGIN", "XOAUTH2"],
    size: MAX_SIZE,
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: true, // the answers bring their own
    closeTimeout: 300,
    onAuth(auth, _session, callback) {
      const isKnown = auth.method === "XOAUTH2" ? isToken(auth.accessToken ?? "") : isSignedIn(auth, account);
      if (isKnown) callback(null, { user: account.username });
      else callback(answer(535, "5.7.8 User name or password not accepted"));
    },
    onRcptTo({ address }, _session, callback) {
      switch (magicOf(address)) {
        case "temporary":
          return callback(answer(451, "4.3.0 Try again, said the sandbox"));
        case "permanent":
          return callback(answer(554, "5.7.1 Refused for good, said the sandbox"));
        case "gone":
          return callback(answer(550, "5.1.1 No such address, said the sandbox"));
        case "greylisted":
          if (greylist.delete(address)) return callback();
          greylist.add(address);
          return callback(answer(450, "4.7.1 Greylisted, come back later"));
        case "silent":
          return;
        default:
          return callback();
      }
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const recipients = session.envelope.rcptTo.map(({ address }) => address);
        const magic = recipients.map(magicOf);
        if (magic.includes("cut")) return hangUp(server, session);
        const raw = Buffer.concat(chunks);
        const stored = Promise.all(recipients.map((to) => store.add({ channel: "email", to, at: now(), raw })));
        const accept = () => callback(null, "2.0.0 Stored");
        stored.then(
          () => (magic.includes("slow") ? setTimeout(accept, SLOW) : accept()),
          () => callback(answer(451, "4.3.0 Could not be stored")),
        );
      });
    },
  });
  // A client that breaks off is what the sandbox is made for; nothing here depends on it.
  server.on("error", () => {});
  return server;
}

const answer = (responseCode: number, words: string): Error => Object.assign(new Error(words), { responseCode });

function isSignedIn({ username = "", password = "" }: SMTPServerAuthentication, account: Account): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(`${username}\n${password}`), digest(`${account.username}\n${account.password}`));
}

function hangUp(server: SMTPServer, session: SMTPServerSession): void {
  for (const connection of server.connections) {
    if (connection.session.id === session.id) connection._socket.destroy();
  }
}

function listen(server: SMTPServer, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve((server.server.address() as AddressInfo).port));
  });
}
