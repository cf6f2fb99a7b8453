import type { EMAIL_STAGES, EmailSettings, TestStage } from "@carillon/shared/channels";
import { portEncryptionMismatch } from "@carillon/shared/email-presets";
import type { Configuration, Outcome } from "../channel.ts";
import { SmtpClient, SmtpFailure, failureOf, troubleToFailure } from "./connection.ts";
import { outcomeOfReply } from "./errors.ts";
import { buildMail } from "./message.ts";
import { createRedactor, type Redactor } from "./redact.ts";
import { loginOf, refusePrivate } from "./session.ts";
import { openTcp, resolveHost, secureFirst, type Patience } from "./socket.ts";

type StageName = (typeof EMAIL_STAGES)[number];
type Step = <T>(stage: StageName, work: () => Promise<T>) => Promise<{ stage: TestStage; value: T | null }>;

/** Sends a real mail step by step and reports each step as it ends; the first that fails is the last before `done`. */
export async function* testEmail(configuration: Configuration<EmailSettings>, to: string, patience: Patience): AsyncGenerator<TestStage> {
  const startedAt = performance.now();
  let isOk = true;
  for await (const stage of walk(configuration, to, patience)) {
    isOk &&= stage.ok;
    yield stage;
  }
  yield { stage: "done", ok: isOk, ms: since(startedAt) };
}

async function* walk(configuration: Configuration<EmailSettings>, to: string, patience: Patience): AsyncGenerator<TestStage> {
  const { settings, allowPrivateHosts } = configuration;
  const redactor = createRedactor();
  const login = loginOf(configuration, redactor);
  const step = timed(settings, redactor);
  const answers = createAnswers();

  const name = await step("name", async () => {
    refusePrivate(configuration);
    return await resolveHost(settings.host, allowPrivateHosts, patience);
  });
  yield name.stage;
  if (!name.value) return;
  const addresses = name.value;

  const tcp = await step("tcp", () => openTcp(addresses, settings.port, patience));
  yield tcp.stage;
  if (!tcp.value) return;
  const socket = tcp.value;

  const secured = await step("tls", async () => {
    const client = new SmtpClient(await secureFirst(socket, settings, patience), settings, patience, login, answers.add);
    await client.greet();
    return client;
  });
  const plain = settings.encryption === "none" && secured.value ? { remedy: "This connection is not encrypted." } : {};
  yield { ...secured.stage, ...(secured.value ? { said: answers.first() } : {}), ...plain };
  if (!secured.value) return;
  const smtp = secured.value;
  try {
    const signedIn = await step("login", async () => {
      await smtp.signIn(login);
      return answers.last();
    });
    yield login ? signedIn.stage : { ...signedIn.stage, remedy: "No user name is set, so nobody signed in." };
    if (signedIn.value !== null) yield* deliver(configuration, to, smtp, answers, step);
    await smtp.quit();
  } finally {
    smtp.drop();
  }
}

async function* deliver(
  configuration: Configuration<EmailSettings>,
  to: string,
  smtp: SmtpClient,
  answers: Answers,
  step: Step,
): AsyncGenerator<TestStage> {
  const { settings, sender } = configuration;
  if (!/^[^\s<>@]+@[^\s<>@]+$/.test(to)) {
    yield { stage: "recipient", ok: false, ms: 0, remedy: "Enter one address, such as you@example.com." };
    return;
  }
  const raw = buildMail(testMail(to, sender.orgName), settings, sender);
  const sending = smtp.send(settings.fromAddress, to, raw);
  const answered = async (command: string): Promise<string> => {
    const text = await Promise.race([answers.to(command), sending.then((outcome) => outcome.said ?? "")]);
    const code = Number(text.slice(0, 3));
    if (code >= 400)
      throw new SmtpFailure(outcomeOfReply({ code, text, command: command === "MAIL" ? "MAIL FROM" : "RCPT TO" }), true, undefined);
    return text;
  };
  for (const [stage, work] of [
    ["sender", () => answered("MAIL")],
    ["recipient", () => answered("RCPT")],
    ["accepted", async () => (await sending).said ?? ""],
  ] as const) {
    const { stage: ended, value } = await step(stage, work);
    yield ended;
    if (value === null) {
      // The failure that was just reported also ends the sending; it has nothing more to tell.
      sending.catch(() => {});
      return;
    }
  }
}

function testMail(to: string, orgName: string) {
  return {
    deliveryId: `test.${crypto.randomUUID()}`,
    org: "test",
    to: { name: null, address: to },
    texts: {
      title: `Test message from ${orgName}`,
      body: "This mail was sent by the test on the Email tab of Notification Settings. Since you can read it, email works.",
      action: "",
      locale: "en",
    },
    link: null,
  };
}

/** Runs one step, measures it, and turns a failure into words and a remedy. */
function timed(settings: EmailSettings, redactor: Redactor): Step {
  return async (stage, work) => {
    const startedAt = performance.now();
    try {
      const value = await work();
      const said = typeof value === "string" && value ? { said: redactor.words(value) } : {};
      return { stage: { stage, ok: true, ms: since(startedAt), ...said }, value };
    } catch (error) {
      const isEarly = stage === "name" || stage === "tcp";
      const { outcome } =
        isEarly && !(error instanceof SmtpFailure)
          ? troubleToFailure(error)
          : failureOf(error, stage === "tls" ? "securing" : "talking", false);
      const said = outcome.said === undefined ? {} : { said: redactor.words(outcome.said) };
      return { stage: { stage, ok: false, ms: since(startedAt), ...said, remedy: remedyFor(stage, outcome, settings) }, value: null };
    }
  };
}

function remedyFor(stage: StageName, outcome: Outcome, { port, encryption }: EmailSettings): string {
  const mismatch = portEncryptionMismatch(port, encryption);
  if (mismatch && (stage === "tcp" || stage === "tls")) return mismatch;
  if (stage === "tls" && encryption === "ssl" && outcome.code === "tls")
    return "This port does not speak SSL from the first byte: choose TLS, or the provider's SSL port (usually 465).";
  if (stage === "tls" && encryption !== "ssl" && outcome.code === "silent")
    return "The server took the connection and said nothing: if this is an SSL port, choose SSL.";
  if (stage === "login" && encryption === "none" && !outcome.code?.startsWith("535"))
    return "The server offers no sign-in without encryption: choose TLS or SSL.";
  return outcome.remedy ?? "";
}

type Answers = {
  add(answer: { command: string; text: string }): void;
  to(command: string): Promise<string>;
  first(): string;
  last(): string;
};

/** The server's answers as they come, to be awaited by the command they belong to. */
function createAnswers(): Answers {
  const byCommand = new Map<string, PromiseWithResolvers<string>>();
  const slot = (command: string) => {
    const known = byCommand.get(command) ?? Promise.withResolvers<string>();
    byCommand.set(command, known);
    return known;
  };
  let earliest = "";
  let latest = "";
  return {
    add({ command, text }) {
      latest = text
        .replace(/[\p{Cc}\s]+/gu, " ")
        .trim()
        .slice(0, 500);
      earliest ||= latest;
      slot(command).resolve(latest);
    },
    to: (command) => slot(command).promise,
    first: () => earliest,
    last: () => latest,
  };
}

const since = (startedAt: number): number => Math.round(performance.now() - startedAt);
