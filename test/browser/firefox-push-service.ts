import { verifyVapid } from "@carillon/worker/local/sandbox/push-crypto";
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { WebSocketServer, type WebSocket } from "ws";

/** What Firefox says (https://mozilla-push-service.readthedocs.io/en/latest/design/): as much of it as it needs here. */
type FromFirefox = { messageType?: string; uaid?: string; channelID?: string; key?: string };
type Channel = { uaid: string; channelID: string; key: string | null };

export type FirefoxPushService = {
  /** `host:port` of the endpoints. */
  host: string;
  /** What Firefox must be started with to listen here and nowhere else. */
  preferences: Record<string, string | number | boolean>;
  /** The answer to each message so far. */
  answers: number[];
  /** Forgets every browser, as a push service may: Firefox drops its subscriptions and tells their service workers. */
  forget(): void;
  close(): Promise<void>;
};

/** Mozilla's push service for a Firefox on this machine: its WebSocket to the browser, and RFC 8030 with RFC 8292 to whoever sends. */
export async function startFirefoxPushService(): Promise<FirefoxPushService> {
  const channels = new Map<string, Channel>();
  const browsers = new Map<string, WebSocket>();
  const answers: number[] = [];
  const http = createServer((request, response) => void take(request, response));
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (socket) => socket.on("message", (data) => hear(socket, String(data))));
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const host = `127.0.0.1:${address.port}`;

  function hear(socket: WebSocket, text: string): void {
    if (text === "{}") return socket.send("{}");
    const said = JSON.parse(text) as FromFirefox;
    const answer = (fields: object) => socket.send(JSON.stringify({ messageType: said.messageType, status: 200, ...fields }));
    if (said.messageType === "hello") {
      const uaid = said.uaid && browsers.has(said.uaid) ? said.uaid : randomUUID().replaceAll("-", "");
      browsers.set(uaid, socket);
      answer({ uaid, use_webpush: true, broadcasts: {} });
    } else if (said.messageType === "register") {
      const uaid = [...browsers].find(([, one]) => one === socket)?.[0] ?? "";
      const token = randomUUID();
      channels.set(token, { uaid, channelID: said.channelID ?? "", key: said.key?.replace(/=+$/, "") ?? null });
      answer({ channelID: said.channelID, pushEndpoint: `http://${host}/wpush/v2/${token}` });
    } else if (said.messageType === "unregister") {
      for (const [token, { channelID }] of channels) if (channelID === said.channelID) channels.delete(token);
      answer({ channelID: said.channelID });
    }
  }

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const status = deliver(request, Buffer.concat(parts));
    answers.push(status);
    response.writeHead(status, { location: `http://${host}/m/${randomUUID()}` }).end();
  }

  function deliver({ url = "", headers }: IncomingMessage, body: Buffer): number {
    const channel = channels.get(url.slice(url.lastIndexOf("/") + 1));
    if (!channel) return 410;
    const vapid = verifyVapid(headers.authorization ?? "", `http://${host}`, Date.now());
    if ("why" in vapid || (channel.key !== null && channel.key !== vapid.key)) return 403;
    if (!headers.ttl) return 400;
    browsers.get(channel.uaid)?.send(
      JSON.stringify({
        messageType: "notification",
        channelID: channel.channelID,
        version: randomUUID(),
        data: body.toString("base64url"),
        headers: { encoding: headers["content-encoding"] },
      }),
    );
    return 201;
  }

  return {
    host,
    answers,
    preferences: {
      "dom.push.enabled": true,
      "dom.push.connection.enabled": true,
      "dom.push.serverURL": `ws://${host}/`,
      "dom.push.testing.allowInsecureServerURL": true,
      "dom.push.retryBaseInterval": 500,
      "permissions.default.desktop-notification": 1,
      "alerts.useSystemBackend": false,
    },
    forget() {
      channels.clear();
      const known = [...browsers.values()];
      browsers.clear();
      for (const socket of known) socket.terminate();
    },
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((closed) => http.close(closed));
    },
  };
}
