import type { KnownPerson } from "../api.ts";

/** What was typed into a list of people: ids apart by blanks, commas or semicolons, each once. */
export const idsIn = (typed: string): string[] => [...new Set(typed.split(/[\s,;]+/).filter((id) => id !== ""))];

/** Those who were chosen and whoever was typed and not chosen from the list. */
export const everybody = (chosen: string[], typed: string): string[] => [...new Set([...chosen, ...idsIn(typed)])];

/** People that may still be chosen; whoever is in already is not offered again. */
export const offered = (found: KnownPerson[], chosen: string[]): KnownPerson[] => found.filter(({ id }) => !chosen.includes(id));

/** The next of a list by an arrow key, within its ends. */
export const stepped = (active: number, step: number, length: number): number => Math.min(Math.max(active + step, 0), length - 1);
