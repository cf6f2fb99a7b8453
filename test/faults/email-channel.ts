import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestStage } from "@carillon/shared/channels";
import type { Delivery } from "@carillon/shared/ledger";
import { makeCertificates, type TestCertificates } from "../channels/mail-server.ts";
import { sleep, type Instance } from "../harness/instance.ts";

export type Trial = { port: number; host?: string; password?: string; encryption?: "none" | "tls" };
type Health = { state: string; why?: string; remedy?: string };

/** The email channel of an instance as an admin handles it, and the log as the CRM reads it. */
export class EmailChannel {
  readonly #carillon: Instance;
  readonly #admin: Awaited<ReturnType<Instance["admin"]>>;

  private constructor(carillon: Instance, admin: Awaited<ReturnType<Instance["admin"]>>) {
    this.#carillon = carillon;
    this.#admin = admin;
  }

  static async of(carillon: Instance): Promise<EmailChannel> {
    return new EmailChannel(carillon, await carillon.admin());
  }

  /** Points the channel at a mail server. */
  async use({ port, host = "localhost", password = "pass", encryption = "none" }: Trial): Promise<void> {
    const { version } = (await this.#admin("GET", "/channels/email")).body;
    const settings = { host, port, username: "user", encryption, fromAddress: "crm@acme.example", auth: "password" };
    const saved = await this.#admin("PUT", "/channels/email", { version, settings, secrets: { password } });
    if (saved.status !== 200) throw new Error(`The channel was not saved: ${saved.status} ${JSON.stringify(saved.body)}`);
  }

  /** Tests the saved values; true if all stages are green. */
  async test(): Promise<boolean> {
    const { body } = await this.#admin("POST", "/channels/email/test", { to: "admin@example.com" });
    const stages = String(body)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as TestStage);
    return stages.at(-1)?.stage === "done" && stages.every(({ ok }) => ok);
  }

  async status(): Promise<{ health: Health; parked: number }> {
    const { health, parked } = (await this.#admin("GET", "/channels/email")).body;
    return { health, parked };
  }

  /** Posts one event for people who are named as their mailboxes are. */
  async tell(event: string, people: string[]): Promise<void> {
    const recipients = people.map((person) => ({ id: person, email: `${person}@example.com` }));
    const body = { id: event, type: "task_assigned", recipients, data: { task: { title: `Call ${event}` }, actorName: "Kim" } };
    const { status } = await this.#carillon.api("POST", "/v1/events", body);
    if (status !== 202) throw new Error(`${event} was answered ${status}`);
  }

  /** The person's newest mail as the delivery log tells it. */
  async mailOf(person: string): Promise<Delivery> {
    for (let tries = 1; ; tries++) {
      const { status, body } = await this.#carillon.api("GET", `/v1/deliveries?channel=email&user=${person}&limit=1`);
      if (status === 200) return body.data[0] as Delivery;
      // A busy machine may answer 503 and ask to come back.
      if (status !== 503 || tries === 10) throw new Error(`The log of ${person} was answered ${status} ${JSON.stringify(body)}`);
      await sleep(500);
    }
  }
}

/** Certificates of an authority that this instance, not yet started, will trust. */
export async function trustTestAuthority(carillon: Instance): Promise<TestCertificates> {
  const certificates = await makeCertificates();
  const folder = join(carillon.data, "sandbox");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "ca.pem"), certificates.ca);
  writeFileSync(join(folder, "server.json"), JSON.stringify(certificates.good));
  return certificates;
}
