/** One line of a family: `suffix` as the type wants it (`_total`, `_bucket` …), labels in the order in which they are written. */
export type Sample = { suffix?: string; labels?: Record<string, string>; value: number };
export type Family = {
  name: string;
  type: "counter" | "gauge" | "histogram" | "info" | "stateset";
  /** The name's ending, where it says one. */
  unit?: "seconds";
  help: string;
  samples: Sample[];
};

export const OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** OpenMetrics 1.0 as text (https://prometheus.io/docs/specs/om/open_metrics_spec/). A family without a sample is left out. */
export function openMetrics(families: Family[]): string {
  const lines = families.filter(({ samples }) => samples.length > 0).flatMap(linesOf);
  return `${[...lines, "# EOF"].join("\n")}\n`;
}

function linesOf({ name, type, unit, help, samples }: Family): string[] {
  return [
    `# TYPE ${name} ${type}`,
    ...(unit ? [`# UNIT ${name} ${unit}`] : []),
    `# HELP ${name} ${escaped(help)}`,
    ...samples.map(({ suffix = "", labels = {}, value }) => `${name}${suffix}${labelled(labels)} ${value}`),
  ];
}

function labelled(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
