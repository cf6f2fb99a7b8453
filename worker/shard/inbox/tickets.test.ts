import { expect, test } from "vitest";
import { readTicket } from "@carillon/shared/socket-ticket";
import { openSql } from "../../adapters/node-sqlite.ts";
import { migrate } from "../schema.ts";
import { Tickets } from "./tickets.ts";

const T0 = Date.UTC(2026, 10, 23, 9);

function makeTickets() {
  const sql = openSql(":memory:");
  migrate(sql);
  return { sql, tickets: new Tickets(sql, 3, "acme") };
}

test("a ticket is good once, in time, and in its own shard", () => {
  const { sql, tickets } = makeTickets();
  const ticket = tickets.mint("u1", T0 + 60_000);
  expect(new Tickets(sql, 4, "acme").redeem(ticket, T0)).toBeNull();
  expect(new Tickets(sql, 3, "other").redeem(ticket, T0)).toBeNull();
  expect([tickets.redeem(ticket, T0), tickets.redeem(ticket, T0)]).toEqual(["u1", null]);
  expect(tickets.redeem(tickets.mint("u1", T0 + 60_000), T0 + 60_000)).toBeNull();
});

test("whoever reads the database finds nothing to open a socket with", () => {
  const { sql, tickets } = makeTickets();
  const { secret } = readTicket(tickets.mint("u1", T0 + 60_000))!;
  expect(JSON.stringify(sql.exec(`SELECT * FROM ticket`).toArray())).not.toContain(secret);
});
