import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { buildPages } from "@carillon/worker/local/build-pages";
import { bundle } from "@carillon/worker/local/workers-command";

const ROOT = resolve(import.meta.dirname, "../..");
const PAGES = join(ROOT, "admin-ui/dist");

/** Bytes, gzipped. */
const WORKER = 350 * 1024;
const SHELL_SCRIPT = 60_000;
const SHELL_STYLE = 8_000;
const TAB = 45_000;
/** CodeMirror and what previews a template. */
const EDITOR = 170_000;
const HEAVY_TABS: Record<string, number> = { Templates: EDITOR };

const gzipped = (path: string): number => gzipSync(readFileSync(path), { level: 9 }).length;
const total = (paths: Iterable<string>): number => [...paths].reduce((sum, path) => sum + gzipped(path), 0);

test(`the worker's bundle is at most ${WORKER} bytes gzipped`, () => {
  const size = gzipped(join(bundle(), "cloudflare.js"));
  console.log(`worker: ${size} bytes`);
  expect(size).toBeLessThanOrEqual(WORKER);
}, 60_000);

describe("the admin page", () => {
  beforeAll(() => buildPages(), 120_000);

  /** What the page loads before anybody has chosen anything, with all that it imports by itself. */
  const shell = () => {
    const html = readFileSync(join(PAGES, "index.html"), "utf8");
    const named = [...html.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)].map(([, path]) => join(PAGES, path!));
    return withImports(named);
  };
  const scripts = (files: Set<string>) => [...files].filter((file) => file.endsWith(".js"));
  const styles = (files: Set<string>) => [...files].filter((file) => file.endsWith(".css"));

  test(`loads at most ${SHELL_SCRIPT} bytes of script and ${SHELL_STYLE} of style before a tab is open`, () => {
    const files = shell();
    console.log(`shell: ${total(scripts(files))} bytes of script, ${total(styles(files))} of style`);
    expect(total(scripts(files))).toBeLessThanOrEqual(SHELL_SCRIPT);
    expect(total(styles(files))).toBeLessThanOrEqual(SHELL_STYLE);
  });

  test(`loads at most ${TAB} bytes more for a tab`, () => {
    const loaded = shell();
    const tabs = readdirSync(join(ROOT, "admin-ui/src/tabs"))
      .filter((name) => name.endsWith(".vue"))
      .map((name) => name.replace(".vue", ""));
    const sizes = Object.fromEntries(tabs.map((tab) => [tab, sizeOfTab(tab, loaded)]));
    console.log(`tabs: ${JSON.stringify(sizes)}`);
    expect(Object.keys(sizes).length).toBeGreaterThanOrEqual(4);
    for (const [tab, size] of Object.entries(sizes)) expect(size, tab).toBeLessThanOrEqual(HEAVY_TABS[tab] ?? TAB);
  });

  test("asks no other origin for anything", () => {
    const addresses = readdirSync(PAGES, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(html|css)$/.test(name))
      .flatMap(
        (name) => readFileSync(join(PAGES, name), "utf8").match(/(?:src|href|url\(|@import)[=("'\s]*(?:https?:)?\/\/[^"')\s]+/g) ?? [],
      );
    expect(addresses.filter((address) => !/\/\/(localhost|127\.0\.0\.1)/.test(address))).toEqual([]);
  });

  /** The tab's own chunk with what it imports, less what is there already, and its style. */
  function sizeOfTab(tab: string, loaded: Set<string>): number {
    const names = readdirSync(join(PAGES, "assets"));
    const own = names.filter((name) => new RegExp(`^${tab}-[\\w-]{8}\\.(js|css)$`).test(name)).map((name) => join(PAGES, "assets", name));
    if (own.length === 0) throw new Error(`${tab} has no chunk of its own`);
    return total([...withImports(own)].filter((file) => !loaded.has(file)));
  }
});

/** Files with everything that they import at once; what is imported on demand is not followed. */
function withImports(files: string[]): Set<string> {
  const found = new Set<string>();
  const waiting = [...files];
  for (let file; (file = waiting.pop()) !== undefined;) {
    if (found.has(file)) continue;
    found.add(file);
    if (!file.endsWith(".js")) continue;
    for (const [, path] of readFileSync(file, "utf8").matchAll(
      /(?:^|[;}\s])(?:import|export)\s*(?:[\w*{][^"'`;]*?from\s*)?["'](\.{1,2}\/[^"']+)["']/g,
    ))
      waiting.push(join(dirname(file), path!));
  }
  return found;
}
