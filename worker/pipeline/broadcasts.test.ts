import { expect, test } from "vitest";
import type { Ports } from "../ports.ts";
import type { EventProgress } from "../shard/fan-out.ts";
import { listAudiences, listBroadcasts } from "./broadcasts.ts";

const PLACE = { org: "acme", shards: 2 };
const AT = Date.parse("2026-11-24T12:00:00Z");

const progress = (more: Partial<EventProgress>): EventProgress => ({
  type: "mention",
  typeName: null,
  priority: "normal",
  at: AT,
  deliverAt: null,
  accepted: null,
  shards: [],
  people: 30,
  told: 30,
  cancelled: false,
  isOver: true,
  title: null,
  ...more,
});

/** Two shards, the home first, that know this of one event. */
function portsWith(home: EventProgress, other: EventProgress | null): Pick<Ports, "shards"> {
  const shards = [home, other].map((part) => ({
    fanOuts: async () => (part ? [{ id: "e0_x", at: part.at }] : []),
    progress: async () => [part],
    broadcasts: async () => [],
  }));
  return { shards: { get: (_org: string, shard: number) => shards[shard] } } as unknown as Pick<Ports, "shards">;
}
const stands = async (home: EventProgress, other: EventProgress | null) => {
  const [{ people, told, state, acceptedAt }] = (await listBroadcasts(portsWith(home, other), PLACE, 20)) as [never];
  return [people, told, state, acceptedAt];
};

test("an event is told once every shard that has people of it is at its end; a share on its way counts as not told", async () => {
  const home = progress({ accepted: 70, shards: [1] });
  const accepted = "2026-11-24T12:00:00.000Z";
  expect(await stands(home, null)).toEqual([70, 30, "telling", accepted]);
  expect(await stands(home, progress({ at: AT + 50, people: 40, told: 10, isOver: false }))).toEqual([70, 40, "telling", accepted]);
  expect(await stands(home, progress({ at: AT + 50, people: 40, told: 40 }))).toEqual([70, 70, "told", accepted]);
  expect(await stands(home, progress({ people: 40, told: 10, cancelled: true }))).toEqual([70, 40, "cancelled", accepted]);
});

test("the same role in two shards is one", async () => {
  const all = [
    { people: 5, groups: [{ kind: "role", name: "sales", people: 2 }] },
    {
      people: 4,
      groups: [
        { kind: "list", name: "beta", people: 1 },
        { kind: "role", name: "sales", people: 3 },
      ],
    },
  ];
  const ports = { shards: { get: (_org: string, shard: number) => ({ audiences: async () => all[shard] }) } } as unknown as Ports;
  expect(await listAudiences(ports, PLACE)).toEqual({
    people: 9,
    groups: [
      { kind: "list", name: "beta", people: 1 },
      { kind: "role", name: "sales", people: 5 },
    ],
  });
});
