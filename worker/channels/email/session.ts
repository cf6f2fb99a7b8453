import type { EmailSettings } from "@carillon/shared/channels";
import type { Configuration, Message, Outcome, Session } from "../channel.ts";
import { SmtpClient, SmtpFailure, failureOf, troubleToFailure, type Login } from "./connection.ts";
import { checkSmtpHost } from "./host-policy.ts";
import { buildMail } from "./message.ts";
import { tokenSource } from "./oauth.ts";
import { createRedactor, type Redactor } from "./redact.ts";
import { openSocket, resolveHost, within, type Patience } from "./socket.ts";

/** One SMTP connection for many mails, opened with the first and opened again when the server hung up in between. */
export function openSession(configuration: Configuration<EmailSettings>, patience: Patience): Session {
  const redactor = createRedactor();
  const login = loginOf(configuration, redactor);
  let kept: SmtpClient | null = null;

  async function deliver(to: string, raw: Buffer): Promise<Outcome> {
    const reused = kept?.isOpen ? kept : null;
    const client = reused ?? (kept = await connect(configuration, login, patience));
    try {
      return await client.send(configuration.settings.fromAddress, to, raw);
    } catch (error) {
      const failure = failureOf(error, "talking", false);
      const isIdleGone = reused !== null && hungUp(failure);
      if (!isIdleGone && (await isUsableAgain(client, failure))) throw failure;
      client.drop();
      kept = null;
      if (!isIdleGone) throw failure;
      return await deliver(to, raw);
    }
  }

  return {
    async send(message) {
      try {
        return redactor.clean(await deliver(message.to.address, built(message, configuration)));
      } catch (error) {
        return redactor.clean(failureOf(error, "talking", false).outcome);
      }
    },
    async close() {
      await kept?.quit();
      kept = null;
    },
  };
}

/** A message that can't be written harms no other: it says nothing about the server. */
function built(message: Message, { settings, sender }: Configuration<EmailSettings>): Buffer {
  try {
    return buildMail(message, settings, sender);
  } catch (error) {
    throw new SmtpFailure({ kind: "permanent", code: "unwritable", remedy: "This message can't be written as a mail." }, true, error);
  }
}

/** How to sign in; null for a server that asks nobody. */
export function loginOf({ settings, secrets, allowPrivateHosts }: Configuration<EmailSettings>, redactor: Redactor): Login {
  if (settings.auth === "oauth2") {
    const hide = (token: string) => redactor.hide(token, settings.username);
    for (const secret of [secrets["clientSecret"], secrets["refreshToken"]]) if (secret) hide(secret);
    return { user: settings.username, token: tokenSource(settings, secrets, allowPrivateHosts, hide) };
  }
  if (!settings.username) return null;
  const password = secrets["password"] ?? "";
  redactor.hide(password, settings.username);
  return { user: settings.username, password };
}

/** Checked, connected, encrypted as asked, signed in. Throws SmtpFailure. */
async function connect(configuration: Configuration<EmailSettings>, login: Login, patience: Patience): Promise<SmtpClient> {
  refusePrivate(configuration);
  const opening = signedIn(configuration, login, patience);
  try {
    return await within(patience.open, opening);
  } catch (error) {
    // It may still come about after we gave up waiting; nobody would close it.
    opening.then(
      (client) => client.drop(),
      () => {},
    );
    throw error instanceof SmtpFailure ? error : troubleToFailure(error);
  }
}

async function signedIn(
  { settings, allowPrivateHosts }: Configuration<EmailSettings>,
  login: Login,
  patience: Patience,
): Promise<SmtpClient> {
  const addresses = await resolveHost(settings.host, allowPrivateHosts, patience);
  const socket = await openSocket(addresses, settings, patience);
  const client = new SmtpClient(socket, settings, patience, login, null);
  await client.greet();
  await client.signIn(login);
  return client;
}

/** The same check as at save: settings may be older than the rule. */
export function refusePrivate({ settings, allowPrivateHosts }: Configuration<EmailSettings>): void {
  const [issue] = checkSmtpHost(settings, allowPrivateHosts);
  if (issue) throw new SmtpFailure({ kind: "fault", code: "host-policy", remedy: `${issue.message}.` }, true, undefined);
}

/** An idle connection that the server ended, seen only when the next mail begins. */
function hungUp({ outcome, hadAnswer }: SmtpFailure): boolean {
  return hadAnswer ? outcome.code?.startsWith("421") === true : outcome.kind === "retry" && outcome.code === "lost";
}

/** After a refusal the connection stays good for the next mail; after anything else it does not. */
async function isUsableAgain(client: SmtpClient, failure: SmtpFailure): Promise<boolean> {
  if (!failure.hadAnswer || !client.isOpen) return false;
  try {
    await client.reset();
    return true;
  } catch (error) {
    if (error instanceof SmtpFailure) return false;
    throw error;
  }
}
