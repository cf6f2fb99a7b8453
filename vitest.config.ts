import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{shared,worker,admin-ui,test}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    pool: "threads",
    testTimeout: 20_000,
  },
});
