import { createECDH, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { PushSubscription } from "@carillon/worker/channels/channel";
import type { Config } from "@carillon/worker/ports";
import { META_ACCOUNT, TWILIO_ACCOUNT } from "../hooks/house.ts";

/** Breaks the connection off instead of answering. */
export const SILENT_PHONE = "+4915112399999";

/** Twilio, Meta and a push service that take everything, call nobody back and count what they are asked, each request by itself. */
export async function startStandIn() {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { name, status, answer } = answerTo(request.method ?? "", request.url ?? "");
      asked.push(name);
      if (new URLSearchParams(Buffer.concat(chunks).toString("latin1")).get("To") === SILENT_PHONE) return void request.socket.destroy();
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browserKey = createECDH("prime256v1").generateKeys("base64url");
  return {
    standIns: {
      twilio: { url: `http://${host}/twilio`, account: TWILIO_ACCOUNT },
      graph: { url: `http://${host}/graph`, account: META_ACCOUNT },
      pushHosts: [host],
    } satisfies Config["standIns"],
    /** The requests since it was last asked, by name. */
    take: (): string[] => asked.splice(0),
    /** A browser that subscribed here. */
    browser: (publicKey: string): PushSubscription => ({
      endpoint: `http://${host}/push/${randomBytes(8).toString("hex")}`,
      p256dh: browserKey,
      auth: randomBytes(16).toString("base64url"),
      publicKey,
    }),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
export type StandIn = Awaited<ReturnType<typeof startStandIn>>;

function answerTo(method: string, url: string): { name: string; status: number; answer: object } {
  if (/^\/twilio\/.+\/Messages\.json/.test(url)) {
    if (method === "GET") return { name: "twilio look-up", status: 200, answer: { messages: [], page_size: 50, next_page_uri: null } };
    return { name: "twilio send", status: 201, answer: { sid: `SM${randomBytes(16).toString("hex")}`, status: "queued" } };
  }
  if (method === "POST" && /^\/graph\/.+\/messages$/.test(url))
    return {
      name: "meta send",
      status: 200,
      answer: { messages: [{ id: `wamid.${randomBytes(8).toString("hex")}`, message_status: "accepted" }] },
    };
  if (method === "POST" && url.startsWith("/push/")) return { name: "push send", status: 201, answer: {} };
  return { name: `${method} ${url}`, status: 404, answer: {} };
}
