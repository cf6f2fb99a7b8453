import { checkServices, type Finding } from "./check-services.ts";

const MARKS: Record<Finding["state"], string> = { ok: "ok     ", failed: "FAILED ", left: "-      " };

/** `npm run check:services`: ends with 1 if anything failed. */
let failed = 0;
for await (const { what, state, said, remedy } of checkServices(process.env)) {
  console.log(`${MARKS[state]} ${what}: ${said}${remedy ? `\n        ${remedy}` : ""}`);
  if (state === "failed") failed++;
}
console.log(failed === 0 ? "\nNothing is wrong." : `\n${failed} failed.`);
process.exit(failed === 0 ? 0 : 1);
