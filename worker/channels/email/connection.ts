import type { EmailSettings } from "@carillon/shared/channels";
import type net from "node:net";
import type { Readable } from "node:stream";
import SMTPConnection, { type SMTPConnectionAuth, type SMTPConnectionCustomAuthContext } from "nodemailer/lib/smtp-connection";
import type { Outcome } from "../channel.ts";
import { outcomeOfReply, outcomeOfTrouble } from "./errors.ts";
import { isWorkerd, tlsOptions, within, type Patience } from "./socket.ts";
import { ConnectionTrouble, troubleOf } from "./trouble.ts";

/** Signs in with a token: `renew` asks for one that is not from the cache. */
export type TokenSource = (renew: boolean) => Promise<string>;
export type Login = { user: string; password: string } | { user: string; token: TokenSource } | null;

/** Sees every answer of the server with the command it belongs to, as they come; never a secret. */
export type Watcher = (answer: { command: string; text: string }) => void;

/** Anything that went wrong on a connection, with what it means. `hadAnswer` tells a refusal from a broken line. */
export class SmtpFailure extends Error {
  readonly outcome: Outcome;
  readonly hadAnswer: boolean;
  constructor(outcome: Outcome, hadAnswer: boolean, cause: unknown) {
    super(outcome.remedy ?? outcome.kind, { cause });
    this.name = "SmtpFailure";
    this.outcome = outcome;
    this.hadAnswer = hadAnswer;
  }
}

/**
 * One SMTP connection over a socket that is already open. Every method throws SmtpFailure.
 * nodemailer gets an IP literal as host on workerd, so that it leaves names and certificates to the platform.
 */
export class SmtpClient {
  private readonly smtp: SMTPConnection;
  private readonly patience: Patience;
  private open = true;

  constructor(socket: net.Socket, settings: EmailSettings, patience: Patience, login: Login, watch: Watcher | null) {
    this.patience = patience;
    const isSecured = settings.encryption === "ssl";
    this.smtp = new SMTPConnection({
      connection: socket,
      host: isWorkerd ? "127.0.0.1" : settings.host,
      port: settings.port,
      secure: isSecured,
      secured: isSecured,
      requireTLS: settings.encryption === "tls",
      ignoreTLS: settings.encryption === "none",
      tls: tlsOptions(settings.host),
      connectionTimeout: patience.connect + patience.greeting,
      greetingTimeout: patience.greeting,
      socketTimeout: patience.answer,
      ...(login && "token" in login
        ? { customAuth: { [BY_TOKEN]: (context: SMTPConnectionCustomAuthContext) => signInWithToken(context, login) } }
        : {}),
      ...(watch ? { logger: answersTo(watch), transactionLog: true } : {}),
    });
    this.smtp.on("error", () => (this.open = false));
    this.smtp.on("end", () => (this.open = false));
  }

  /** Whether the server has not hung up, as far as one can know without asking it. */
  get isOpen(): boolean {
    return this.open;
  }

  /** Greeting, EHLO and, when asked, STARTTLS. */
  async greet(): Promise<void> {
    await this.step("securing", (done) => {
      this.smtp.once("error", done);
      this.smtp.connect((error) => {
        this.smtp.off("error", done);
        done(error);
      });
    });
  }

  async signIn(login: Login): Promise<void> {
    if (!login) return;
    const auth: SMTPConnectionAuth = "token" in login ? { method: BY_TOKEN, user: login.user } : { user: login.user, pass: login.password };
    await this.step("talking", (done) => this.smtp.login(auth, done));
  }

  /** One message to one person, its lines ended by CRLF; resolves to the server's yes. */
  async send(from: string, to: string, raw: Buffer): Promise<Outcome> {
    let isHandedOver = false;
    // nodemailer's own stream would look at every byte and write the end by itself; this one writes all at once when it is asked for.
    const body = {
      pipe: (unused: Readable) => {
        unused.unpipe();
        isHandedOver = true;
        if (this.smtp._socket) this.smtp._socket.write(onTheWire(raw));
      },
    };
    const sent = Promise.withResolvers<string>();
    this.smtp.send({ from, to: [to], size: raw.length }, body as unknown as Readable, (error, info) => {
      if (error) sent.reject(error);
      else if (info && info.rejected.length === 0) sent.resolve(info.response);
      else sent.reject(info?.rejectedErrors?.[0] ?? new Error("the recipient was rejected"));
    });
    try {
      const text = await within(this.patience.send, sent.promise);
      return outcomeOfReply({ code: 250, text, command: "DATA" });
    } catch (error) {
      throw failureOf(error, "talking", isHandedOver);
    }
  }

  /** Ends what a refused message left behind, so that the next one can follow. */
  async reset(): Promise<void> {
    await this.step("talking", (done) => this.smtp.reset(done));
  }

  /** Says goodbye and hangs up. */
  async quit(): Promise<void> {
    if (!this.open) return;
    const ended = Promise.withResolvers<void>();
    this.smtp.once("end", ended.resolve);
    this.smtp.quit();
    const timer = setTimeout(ended.resolve, GOODBYE);
    await ended.promise;
    clearTimeout(timer);
    this.drop();
  }

  drop(): void {
    this.open = false;
    this.smtp.close();
  }

  private async step(phase: "securing" | "talking", start: (done: (error?: Error | null) => void) => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    start((error) => (error ? reject(error) : resolve()));
    try {
      await within(this.patience.open, promise);
    } catch (error) {
      // Without a greeting, a sign-in or a clean state there is nothing to go on with.
      this.drop();
      throw failureOf(error, phase, false);
    }
  }
}

/** RFC 5321 4.5.2: a dot that begins a line is doubled, one by itself is the end. */
function onTheWire(raw: Buffer): Buffer {
  const body = raw.includes("\n.") ? Buffer.from(raw.toString("latin1").replaceAll("\n.", "\n.."), "latin1") : raw;
  return Buffer.concat([body, END]);
}
const END = Buffer.from(".\r\n");

/** A server that is gone needs no goodbye. */
const GOODBYE = 1_000;

type SmtpError = { response?: unknown; responseCode?: unknown; command?: unknown; code?: unknown };

/** An answer decides; without one, what the connection died of. */
export function failureOf(error: unknown, phase: "connecting" | "securing" | "talking", isHandedOver: boolean): SmtpFailure {
  if (error instanceof SmtpFailure) return error;
  const { response, responseCode, command, code } = (error instanceof Error ? error : {}) as SmtpError;
  const isFirstWord = command === "CONN" && code === "EPROTOCOL";
  if (isFirstWord && !(typeof response === "string" && SMTP_GREETING.test(response))) {
    return new SmtpFailure(outcomeOfTrouble("not-smtp", isHandedOver), false, error);
  }
  if (command === "STARTTLS" && typeof responseCode === "number" && responseCode >= 500) {
    return new SmtpFailure(outcomeOfTrouble("no-starttls", false), true, error);
  }
  if (typeof responseCode === "number" && typeof response === "string") {
    return new SmtpFailure(outcomeOfReply({ code: responseCode, text: response, command: String(command ?? "") }), true, error);
  }
  const own = OWN_REFUSALS[String(code)];
  if (own && command !== "CONN" && !isHandedOver) return new SmtpFailure(own, true, error);
  return new SmtpFailure(outcomeOfTrouble(troubleOf(error, phase), isHandedOver), false, error);
}

/** RFC 5321 3.1: a server greets with 220, or refuses with 554 or 421. */
const SMTP_GREETING = /^(?:220|421|554)[ -]/;

/** What nodemailer refuses before it asks the server. */
const OWN_REFUSALS: Record<string, Outcome> = {
  EAUTH: { kind: "fault", code: "no-password", remedy: "User name or password is missing, or the server offers no way to sign in." },
  EENVELOPE: { kind: "permanent", code: "bad-address", remedy: "This address can't be used: correct it in the CRM." },
  EMESSAGE: { kind: "permanent", code: "too-large", remedy: "The message is larger than the server allows." },
};

/** A name of our own: nodemailer does not offer the true one to a handler without its own token fetcher. */
const BY_TOKEN = "TOKEN";

/** XOAUTH2 as Google and Microsoft describe it; a refused token is renewed once. */
async function signInWithToken(context: SMTPConnectionCustomAuthContext, login: { user: string; token: TokenSource }): Promise<void> {
  for (const renew of [false, true]) {
    const token = await login.token(renew);
    const initial = Buffer.from(`user=${login.user}\u0001auth=Bearer ${token}\u0001\u0001`).toString("base64");
    let reply = await context.sendCommand(`AUTH XOAUTH2 ${initial}`);
    // 334 carries the reason as JSON and waits for an empty line before it refuses.
    if (reply.status === 334) reply = await context.sendCommand("");
    if (reply.status === 235) return;
    if (reply.status !== 535) break;
  }
  throw new Error("the token was refused");
}

/** nodemailer's transaction log as answers with their commands. Commands go out in batches, answers come in their order. */
function answersTo(watch: Watcher): Record<string, (entry: { tnx?: string }, text?: string) => void> {
  const waiting: string[] = ["CONN"];
  const silent = () => {};
  return {
    trace: silent,
    info: silent,
    warn: silent,
    error: silent,
    fatal: silent,
    debug(entry, text = "") {
      if (entry.tnx === "client") waiting.push(text.split(/[: ]/, 1)[0] ?? "");
      if (entry.tnx === "server") watch({ command: waiting.shift() ?? "", text });
    },
  };
}

/** A socket that is not yet SMTP failed. */
export const troubleToFailure = (error: unknown): SmtpFailure =>
  new SmtpFailure(
    outcomeOfTrouble(error instanceof ConnectionTrouble ? error.trouble : troubleOf(error, "connecting"), false),
    false,
    error,
  );
