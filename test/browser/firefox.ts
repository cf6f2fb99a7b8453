import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

type Answer = { id?: number; type: string; result?: Record<string, unknown>; error?: string; message?: string };

export type Firefox = {
  goto(url: string): Promise<void>;
  /** The value of an expression on the page; what it promises is awaited. Strings, numbers and booleans only. */
  evaluate(expression: string): Promise<unknown>;
  close(): Promise<void>;
};

const START_MS = 30_000;

/** Debian's Firefox without a window, with these preferences, spoken to in WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/): as much of it as the tests need. */
export async function startFirefox(preferences: Record<string, string | number | boolean> = {}): Promise<Firefox> {
  const profile = mkdtempSync(join(tmpdir(), "carillon-firefox-"));
  const lines = Object.entries(preferences).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
  writeFileSync(join(profile, "user.js"), lines.join(""));
  const child = spawn("/usr/bin/firefox-esr", ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1" },
  });
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  const socket = new WebSocket(`${await addressIn(child.stderr)}/session`);
  await new Promise((done, fail) => socket.once("open", done).once("error", fail));
  const asked = new Map<number, (answer: Answer) => void>();
  socket.on("message", (data) => {
    const answer = JSON.parse(String(data)) as Answer;
    if (answer.id !== undefined) asked.get(answer.id)?.(answer);
  });

  async function ask(method: string, params: object): Promise<Record<string, unknown>> {
    const id = asked.size + 1;
    const answer = await new Promise<Answer>((done) => {
      asked.set(id, done);
      socket.send(JSON.stringify({ id, method, params }));
    });
    if (answer.type === "error") throw new Error(`Firefox refuses ${method}: ${answer.error} ${answer.message}`);
    return answer.result ?? {};
  }

  await ask("session.new", { capabilities: {} });
  const { context } = await ask("browsingContext.create", { type: "tab" });

  return {
    async goto(url) {
      await ask("browsingContext.navigate", { context, url, wait: "complete" });
    },
    async evaluate(expression) {
      const { result, exceptionDetails } = await ask("script.evaluate", { expression, target: { context }, awaitPromise: true });
      if (exceptionDetails) throw new Error(`In Firefox: ${(exceptionDetails as { text: string }).text}`);
      return (result as { value?: unknown }).value;
    },
    async close() {
      socket.close();
      child.kill();
      await ended;
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Firefox says on its error output where it listens. */
function addressIn(output: NodeJS.ReadableStream): Promise<string> {
  return new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`Firefox did not start within ${START_MS} ms`)), START_MS);
    createInterface({ input: output }).on("line", (line) => {
      const address = /WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1];
      if (!address) return;
      clearTimeout(timer);
      done(address);
    });
  });
}
