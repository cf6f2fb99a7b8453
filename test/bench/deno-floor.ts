// What the runtime costs at the least: bare Hono on Deno, and a push to a socket after one durable insert.
import { Hono } from "hono";
import { DatabaseSync } from "node:sqlite";

const [port = "0", file = ":memory:"] = Deno.args;
const database = new DatabaseSync(file);
database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE event (id INTEGER PRIMARY KEY, body TEXT)");
const insert = database.prepare("INSERT INTO event (body) VALUES (?)");
let listener: WebSocket | null = null;

const app = new Hono();
app.post("/bare", async (c) => {
  await c.req.text();
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
  return response;
});
Deno.serve({ hostname: "127.0.0.1", port: Number(port), onListen: ({ port }) => console.log(`ready ${port}`) }, app.fetch);
