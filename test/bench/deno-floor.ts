// What the runtime costs at the least: bare Hono on Deno; with one durable row; and a push to a socket after one durable row.
import { Hono } from "hono";
import { DatabaseSync } from "node:sqlite";
import { setImmediate } from "node:timers";

const [port = "0", file = ":memory:"] = Deno.args;
const database = new DatabaseSync(file);
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE event (id INTEGER PRIMARY KEY, body TEXT)");
const insert = database.prepare("INSERT INTO event (body) VALUES (?)");
const [begin, commit] = [database.prepare("BEGIN IMMEDIATE"), database.prepare("COMMIT")];
let listener: WebSocket | null = null;

const app = new Hono();
app.post("/bare", async (c) => {
  await c.req.text();
  return c.json({ accepted: true }, 202);
});
app.post("/durable", async (c) => {
  await store(await c.req.text());
  return c.json({ accepted: true }, 202);
});
app.post("/push", async (c) => {
  const body = await c.req.text();
  insert.run(body);
  listener?.send(body);
  return c.json({ accepted: true }, 202);
});
app.get("/socket", (c) => {
  const { socket, response } = Deno.upgradeWebSocket(c.req.raw);
  listener = socket;
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
});

/** What comes in one turn of the event loop shares a commit. */
let waiting: { body: string; stored: () => void }[] = [];
function store(body: string): Promise<void> {
  return new Promise((stored) => {
    if (waiting.push({ body, stored }) === 1) setImmediate(() => gather(1));
  });
}

/** The turn ends once no further request has joined. */
function gather(known: number): void {
  if (waiting.length > known) return void setImmediate(() => gather(waiting.length));
  const turn = waiting;
  waiting = [];
  begin.run();
  for (const { body } of turn) insert.run(body);
  commit.run();
  for (const { stored } of turn) stored();
}

Deno.addSignalListener("SIGUSR2", () => (globalThis as { gc?: () => void }).gc?.()); // See `tidy` in process.ts.

Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: ({ port }) => console.log(`ready ${port}`) }, app.fetch);
