import type { SMTPServerOptions, SMTPServerSession } from "smtp-server";
import { startMailServer } from "../channels/mail-server.ts";
import { sleep, type Instance } from "../harness/instance.ts";
import { readMail } from "./account.ts";

/** Where a delivery can be when the power goes, in the order in which it gets there. */
export const POINTS = ["connect", "claim", "data", "answer", "settle"] as const;
export type Point = (typeof POINTS)[number];

/** A body that was handed over to the server, whether it was answered or not. */
export type HandedOver = { to: string; delivery: string; messageId: string; at: number };
export type DeadlyMailServer = {
  port: number;
  handedOver: HandedOver[];
  /** Arms one point; resolves once all processes of the instance are dead, which happens exactly there. */
  killAt(point: Point): Promise<void>;
  stop(): Promise<void>;
};

/** Long enough for an answer to be on its way through the loopback. */
const ON_ITS_WAY_MS = 20;

/** A mail server outside of the instance that kills it at the armed point of a delivery. Disarmed, it takes everything. */
export async function startDeadlyMailServer(carillon: Instance): Promise<DeadlyMailServer> {
  const handedOver: HandedOver[] = [];
  let armed: { point: Point; dead: PromiseWithResolvers<void> } | null = null;

  const strike = (): void => {
    const dead = armed!.dead;
    armed = null;
    carillon.kill().then(dead.resolve, dead.reject);
  };
  const options: SMTPServerOptions = {
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    onAuth: (_auth, _session, callback) => callback(null, { user: "user" }),
    onConnect(_session, callback) {
      if (armed?.point === "connect") strike();
      else callback();
    },
    // The second of two in a row was claimed in the transaction that settled the first.
    onRcptTo({ address }, _session, callback) {
      if (armed?.point === "claim" && address.startsWith("claim-second")) strike();
      else callback();
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        handedOver.push({ to: recipientOf(session), ...readMail(Buffer.concat(chunks).toString("latin1")), at: Date.now() });
        const point = armed?.point;
        if (point === "data") return strike();
        // Frozen, it can't read the yes that is already said.
        if (point === "answer") carillon.freeze();
        callback(null, "2.0.0 Ok, stored");
        if (point === "answer") void sleep(ON_ITS_WAY_MS).then(strike);
        if (point === "settle") setImmediate(strike);
      });
    },
  };
  const server = await startMailServer(options);
  return {
    port: server.port,
    handedOver,
    killAt(point) {
      armed = { point, dead: Promise.withResolvers<void>() };
      return armed.dead.promise;
    },
    stop: server.stop,
  };
}

function recipientOf({ envelope }: SMTPServerSession): string {
  return envelope.rcptTo.map(({ address }) => address).join(" ");
}
