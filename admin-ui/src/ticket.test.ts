import { expect, test } from "vitest";
import { ticketIn } from "./ticket.ts";

test("a ticket is found in a whole link and in its hash", () => {
  expect(ticketIn("https://n.example.com/#ticket=ab-1_c")).toBe("ab-1_c");
  expect(ticketIn("#ticket=ab")).toBe("ab");
  expect(ticketIn("  http://localhost:8787/#ticket=a%2Bb \n")).toBe("a+b");
});

test("an address without a ticket has none", () => {
  expect(ticketIn("https://n.example.com/email?ticketish=1")).toBeNull();
  expect(ticketIn("#ticket=")).toBeNull();
});
