import type { TestStage } from "@carillon/shared/channels";

export type StageRow = { stage: string; label: string; state: "ok" | "failed" | "running" | "waiting"; result: TestStage | null };

const LABELS: Record<string, string> = {
  name: "Name found",
  tcp: "TCP connection",
  tls: "TLS encryption",
  login: "Login",
  sender: "Sender accepted",
  recipient: "Recipient accepted",
  accepted: "Message accepted",
  credentials: "Credentials accepted",
  number: "Number can send",
  token: "Access token accepted",
  templates: "Approved template found",
  permission: "Permission of this browser",
  keys: "VAPID keys",
  subscription: "Push service known",
  shown: "Shown by this browser",
  switch: "Channel switched on",
  item: "Put into your bell",
};

/** The expected stages in order, with what has come in; unexpected ones follow, `done` ends the list and is no row. */
export function stageRows(expected: readonly string[], stages: TestStage[], isRunning: boolean): StageRow[] {
  const results = new Map(stages.map((stage) => [stage.stage, stage]));
  const names = [...new Set([...expected, ...results.keys()])].filter((name) => name !== "done");
  const hasFailed = stages.some((stage) => !stage.ok);
  let isNext = isRunning && !hasFailed && !results.has("done");
  return names.map((stage) => {
    const result = results.get(stage) ?? null;
    const row: StageRow = { stage, label: LABELS[stage] ?? stage[0]?.toUpperCase() + stage.slice(1), state: "waiting", result };
    if (result) row.state = result.ok ? "ok" : "failed";
    else if (isNext) {
      row.state = "running";
      isNext = false;
    }
    return row;
  });
}
