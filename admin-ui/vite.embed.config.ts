import { readFileSync } from "node:fs";
import { Visitor, defineConfig, type ESTree, type EnvironmentOptions, type Plugin } from "vite";

// A build started from a test run must not become a development build, which would take lit's.
if (process.argv.includes("build")) process.env.NODE_ENV = "production";

const here = (path: string): string => new URL(path, import.meta.url).pathname;

/** What other pages embed, and the demo: fixed names, and no chunk between them, so that the bell is one request and its preferences another. */
export default defineConfig({
  root: here("."),
  publicDir: false,
  logLevel: "warn",
  environments: {
    bell: script("embed/bell.ts", "embed"),
    preferences: script("embed/preferences.ts", "embed"),
    headless: script("embed/client.ts", "embed"),
    demo: script("demo/demo.ts", "demo"),
  },
  builder: {
    async buildApp(builder) {
      for (const name of ["bell", "preferences", "headless", "demo"]) await builder.build(builder.environments[name]!);
    },
  },
  plugins: [tightTemplates(), preferencesApart(), demoPage()],
});

function script(entry: string, folder: string): EnvironmentOptions {
  return {
    consumer: "client",
    build: {
      outDir: here(`dist/${folder}`),
      emptyOutDir: false,
      // The first browsers with light-dark() and the popover attribute: nothing needs lowering.
      target: ["chrome123", "firefox125", "safari17.5"],
      modulePreload: false,
      rollupOptions: {
        input: here(entry),
        preserveEntrySignatures: "exports-only",
        output: { entryFileNames: "[name].js" },
      },
    },
  };
}

/** Takes out of html templates what no minifier does: line breaks and indents, which are layout of the source only, and quotes. */
function tightTemplates(): Plugin {
  return {
    name: "tight-templates",
    transform: {
      filter: { id: /\/embed\/.*\.ts$/ },
      handler(code) {
        const texts: ESTree.TemplateElement[] = [];
        new Visitor({
          TaggedTemplateExpression(node) {
            if (node.tag.type === "Identifier" && node.tag.name === "html") texts.push(...node.quasi.quasis);
          },
        }).visit(this.parse(code));
        let tight = code;
        // From the last to the first, so that the places of those before stay right.
        for (const { start, end } of texts.sort((a, b) => b.start - a.start)) {
          tight = tight.slice(0, start) + tighten(tight.slice(start, end)) + tight.slice(end);
        }
        return { code: tight, map: null };
      },
    },
  };
}

const tighten = (text: string): string =>
  text
    .replace(/\s*\n\s*/g, " ")
    .replace(/(^|>) (?=<|$)/g, "$1")
    .replace(/ (?=\/?>)/g, "")
    .replace(/="([\w-]+)"(?=[ >])/g, "=$1");

/** The bell imports its preferences as the browser does: neither taken in nor wrapped in vite's preloading, which has nothing to load here. */
function preferencesApart(): Plugin {
  const stand = "__CARILLON_PREFERENCES__";
  return {
    name: "preferences-apart",
    transform: {
      filter: { id: /\/embed\/bell\.ts$/ },
      handler: (code) => ({ code: code.replace('import("./preferences.ts")', stand), map: null }),
    },
    renderChunk: { order: "post", handler: (code) => ({ code: code.replace(stand, 'import("./preferences.js")'), map: null }) },
  };
}

/** The demo's page and style are taken as they are: a strict CSP needs nothing of vite's there. */
function demoPage(): Plugin {
  return {
    name: "demo-page",
    applyToEnvironment: (environment) => environment.name === "demo",
    generateBundle() {
      for (const fileName of ["index.html", "demo.css"]) {
        this.emitFile({ type: "asset", fileName, source: readFileSync(here(`demo/${fileName}`)) });
      }
    },
  };
}
