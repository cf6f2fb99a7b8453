import { latencies } from "./latency.ts";
import { median } from "./process.ts";
import { checkControl, judged, told, type Effort, type Row } from "./report.ts";
import type { Servers } from "./servers.ts";

/** B3: from the post of an event to its frame on a socket, one at a time. */
export async function push({ carillon, ours, floor, peer }: Servers, effort: Effort): Promise<Row[]> {
  const { isShort, rounds } = effort;
  const pushes = isShort ? 50 : 200;
  const idleSockets = isShort ? 200 : 5_000;
  const ratios: Record<"floor" | "peer" | "idle" | "control", number[]> = { floor: [], peer: [], idle: [], control: [] };
  const p50: number[] = [];
  const alone = await latencies.carillon(ours, carillon, 0);
  const bare = await latencies.floor(floor);
  const diy = await latencies.peer(peer);
  for (const measure of [alone, bare, diy]) await measure.p50(pushes);
  for (let round = 0; round < rounds; round++) {
    const first = await alone.p50(pushes);
    const floors = [await bare.p50(pushes), await bare.p50(pushes)];
    const peers = [await diy.p50(pushes), await diy.p50(pushes)];
    const second = await alone.p50(pushes);
    p50.push((first + second) / 2);
    ratios.floor.push((first + second) / (floors[0]! + floors[1]!));
    ratios.peer.push((first + second) / (peers[0]! + peers[1]!));
    ratios.control.push(first / second);
  }
  const quiet = median(p50);
  const crowded = await latencies.carillon(ours, carillon, idleSockets);
  for (let round = 0; round < rounds; round++) ratios.idle.push((await crowded.p50(pushes)) / quiet);
  for (const measure of [alone, bare, diy, crowded]) measure.close();
  checkControl(median(ratios.control), effort);
  return [
    told("B3 event to socket, p50", `${quiet.toFixed(2)} ms`),
    judged("B3 against a bare push with fsync", median(ratios.floor), "≤", 2.6),
    judged("B3 against the DIY stack", median(ratios.peer), "≤", 0.8),
    judged(`B3 with ${idleSockets} idle sockets against itself`, median(ratios.idle), "≤", 1.3),
  ];
}
