import { unsubscribeUrl } from "@carillon/worker/pipeline/links";
import { beforeEach, describe, expect, test } from "vitest";
import { openHouse, type OpenHouse } from "./house.ts";

let house: OpenHouse;
let path: string;
beforeEach(async () => {
  house = await openHouse();
  path = await linkFor("task_assigned");
});

const linkFor = async (type: string, user = "u1", org = "acme") =>
  new URL(await unsubscribeUrl(house.outside, { org, user, type })).pathname;
const get = (at = path) => house.fetch("GET", at);
const submit = (body = "", at = path) =>
  house.fetch("POST", at, { body, headers: { "content-type": "application/x-www-form-urlencoded", origin: "https://mail.example" } });
const headingOf = ({ text }: { text: string }) => /<h1>(.*?)<\/h1>/.exec(text)?.[1]?.replaceAll("&#39;", "'");
const setCell = async (type: string, cell: object) => {
  const { version, cells } = (await house.call("GET", "/admin/api/routing", undefined, house.admin)).body;
  cells[type].email = cell;
  expect((await house.call("PUT", "/admin/api/routing", { version, cells }, house.admin)).status).toBe(200);
};

test("looking changes nothing, and says which mails, for whom, from whom", async () => {
  for (let time = 0; time < 3; time++) {
    const answer = await get();
    expect([answer.status, headingOf(answer)]).toEqual([200, "Stop these emails?"]);
    for (const words of ["acme", "ada@example.com", "A task is assigned to a user"]) expect(answer.text).toContain(words);
  }
  await house.post("e1");
  expect(await house.serve("email")).toHaveLength(1);
});

test("one click of the mail program is enough (RFC 8058), and mutes that kind of mail alone", async () => {
  const answer = await submit("List-Unsubscribe=One-Click");
  expect([answer.status, headingOf(answer)]).toEqual([200, "You will get no more of these emails"]);
  await house.post("e1");
  expect(await house.deliveryOf("e1", "email")).toMatchObject({ state: "skipped", reason: "user-muted" });
  await house.post("e2", { type: "mention", data: { text: "hello" } });
  await house.post("e3", { recipients: ["u2"] });
  expect((await house.serve("email")).map(({ to, event }) => `${to.id} ${event.type}`).sort()).toEqual(["u1 mention", "u2 task_assigned"]);
  expect(await house.serve("sms")).toHaveLength(3);
});

test("the button does the same, a repeat too, and Undo takes it back", async () => {
  await submit();
  expect(headingOf(await submit())).toBe("You will get no more of these emails");
  expect(headingOf(await get())).toBe("These emails are stopped already");
  const undone = await submit("undo=1");
  expect([undone.status, headingOf(undone)]).toEqual([200, "You will get these emails again"]);
  await house.post("e1");
  expect(await house.serve("email")).toHaveLength(1);
});

test("what is waiting is not sent any more once it is muted", async () => {
  await house.post("e1");
  await submit();
  expect(await house.serve("email")).toEqual([]);
  expect(await house.deliveryOf("e1", "email")).toMatchObject({ state: "skipped", reason: "user-muted" });
});

test("what is locked can't be stopped, and the page says why", async () => {
  await setCell("task_assigned", { when: "on", locked: true });
  for (const answer of [await get(), await submit("List-Unsubscribe=One-Click")]) {
    expect([answer.status, headingOf(answer)]).toEqual([200, "These emails can't be stopped here"]);
    expect(answer.text).not.toContain("<form");
  }
  await house.post("e1");
  expect(await house.serve("email")).toHaveLength(1);
});

test("a link that is not ours, of nobody, or to another organisation leads nowhere", async () => {
  for (const broken of [
    `${path}x`,
    path.replace("u1", "u2"),
    await linkFor("task_assigned", "nobody"),
    await linkFor("mention", "u1", "other"),
    "/u/x",
  ]) {
    for (const answer of [await get(broken), await submit("", broken)]) {
      expect([answer.status, headingOf(answer)], broken).toEqual([404, "This link does not work"]);
      expect(answer.text).not.toContain("ada@example.com");
    }
  }
});

test("the organisation's own kind is called by its name, and no name is markup", async () => {
  const { body } = await house.call("GET", "/admin/api/event-types", undefined, house.admin);
  const own = {
    type: "contract_signed",
    name: "Contract <b>signed</b>",
    description: "",
    priority: "normal",
    schema: null,
    archived: false,
  };
  await house.call("PUT", "/admin/api/event-types", { version: body.version, types: [...body.types, own] }, house.admin);
  await setCell("contract_signed", { when: "on", locked: false });
  const { text } = await get(await linkFor("contract_signed"));
  expect(text).toContain("Contract &lt;b&gt;signed&lt;/b&gt;");
});

describe("the page", () => {
  test("runs nothing, loads its own style only, sets no cookie, and is kept by nobody", async () => {
    const answer = await get();
    expect(answer.headers.get("content-security-policy")).toBe(
      "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(answer.headers.get("set-cookie")).toBeNull();
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
    expect(answer.text).not.toMatch(/<script|style="|<style|https?:/);
    const style = await house.fetch("GET", "/u/style.css");
    expect([style.status, style.headers.get("content-type")]).toEqual([200, "text/css; charset=utf-8"]);
  });

  test("while the shard can't be reached says so, and nothing was changed", async () => {
    house.shards.isAway = true;
    expect((await submit()).status).toBe(503);
  });
});
