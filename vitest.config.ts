import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{shared,worker,admin-ui,test}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    pool: "threads",
    // Most of the long tests wait for clocks, leases and processes, not for a core.
    maxWorkers: 4,
    // Generous, because a busy machine is no fault of the product; what must be quick says so itself.
    testTimeout: 60_000,
  },
});
