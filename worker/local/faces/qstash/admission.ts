import type { Gate, Message, QueueEngine } from "../../../embedded/queue/engine.ts";
import type { Clock } from "../../../ports.ts";
import type { FlowControl } from "./flow-control.ts";
import type { Outgoing } from "./publication.ts";
import type { Queues } from "./queues.ts";

type Dependencies = { clock: Clock; queues: Queues; flows: FlowControl; engine: QueueEngine };
/** What of a message says whether it may go. */
type Bound = Pick<Outgoing, "queue" | "root" | "flow">;

/** Which messages may be attempted now: first by their queue's order, then by their flow control. */
export function createGate({ clock, queues, flows, engine }: Dependencies): Gate {
  /** A message that waits is asked about again and again. */
  const known = new WeakMap<Message, Bound>();

  return {
    enter(message) {
      const { queue, root, flow } = boundOf(message);
      if (queue !== undefined && root !== undefined && !queues.mayGo(queue, root)) return queueLane(queue);
      if (flow === undefined) return null;
      const verdict = flows.enter(flow, clock.now());
      if (verdict === "go") return null;
      if (verdict !== "wait") engine.reconsiderAt(flowLane(flow.key), verdict.until);
      return flowLane(flow.key);
    },
    left(message) {
      const { queue, flow } = boundOf(message);
      if (flow !== undefined) {
        flows.left(flow.key);
        engine.reconsider(flowLane(flow.key));
      }
      if (queue !== undefined) engine.reconsider(queueLane(queue), queues.first(queue));
    },
  };

  function boundOf(message: Message): Bound {
    const bound = known.get(message) ?? read(message);
    known.set(message, bound);
    return bound;
  }
}

function read({ body }: Message): Bound {
  const { queue, root, flow } = JSON.parse(body) as Outgoing;
  return { ...(queue === undefined ? {} : { queue }), ...(root === undefined ? {} : { root }), ...(flow === undefined ? {} : { flow }) };
}

export const queueLane = (name: string): string => `queue ${name}`;
export const flowLane = (key: string): string => `flow ${key}`;
