import { rmSync } from "node:fs";
import { join } from "node:path";
import tailwindcss from "@tailwindcss/vite";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

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
