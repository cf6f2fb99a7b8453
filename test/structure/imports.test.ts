import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

/** The places of the house. A file belongs to the first whose pattern it fits. */
const PLACES: [place: string, pattern: RegExp][] = [
  ["shared", /^shared\//],
  ["worker/channels/channel", /^worker\/channels\/channel\.ts$/],
  ["worker/channels/all", /^worker\/channels\/all\.ts$/],
  ["worker/channels", /^worker\/channels\//],
  ["worker/pipeline", /^worker\/pipeline\//],
  ["worker/templates", /^worker\/templates\//],
  ["worker/shard", /^worker\/shard\//],
  ["worker/settings", /^worker\/settings\//],
  ["worker/access", /^worker\/access\//],
  ["worker/adapters", /^worker\/adapters\//],
  ["worker/embedded", /^worker\/embedded\//],
  ["worker/routes", /^worker\/routes\//],
  ["worker/runtime", /^worker\/runtime\//],
  ["worker/local", /^worker\/local\//],
  ["worker/app", /^worker\/app\.ts$/],
  ["worker/ports", /^worker\/ports\.ts$/],
  ["worker/errors", /^worker\/errors\.ts$/],
  ["worker/log", /^worker\/(log|observed)\.ts$/],
  ["admin-ui/embed", /^admin-ui\/(embed|demo)\//],
  ["admin-ui", /^admin-ui\//],
  ["test", /^test\//],
];

/** Who may import whom; a place may always import itself. What is not named is not allowed. */
const MAY: Record<string, { places: string[]; packages: RegExp }> = {
  shared: { places: [], packages: /^(zod|@formatjs\/icu-messageformat-parser)$/ },
  "worker/errors": { places: ["shared"], packages: /^$/ },
  "worker/log": { places: ["worker/ports"], packages: /^$/ },
  "worker/ports": { places: ["shared", "worker/channels/channel", "worker/shard"], packages: /^$/ },
  "worker/channels/channel": { places: ["shared"], packages: /^$/ },
  "worker/channels/all": { places: ["worker/channels", "worker/ports", "shared"], packages: /^$/ },
  "worker/channels": {
    places: ["shared", "worker/channels/channel", "worker/ports", "worker/errors"],
    packages: /^(nodemailer(\/.*)?|twilio\/lib\/.*|web-push|libphonenumber-js\/min|zod|node:.*)$/,
  },
  "worker/templates": { places: ["shared", "worker/channels/channel"], packages: /^intl-messageformat$/ },
  "worker/pipeline": {
    places: [
      "shared",
      "worker/ports",
      "worker/settings",
      "worker/errors",
      "worker/log",
      "worker/templates",
      "worker/channels/channel",
      "worker/shard",
    ],
    packages: /^node:crypto$/,
  },
  "worker/shard": {
    places: ["shared", "worker/ports", "worker/errors", "worker/templates", "worker/pipeline", "worker/channels/channel"],
    packages: /^node:crypto$/,
  },
  "worker/settings": {
    places: [
      "shared",
      "worker/ports",
      "worker/errors",
      "worker/log",
      "worker/templates",
      "worker/pipeline",
      "worker/channels/channel",
      "worker/shard",
    ],
    packages: /^(node:(crypto|buffer)|zod|@cfworker\/json-schema)$/,
  },
  "worker/access": {
    places: ["shared", "worker/ports", "worker/errors", "worker/settings", "worker/pipeline", "worker/channels/channel"],
    packages: /^(node:(crypto|buffer)|zod)$/,
  },
  "worker/adapters": {
    places: ["shared", "worker/ports", "worker/errors"],
    packages: /^(node:sqlite|@upstash\/redis(\/cloudflare)?|@upstash\/qstash)$/,
  },
  "worker/embedded": { places: ["shared", "worker/ports", "worker/errors", "worker/log"], packages: /^node:(buffer|crypto|timers)$/ },
  "worker/routes": {
    places: [
      "shared",
      "worker/pipeline",
      "worker/settings",
      "worker/access",
      "worker/ports",
      "worker/errors",
      "worker/log",
      "worker/shard",
      "worker/channels/channel",
    ],
    packages: /^(hono(\/.*)?|zod|node:crypto)$/,
  },
  "worker/app": {
    places: ["shared", "worker/routes", "worker/channels/all", "worker/ports", "worker/errors", "worker/log"],
    packages: /^hono$/,
  },
  "admin-ui": {
    places: ["shared"],
    packages:
      /^(vue|vue-router|pinia|@pinia\/colada|reka-ui|@lucide\/vue|zod(\/v4\/core)?|vite|@vitejs\/plugin-vue|@tailwindcss\/vite|tailwindcss|vitest|node:.*)$/,
  },
  "admin-ui/embed": { places: ["shared"], packages: /^(lit(\/.*)?|vitest|node:.*)$/ },
};
/** The hosts may import everything, and nobody imports them. */
const HOSTS = ["worker/runtime", "worker/local"];

type Import = { from: string; to: string; isType: boolean };

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", "*.vue"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && !file.endsWith(".d.ts"));
const source = files.filter((file) => !/\.(test|spec|bench)\.ts$|fixtures|^test\/|vite.*config\.ts$|vitest\.config\.ts$/.test(file));

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const found: Import[] = [];
  for (const match of text.matchAll(/(?:^|\n)\s*(import|export)\s+(type\s+)?([^;'"]*?\sfrom\s*)?["']([^"'\n]+)["']/g)) {
    if (match[1] === "export" && !match[3]) continue;
    found.push({ from: file, to: match[4]!, isType: match[2] !== undefined });
  }
  for (const match of text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g)) found.push({ from: file, to: match[1]!, isType: false });
  return found;
}

const placeOf = (file: string): string => PLACES.find(([, pattern]) => pattern.test(file))?.[0] ?? file;

function targetOf({ from, to }: Import): { place: string } | { package: string } {
  if (to.startsWith(".")) return { place: placeOf(join(dirname(from), to)) };
  const own = /^@carillon\/(shared|worker|admin-ui)\/(.*)$/.exec(to);
  return own ? { place: placeOf(`${own[1]}/${own[2]}.ts`) } : { package: to };
}

test("everybody imports only whom the house rules allow", () => {
  const wrong: string[] = [];
  for (const file of source) {
    const place = placeOf(file);
    if (HOSTS.includes(place)) continue;
    const rule = MAY[place];
    if (!rule) {
      wrong.push(`${file} has no place in the house`);
      continue;
    }
    for (const one of importsOf(file)) {
      const target = targetOf(one);
      const isAllowed =
        "place" in target ? target.place === place || rule.places.includes(target.place) : rule.packages.test(target.package);
      if (!isAllowed && !/\.(css|svg|vue)(\?.*)?$/.test(one.to)) wrong.push(`${file} imports ${one.to}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("routes know shards only as a port, and the bell takes only types from shared", () => {
  const wrong = source
    .filter((file) => placeOf(file) === "worker/routes" || placeOf(file) === "admin-ui/embed" || placeOf(file) === "worker/ports")
    .flatMap(importsOf)
    .filter((one) => {
      const target = targetOf(one);
      if (!("place" in target) || one.isType) return false;
      return placeOf(one.from) === "admin-ui/embed"
        ? target.place === "shared"
        : target.place === "worker/shard" || target.place === "worker/channels";
    })
    .map((one) => `${one.from} imports ${one.to}`);
  expect(wrong).toEqual([]);
});

test("each runtime's words stand in its own files only", () => {
  const wrong = source.filter((file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    const isDeno = /^worker\/(runtime|local)\/deno[\w-]*\.ts$/.test(file);
    const isCloudflare = /^worker\/runtime\/cloudflare\.ts$/.test(file);
    return (/\bDeno\./.test(text) && !isDeno) || (/["']cloudflare:workers["']/.test(text) && !isCloudflare);
  });
  expect(wrong).toEqual([]);
});

test("the clock is read by hosts only: elsewhere time is an argument", () => {
  const wrong = source.filter(
    (file) =>
      /^(worker|shared)\//.test(file) &&
      !HOSTS.includes(placeOf(file)) &&
      /\bDate\.now\(\)|new Date\(\)/.test(readFileSync(join(ROOT, file), "utf8")),
  );
  expect(wrong).toEqual([]);
});
