import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { observed } from "@carillon/worker/observed";
import { startApp } from "../harness/app.ts";
import { readOpenMetrics, type ReadFamily } from "./openmetrics.ts";

const FOLDER = resolve(import.meta.dirname, "../../docs/operate");
const read = (name: string): string => readFileSync(resolve(FOLDER, name), "utf8");

type Rule = { alert: string; expr: string; for: string; severity: string; summary: string; remedy: string };

/** The rules of the file, which is YAML of this one shape; throws for a line that has another. */
function rulesIn(text: string): Rule[] {
  const rules: Record<string, string>[] = [];
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  expect(lines.splice(0, 3)).toEqual(["groups:", "  - name: carillon", "    rules:"]);
  let open = "";
  for (const line of lines) {
    const first = /^ {6}- alert: (\w+)$/.exec(line);
    const field = /^ {8}(?: {2})?(expr|for|severity|summary|remedy): (.+)$/.exec(line);
    if (first) rules.push({ alert: first[1]! });
    else if (field) rules.at(-1)![(open = field[1]!)] = field[2] === ">-" ? "" : field[2]!;
    else if (/^ {10}\S/.test(line) && open === "expr") rules.at(-1)!["expr"] += ` ${line.trim()}`;
    else if (!/^ {8}(labels|annotations):$/.test(line)) throw new Error(`Not of this shape: ${line}`);
  }
  return rules as Rule[];
}

const rules = rulesIn(read("alerts.yml"));
let families: Map<string, ReadFamily>;
beforeAll(async () => {
  const house = await startApp({ config: { metricsToken: "a-token-for-metrics" } });
  await house.call("POST", "/v1/events", { id: "e1", type: "mention", recipients: ["u1"], data: { text: "e1" } }, house.key);
  observed.attempts.note(1, "email", "ok");
  families = readOpenMetrics((await house.call("GET", "/metrics", undefined, { authorization: "Bearer a-token-for-metrics" })).text);
});
/** The names of all samples, as Prometheus keeps them. */
const names = () => new Set([...families.values()].flatMap(({ samples }) => [...samples.keys()].map((key) => key.split("{")[0]!)));
const samples = () => [...families.values()].flatMap(({ samples: all }) => [...all.keys()]);

describe("the alert rules", () => {
  test("are there, each with a name of its own, a time, a severity, and words that say what to do", () => {
    expect(rules.length).toBeGreaterThan(10);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const rule of rules) {
      expect(rule.for, rule.alert).toMatch(/^\d+[mh]$/);
      expect(["page", "ticket"], rule.alert).toContain(rule.severity);
      expect(rule.summary.length, rule.alert).toBeGreaterThan(20);
      expect(rule.remedy.length, rule.alert).toBeGreaterThan(20);
    }
  });

  test.each(rules.map((rule) => [rule.alert, rule] as const))("%s speaks of metrics and labels that there are", (_, { expr, summary }) => {
    const named = expr.match(/\bcarillon_\w+\b(?!=")/g) ?? [];
    for (const name of named) expect([...names()], expr).toContain(name);
    for (const [, name, label, value] of expr.matchAll(/(carillon_\w+)\{(\w+)="([^"]+)"\}/g)) {
      const fits = (sample: string) => sample.startsWith(`${name}{`) && (value === "5xx" || sample.includes(`${label}="${value}"`));
      expect(samples().some(fits), `${name}{${label}="${value}"}`).toBe(true);
    }
    for (const [, label] of summary.matchAll(/\$labels\.(\w+)/g)) {
      const of = samples().filter((sample) => named.some((name) => sample.startsWith(`${name}{`)));
      expect(
        of.some((sample) => sample.includes(`${label}="`)),
        `${label} in ${expr}`,
      ).toBe(true);
    }
  });
});

test("the page for operators lists every metric that there is, with its type, and no other", () => {
  const listed = [...read("README.md").matchAll(/^\| `(carillon_\w+)` \| (\w+) \|/gm)].map(([, name, type]) => `${name} ${type}`);
  expect(listed.sort()).toEqual([...families].map(([name, { type }]) => `${name} ${type}`).sort());
});
