import { readFileSync } from "node:fs";
import { Visitor, defineConfig, type ESTree, type EnvironmentOptions, type Plugin } from "vite";

// A build started from a test run must not become a development build, which would take lit's.
if (process.argv.includes("build")) process.env.NODE_ENV = "production";

const here = (path: string): string => new URL(path, import.meta.url).pathname;

/** What the bell loads only when it is asked for: each a request of its own. */
const PAGES = ["preferences", "why", "push"] as const;

/** What other pages embed, and the demo: fixed names, and no chunk between them, so that the bell is one request and each of its pages another. */
export default defineConfig({
  root: here("."),
  publicDir: false,
  logLevel: "warn",
  environments: {
    bell: script("embed/bell.ts", "embed"),
    ...Object.fromEntries(PAGES.map((page) => [page, script(`embed/${page}.ts`, "embed")])),
    headless: script("embed/client.ts", "embed"),
    worker: script("embed/push-sw.ts", "embed", "iife"),
    demo: script("demo/demo.ts", "demo"),
  },
  builder: {
    async buildApp(builder) {
      for (const name of ["bell", ...PAGES, "headless", "worker", "demo"]) await builder.build(builder.environments[name]!);
    },
  },
  plugins: [tightTemplates(), litAlone(), pagesApart(), demoPage()],
});

/** `iife` for what other scripts include. */
function script(entry: string, folder: string, format: "es" | "iife" = "es"): EnvironmentOptions {
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
        output: { entryFileNames: "[name].js", format },
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

/** Takes out of lit what it does to pages with other copies of it: it neither asks for a polyfill there nor puts its version on the list. */
function litAlone(): Plugin {
  const hooks = /,(\w)=\w\.litHtmlPolyfillSupport;\1\?\.\([\w,]+\),\(\w\.litHtmlVersions\?\?=\[\]\)\.push\("[\d.]+"\);/;
  return {
    name: "lit-alone",
    transform: {
      filter: { id: /\/lit-html\/lit-html\.js$/ },
      handler(code) {
        if (!hooks.test(code)) this.error("lit-html is no longer written as this build expects");
        return { code: code.replace(hooks, ";"), map: null };
      },
    },
  };
}

/** The bell and its pages import pages as the browser does: neither taken in nor wrapped in vite's preloading, which has nothing to load here. */
function pagesApart(): Plugin {
  const stands = PAGES.map((page) => ({ page, stand: `__CARILLON_${page.toUpperCase()}__` }));
  return {
    name: "pages-apart",
    transform: {
      filter: { id: /\/embed\/\w+\.ts$/ },
      handler: (code) => ({
        code: stands.reduce((text, { page, stand }) => text.replace(`import("./${page}.ts")`, stand), code),
        map: null,
      }),
    },
    renderChunk: {
      order: "post",
      handler: (code) => ({
        code: stands.reduce((text, { page, stand }) => text.replace(stand, `import("./${page}.js")`), code),
        map: null,
      }),
    },
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
