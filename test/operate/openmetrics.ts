/** A family as it stands in the text; a sample's labels as one line, sorted by name. */
export type ReadFamily = { type: string; unit: string; help: string; samples: Map<string, number> };

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SUFFIXES: Record<string, string[]> = {
  counter: ["_total"],
  gauge: [""],
  histogram: ["_bucket", "_count", "_sum"],
  info: ["_info"],
  stateset: [""],
};

/**
 * Reads OpenMetrics 1.0 and throws for anything that the specification does not allow, of the types that we write.
 * @returns the families by name; samples by `name{label="value",…}`
 */
export function readOpenMetrics(text: string): Map<string, ReadFamily> {
  if (!text.endsWith("# EOF\n")) throw new Error("The text does not end with # EOF");
  const families = new Map<string, ReadFamily>();
  let name = "";
  let family: ReadFamily | null = null;
  for (const line of text.slice(0, -"# EOF\n".length).split("\n").slice(0, -1)) {
    const meta = /^# (TYPE|UNIT|HELP) (\S+) (.*)$/.exec(line);
    if (meta?.[1] === "TYPE") {
      [name, family] = [meta[2]!, { type: meta[3]!, unit: "", help: "", samples: new Map() }];
      if (!NAME.test(name)) throw new Error(`No name: ${line}`);
      if (families.has(name)) throw new Error(`${name} stands there twice`);
      if (!SUFFIXES[family.type]) throw new Error(`No type: ${line}`);
      if (/_(total|created|bucket|count|sum|info)$/.test(name)) throw new Error(`${name} ends as a sample does`);
      families.set(name, family);
      continue;
    }
    if (!family) throw new Error(`Before any family: ${line}`);
    if (meta) {
      if (meta[2] !== name) throw new Error(`In the family ${name}: ${line}`);
      if (family.samples.size > 0) throw new Error(`After a sample: ${line}`);
      if (meta[1] === "UNIT" && !name.endsWith(`_${meta[3]}`)) throw new Error(`${name} does not end with its unit`);
      if (meta[1] === "UNIT") family.unit = meta[3]!;
      else family.help = unescaped(meta[3]!);
      continue;
    }
    addSample(family, name, line);
  }
  for (const [one, { type, samples }] of families) {
    if (samples.size === 0) throw new Error(`${one} has no sample`);
    if (type === "histogram") checkHistogram(one, samples);
  }
  return families;
}

function addSample(family: ReadFamily, name: string, line: string): void {
  const sample = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (!sample) throw new Error(`No sample: ${line}`);
  const [, full = "", labelText = "", number = ""] = sample;
  const suffix = SUFFIXES[family.type]!.find((one) => `${name}${one}` === full);
  if (suffix === undefined) throw new Error(`Not of the ${family.type} ${name}: ${line}`);
  const labels = readLabels(labelText, line);
  const value = number === "+Inf" ? Infinity : Number(number);
  if (Number.isNaN(value) || (family.type === "counter" && value < 0)) throw new Error(`No value: ${line}`);
  if (suffix === "_bucket" && !/^(\d+\.\d+|\+Inf)$/.test(labels.get("le") ?? "")) throw new Error(`No bound: ${line}`);
  if (family.type === "stateset" && (!labels.has(name) || ![0, 1].includes(value))) throw new Error(`No state: ${line}`);
  if (family.type === "info" && value !== 1) throw new Error(`An info is 1: ${line}`);
  const key = keyOf(full, labels);
  if (family.samples.has(key)) throw new Error(`Twice: ${line}`);
  family.samples.set(key, value);
}

const keyOf = (name: string, labels: Map<string, string>): string => {
  const sorted = [...labels].sort(([one], [other]) => (one < other ? -1 : 1)).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return sorted.length === 0 ? name : `${name}{${sorted.join(",")}}`;
};

function readLabels(text: string, line: string): Map<string, string> {
  const labels = new Map<string, string>();
  const one = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/y;
  while (one.lastIndex < text.length) {
    const match = one.exec(text);
    if (!match || labels.has(match[1]!)) throw new Error(`No labels: ${line}`);
    labels.set(match[1]!, unescaped(match[2]!));
  }
  if (text.endsWith(",")) throw new Error(`No labels: ${line}`);
  return labels;
}

const unescaped = (text: string): string => text.replace(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));

/** Buckets rise, the last has no bound and holds what `_count` says. */
function checkHistogram(name: string, samples: Map<string, number>): void {
  const series = new Map<string, { bound: number; value: number }[]>();
  for (const [key, value] of samples) {
    if (!key.startsWith(`${name}_bucket`)) continue;
    const bound = /le="([^"]+)"/.exec(key)![1]!;
    const rest = key
      .replace(/,?le="[^"]+"/, "")
      .replace("{,", "{")
      .replace("{}", "");
    series.set(rest, [...(series.get(rest) ?? []), { bound: bound === "+Inf" ? Infinity : Number(bound), value }]);
  }
  for (const [key, buckets] of series) {
    const rises = buckets.every(({ bound, value }, at) => at === 0 || (bound > buckets[at - 1]!.bound && value >= buckets[at - 1]!.value));
    const last = buckets.at(-1)!;
    if (!rises || last.bound !== Infinity) throw new Error(`The buckets of ${key} do not rise to +Inf`);
    if (samples.get(key.replace("_bucket", "_count")) !== last.value) throw new Error(`${key} and its count differ`);
    if (!samples.has(key.replace("_bucket", "_sum"))) throw new Error(`${key} has no sum`);
  }
}
