import { simpleParser } from "mailparser";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ownCertificate, writeWhole } from "./certificate.ts";
import { createGraph, type GraphSandbox } from "./graph.ts";
import { startHttp, type Route } from "./http.ts";
import { MessageStore, type Decode } from "./message-store.ts";
import { createPush, type PushSandbox } from "./push.ts";
import { startSmtp, type Account } from "./smtp.ts";
import { createTokenDesk } from "./tokens.ts";
import { createTwilio, type TwilioSandbox } from "./twilio.ts";

/** Port 0 takes any free one. `routes` are further providers' paths, made with the store that they write to. */
export type SandboxOptions = {
  dataDir: string;
  httpPort: number;
  smtpPort: number;
  smtpsPort: number;
  routes?: (store: MessageStore) => Route[];
};
export type Sandbox = {
  httpUrl: string;
  smtp: { host: string; port: number; tlsPort: number; username: string; password: string; caFile: string };
  /** `url` is what `CARILLON_TWILIO_URL` says. */
  twilio: Omit<TwilioSandbox, "routes"> & { url: string };
  /** `url` is what `CARILLON_GRAPH_URL` says. */
  graph: Omit<GraphSandbox, "routes"> & { url: string };
  /** `host` is what `CARILLON_PUSH_HOSTS` says. */
  push: Omit<PushSandbox, "routes"> & { host: string };
  store: MessageStore;
  /** Makes every OAuth token given so far worthless, as a provider may at any time. */
  revokeTokens(): void;
  stop(): Promise<void>;
};

/** The providers as seen from this machine: takes every message, keeps it in `dataDir`, shows it on a page. */
export async function startSandbox({ dataDir, httpPort, smtpPort, smtpsPort, routes }: SandboxOptions): Promise<Sandbox> {
  mkdirSync(dataDir, { recursive: true });
  const now = Date.now;
  const certificate = await ownCertificate(dataDir, now());
  const account = ownAccount(dataDir);
  const tokens = createTokenDesk(account);
  const store = new MessageStore(dataDir, decodeMail);
  const smtp = await startSmtp({ store, certificate, account, isToken: tokens.isToken, now, port: smtpPort, tlsPort: smtpsPort });
  const twilio = createTwilio(store, dataDir, now);
  const graph = createGraph(store, dataDir, now);
  // Nobody asks before the port is known.
  let httpUrl = "";
  const push = createPush(store, dataDir, now, () => httpUrl);
  const all = [...twilio.routes, ...graph.routes, ...push.routes, ...(routes?.(store) ?? [])];
  const http = await startHttp({ store, tokens, routes: all, port: httpPort });
  httpUrl = `http://localhost:${http.port}`;
  return {
    httpUrl,
    smtp: { host: "localhost", port: smtp.port, tlsPort: smtp.tlsPort, ...account, caFile: certificate.caFile },
    twilio: { ...twilio, url: `${httpUrl}/twilio` },
    graph: { ...graph, url: `${httpUrl}/graph` },
    push: { ...push, host: `localhost:${http.port}` },
    store,
    revokeTokens: tokens.revokeAll,
    async stop() {
      await Promise.all([http.stop(), smtp.stop()]);
      store.close();
    },
  };
}

const decodeMail: Decode = async (raw) => {
  const mail = await simpleParser(Buffer.from(raw), { skipTextToHtml: true });
  return { subject: mail.subject ?? null, text: mail.text ?? "", html: mail.html || null };
};

/** A password of this folder's own, so that nothing is sent by accident from somewhere else. */
function ownAccount(folder: string): Account {
  const file = join(folder, "account.json");
  if (!existsSync(file)) writeWhole(file, JSON.stringify({ username: "carillon", password: randomBytes(18).toString("base64url") }), 0o600);
  return JSON.parse(readFileSync(file, "utf8")) as Account;
}
