import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { machine } from "./process.ts";

/** One line of the report. `goal` "–" is told only. */
export type Row = { name: string; value: string; goal: string; isMet: boolean };
/** How much is measured: `rounds` of what is repeated, `minutes` of what goes on, `isShort` for a look and not for a figure. */
export type Effort = { isShort: boolean; rounds: number; minutes: number };

/** An A/A comparison outside of this says that the machine was too noisy to be believed. */
const CONTROL = { from: 0.85, to: 1.18 };

export const told = (name: string, value: string): Row => ({ name, value, goal: "–", isMet: true });

/** A figure against its goal. `unit` stands behind both. */
export const judged = (name: string, value: number, sign: "≤" | "≥", goal: number, unit = "×", digits = 2): Row => ({
  name,
  value: `${value.toFixed(digits)} ${unit}`,
  goal: `${sign} ${goal} ${unit}`,
  isMet: sign === "≤" ? value <= goal : value >= goal,
});

/** @throws if what was measured against itself differed; a short run, which gives no figure, only says so */
export function checkControl(ratio: number, { isShort }: Effort): void {
  const isVoid = ratio < CONTROL.from || ratio > CONTROL.to;
  if (isVoid && !isShort) throw new Error(`The run is void: against itself it measured ${ratio.toFixed(2)} ×. Let the machine rest.`);
  console.log(`control (against itself): ${ratio.toFixed(2)} ×${isVoid ? ", too noisy for a figure" : ""}`);
}

/** Prints the rows and keeps them; a missed goal is a non-zero exit. */
export function report(rows: Row[], root: string, { rounds }: Effort): void {
  console.log(`\n${machine()}; ${rounds} rounds, medians\n`);
  for (const { name, value, goal, isMet } of rows)
    console.log(`${isMet ? "ok   " : "MISS "} ${name.padEnd(58)} ${value.padStart(34)}   ${goal}`);
  mkdirSync(join(root, "test-results"), { recursive: true });
  writeFileSync(join(root, "test-results/bench.json"), JSON.stringify({ machine: machine(), rows }, null, 2));
  process.exitCode = rows.every((one) => one.isMet) ? 0 : 1;
}
