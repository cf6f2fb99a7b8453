import { rmSync } from "node:fs";
import { join } from "node:path";
import tailwindcss from "@tailwindcss/vite";
import vue from "@vitejs/plugin-vue";
import { defineConfig, type Plugin } from "vite";

const root = import.meta.dirname;
// A build started from a test run must not become a development build.
if (process.argv.includes("build")) process.env.NODE_ENV = "production";

export default defineConfig({
  root,
  base: "/",
  plugins: [
    vue({ template: { compilerOptions: { isCustomElement: (tag) => tag.startsWith("carillon-") } } }),
    // The build below lowers nothing: light-dark() reaches the browser as it is written.
    tailwindcss({ optimize: false }),
    withoutJsonSchema(),
    {
      // dist/embed and dist/demo belong to another build, so that the whole folder can't be emptied.
      name: "empty-own-assets",
      apply: "build",
      buildStart: () => rmSync(join(root, "dist/assets"), { recursive: true, force: true }),
    },
  ],
  build: {
    outDir: "dist",
    emptyOutDir: false,
    // The first versions with light-dark() and the popover attribute.
    target: ["chrome123", "firefox125", "safari17.5"],
    // data: URLs are no own origin for fonts and scripts; files are.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});

/**
 * Every zod schema can describe itself as JSON Schema, with code that no bundler can take out, a fifth of what zod weighs here. The page
 * checks and describes nothing, so those functions are there in name only.
 */
function withoutJsonSchema(): Plugin {
  return {
    name: "without-json-schema",
    apply: "build",
    transform: {
      filter: { id: /\/zod\/v4\/core\/(json-schema-processors|to-json-schema)\.js$/ },
      handler(code) {
        const names = [...code.matchAll(/^export (?:const|function) (\w+)/gm)].map(([, name]) => name);
        return {
          code:
            names.map((name) => `export const ${name} = () => () => null;`).join("\n") +
            "\nconst none = () => null;\nexport { none as process };",
          map: null,
        };
      },
    },
  };
}
