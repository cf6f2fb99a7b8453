import { relative, sep } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What waits for clocks, leases and processes; begun last, it would keep everybody waiting at the end. */
const LONG = ["test/path/", "test/browser/quality", "test/operate/", "test/faults/"];

/** The long tests first, in the order of that list, and the larger files before the smaller. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = relative(import.meta.dirname, moduleId).replaceAll(sep, "/");
      const found = LONG.findIndex((beginning) => place.startsWith(beginning));
      return found === -1 ? LONG.length : found;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    include: ["{shared,worker,admin-ui,test}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    pool: "threads",
    maxWorkers: 4,
    sequence: { sequencer: LongFirst },
    // Generous, because a busy machine is no fault of the product; what must be quick says so itself.
    testTimeout: 60_000,
  },
});
