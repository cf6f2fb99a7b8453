// The least that anybody's web push costs on Deno: encryption for each browser and a signature made once, nothing sent or stored.
import { generateKeys } from "@carillon/worker/channels/push/keys";
import { payloadOf } from "@carillon/worker/channels/push/payload";
import { requestOf } from "@carillon/worker/channels/push/session";
import { newBrowser, testMessage } from "./browsers.ts";

const COUNT = 1_000;
const pair = generateKeys();
const browsers = Array.from({ length: COUNT }, (_, n) => newBrowser(`http://127.0.0.1:1/push/${n}`));
const message = testMessage();

/** How many a second. */
function encryptAll(): number {
  const started = performance.now();
  for (const browser of browsers) requestOf(browser, message, payloadOf(message, "http://localhost:8787"), pair, "mailto:a@example.com");
  return (COUNT * 1_000) / (performance.now() - started);
}

Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(`ready ${port}`) }, () => Response.json(encryptAll()));
