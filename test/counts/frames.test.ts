import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BellSocket } from "../harness/bell-socket.ts";
import { Instance, SHAPES, sleep, until, withShards } from "../harness/instance.ts";

describe.each(SHAPES)("sockets on $runtime with $shards shards", ({ runtime, shards }) => {
  const carillon = new Instance(runtime, withShards(shards));
  beforeAll(() => carillon.start(), 90_000);
  afterAll(() => carillon.dispose());

  test("an item is one frame on each of its person's sockets, and none on anybody else's", async () => {
    const bells = await Promise.all(["u1", "u1", "u1", "u2", "u3"].map((user) => BellSocket.open(carillon, user)));
    const ids = Array.from({ length: 5 }, (_, n) => `e${n}`);
    for (const id of ids) await carillon.api("POST", "/v1/events", { id, type: "mention", recipients: ["u1", "u2"], data: { text: id } });
    const heard = () => bells.map(({ frames }) => frames.flatMap((frame) => (frame.type === "item" ? [frame.item.event] : [])));
    await until(() => heard().flat().length >= 20, "all items arrive");
    await sleep(300);
    expect(heard()).toEqual([ids, ids, ids, ids, []]);
    expect(bells.flatMap(({ frames }) => frames).filter(({ type }) => type !== "item" && type !== "sync")).toEqual([]);
    for (const bell of bells) bell.close();
  });
});
