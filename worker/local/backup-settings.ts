import { readFileSync, renameSync, writeFileSync } from "node:fs";

type Place = { address: string; token: string; file: string };
type Line = { org: string; record?: unknown };

const FIRST = { format: "carillon-settings", version: 1 };

/** Writes the settings of all organisations of a deployment into a file of JSON lines; answers whose. */
export async function fetchSettings({ address, token, file }: Place): Promise<string[]> {
  const answer = await ask(address, token);
  const text = await answer.text();
  const orgs = orgsIn(text.split("\n").filter(Boolean));
  writeFileSync(`${file}.new`, `${JSON.stringify(FIRST)}\n${text}`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return orgs;
}

/** Hands the lines of such a file to a deployment that does not have these organisations; answers whose they were. */
export async function sendSettings({ address, token, file }: Place): Promise<string[]> {
  const [first = "", ...lines] = readFileSync(file, "utf8").split("\n").filter(Boolean);
  if (!first.startsWith("{") || JSON.stringify(JSON.parse(first)) !== JSON.stringify(FIRST))
    throw new Error(`${file} is no backup of settings`);
  for (const line of lines) await ask(address, token, line);
  return orgsIn(lines);
}

/** An organisation whose record is missing was cut off. */
function orgsIn(lines: string[]): string[] {
  const parsed = lines.map((line) => JSON.parse(line) as Line);
  const whole = parsed.filter(({ record }) => record !== undefined).map(({ org }) => org);
  const cut = parsed.find(({ org }) => !whole.includes(org));
  if (cut) throw new Error(`The settings of ${cut.org} are not whole`);
  return whole;
}

async function ask(address: string, token: string, line?: string): Promise<Response> {
  const answer = await fetch(`${address.replace(/\/+$/, "")}/internal/settings`, {
    headers: { authorization: `Bearer ${token}`, ...(line === undefined ? {} : { "content-type": "application/json" }) },
    ...(line === undefined ? {} : { method: "POST", body: line }),
  });
  if (answer.ok) return answer;
  const { detail } = (await answer.json().catch(() => ({}))) as { detail?: string };
  throw new Error(`${address} answered ${answer.status}: ${detail ?? "no word of ours"}`);
}
