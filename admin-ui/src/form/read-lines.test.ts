import { expect, test } from "vitest";
import { readLines } from "./read-lines.ts";

const streamOf = (...chunks: Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
const bytes = (text: string) => new TextEncoder().encode(text);

async function all(stream: ReadableStream<Uint8Array>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of readLines(stream)) values.push(value);
  return values;
}

test("lines come out whole wherever the network cuts them, also inside a letter", async () => {
  const text = bytes('{"said":"Grüße"}\n{"n":2}\n');
  const cut = text.indexOf(0xbc); // the second byte of ü
  expect(await all(streamOf(text.slice(0, cut), text.slice(cut)))).toEqual([{ said: "Grüße" }, { n: 2 }]);
});

test("a last line without a newline counts, empty lines don't", async () => {
  expect(await all(streamOf(bytes('{"n":1}\n\n{"n":2}')))).toEqual([{ n: 1 }, { n: 2 }]);
});

test("a line that is no JSON is an error, not a gap", async () => {
  await expect(all(streamOf(bytes("<html>\n")))).rejects.toThrow(SyntaxError);
});
