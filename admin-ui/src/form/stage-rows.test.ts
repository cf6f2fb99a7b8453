import { expect, test } from "vitest";
import { stageRows } from "./stage-rows.ts";

const EXPECTED = ["name", "tcp", "done"];
const states = (...args: Parameters<typeof stageRows>) => stageRows(...args).map((row) => `${row.stage} ${row.state}`);

test("the first stage without a result is the one that runs", () => {
  expect(states(EXPECTED, [], true)).toEqual(["name running", "tcp waiting"]);
  expect(states(EXPECTED, [{ stage: "name", ok: true, ms: 2 }], true)).toEqual(["name ok", "tcp running"]);
});

test("after a failure nothing runs on", () => {
  expect(states(EXPECTED, [{ stage: "name", ok: false, ms: 2 }], true)).toEqual(["name failed", "tcp waiting"]);
});

test("a stage the page does not know is shown by its own name", () => {
  const rows = stageRows(
    [],
    [
      { stage: "quota", ok: true, ms: 1 },
      { stage: "done", ok: true, ms: 1 },
    ],
    false,
  );
  expect(rows.map((row) => row.label)).toEqual(["Quota"]);
});
