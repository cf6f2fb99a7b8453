import { describe, expect, test } from "vitest";
import { REPLY_ROWS, TROUBLES, outcomeOfReply, outcomeOfTrouble } from "./errors.ts";

const MINUTE = 60_000;

/** One fixture per row of the table, in its order. */
const FIXTURES: { command: string; text: string; expected: Record<string, unknown> }[] = [
  { command: "MAIL FROM", text: "530 5.7.0 Must issue a STARTTLS command first", expected: { kind: "fault", code: "530 5.7.0" } },
  { command: "MAIL FROM", text: "530 5.7.57 Client not authenticated to send mail", expected: { kind: "fault", code: "530 5.7.57" } },
  { command: "AUTH PLAIN", text: "534 5.7.9 Application-specific password required", expected: { kind: "fault", code: "534 5.7.9" } },
  { command: "AUTH PLAIN", text: "535 5.7.8 Username and Password not accepted", expected: { kind: "fault", code: "535 5.7.8" } },
  { command: "AUTH PLAIN", text: "538 5.7.11 Not on a plain connection", expected: { kind: "fault", code: "538 5.7.11" } },
  {
    command: "AUTH LOGIN",
    text: "550 5.7.30 Basic authentication is not supported for Client Submission",
    expected: { kind: "fault", code: "550 5.7.30" },
  },
  {
    command: "DATA",
    text: "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
    expected: { kind: "fault", code: "550 5.7.60" },
  },
  { command: "MAIL FROM", text: "550 5.1.1 No such sender", expected: { kind: "fault", code: "550 5.1.1" } },
  { command: "MAIL FROM", text: "553 Sender address rejected: not owned by user", expected: { kind: "fault", code: "553" } },
  { command: "STARTTLS", text: "454 TLS not available due to temporary reason", expected: { kind: "retry", unreachable: true } },
  {
    command: "DATA",
    text: "454 Throttling failure: Maximum sending rate exceeded.",
    expected: { kind: "retry", afterMs: 10 * MINUTE, restMs: null },
  },
  {
    command: "DATA",
    text: "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
    expected: { kind: "retry", afterMs: MINUTE, restMs: null },
  },
  { command: "AUTH PLAIN", text: "504 5.5.4 Unrecognized authentication type", expected: { kind: "fault", code: "504 5.5.4" } },
  { command: "CONN", text: "554 No SMTP service for you", expected: { kind: "retry", unreachable: true } },
  {
    command: "RCPT TO",
    text: "550 5.1.1 The email account that you tried to reach does not exist",
    expected: { kind: "gone", code: "550 5.1.1" },
  },
  {
    command: "RCPT TO",
    text: "550-5.2.2 The recipient's inbox is\n550 5.2.2 out of storage",
    expected: { kind: "retry", said: "550-5.2.2 The recipient's inbox is 550 5.2.2 out of storage" },
  },
  { command: "DATA", text: "550 5.3.1 Mail system full", expected: { kind: "retry" } },
  { command: "DATA", text: "550 5.4.5 Daily user sending limit exceeded", expected: { kind: "retry", afterMs: 60 * MINUTE, restMs: null } },
  { command: "RCPT TO", text: "450 4.7.1 Please try again later", expected: { kind: "retry", afterMs: 5 * MINUTE } },
  { command: "RCPT TO", text: "451 Greylisted, come back", expected: { kind: "retry", afterMs: 5 * MINUTE } },
  { command: "MAIL FROM", text: "421 4.3.2 Service shutting down", expected: { kind: "retry" } },
  { command: "RCPT TO", text: "450 4.2.1 Mailbox busy", expected: { kind: "retry" } },
  { command: "DATA", text: "451 4.3.0 Local error in processing", expected: { kind: "retry" } },
  { command: "RCPT TO", text: "452 4.5.3 Too many recipients", expected: { kind: "retry" } },
  { command: "MAIL FROM", text: "552 5.3.4 Message size exceeds fixed limit", expected: { kind: "permanent" } },
  { command: "DATA", text: "550 5.7.1 Message rejected as spam", expected: { kind: "permanent" } },
  { command: "DATA", text: "552 Too large", expected: { kind: "permanent" } },
  { command: "DATA", text: "554 Transaction failed", expected: { kind: "permanent" } },
  { command: "RCPT TO", text: "550 Mailbox unavailable", expected: { kind: "permanent" } },
];

describe("what a server's answer means", () => {
  test("there is one fixture for each row, and each is decided by its own row", () => {
    expect(FIXTURES).toHaveLength(REPLY_ROWS.length);
    FIXTURES.forEach((fixture, index) => {
      const outcome = outcomeOfReply({ code: Number(fixture.text.slice(0, 3)), text: fixture.text, command: fixture.command });
      expect(outcome, fixture.text).toMatchObject(fixture.expected);
      expect(outcome.remedy, fixture.text).toBe(REPLY_ROWS[index]?.remedy);
    });
  });

  test.each(["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"])("550 %s says that the address is gone", (enhanced) => {
    expect(outcomeOfReply({ code: 550, text: `550 ${enhanced} no`, command: "RCPT TO" }).kind).toBe("gone");
  });

  test("every number from 100 to 599 has an outcome, and only 2xx is a yes", () => {
    for (let code = 100; code <= 599; code += 1) {
      for (const command of ["CONN", "AUTH PLAIN", "MAIL FROM", "RCPT TO", "DATA", ""]) {
        const { kind } = outcomeOfReply({ code, text: `${code} words`, command });
        expect(kind === "ok", String(code)).toBe(code >= 200 && code <= 299);
      }
    }
  });

  test("an unknown answer is tried again and keeps the server's words", () => {
    expect(outcomeOfReply({ code: 599, text: "599 what now", command: "DATA" })).toMatchObject({
      kind: "retry",
      code: "599",
      said: "599 what now",
    });
  });

  test("at most 500 characters of the server's words are kept, on one line", () => {
    const { said } = outcomeOfReply({ code: 554, text: `554 a\r\n554 ${"b".repeat(2_000)}`, command: "DATA" });
    expect(said).toHaveLength(500);
    expect(said).toMatch(/^554 a 554 b+$/);
  });
});

describe("what trouble without an answer means", () => {
  test.each(TROUBLES)("%s before the body is never ambiguous, after it always", (trouble) => {
    expect(outcomeOfTrouble(trouble, false).kind).toBe(trouble === "private-host" ? "fault" : "retry");
    expect(outcomeOfTrouble(trouble, true).kind).toBe("ambiguous");
  });
});
