import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{shared,worker,admin-ui,test}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    pool: "threads",
    // Most of the long tests wait for clocks, leases and processes, not for a core.
    maxWorkers: 4,
    testTimeout: 20_000,
  },
});
