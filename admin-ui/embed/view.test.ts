import { expect, test } from "vitest";
import { makeItem } from "./fake-server.ts";
import { fill } from "./strings.ts";
import { addPage, createView, listed, relativeTime, safeLink } from "./view.ts";

const READ = { readAt: "2026-11-23T10:00:00Z" };
const ids = (list: ReturnType<typeof listed>) => [list.fresh.map((item) => item.id), list.earlier.map((item) => item.id)];

test("unread items come first, each part newest first, and keep their place when read", () => {
  const items = [makeItem(4, 4), { ...makeItem(3, 3), ...READ }, makeItem(2, 2), { ...makeItem(1, 1), ...READ }];
  const view = createView("all", "");
  addPage(view, { data: items, next: null });
  expect(ids(listed(view, items))).toEqual([
    ["i4", "i2"],
    ["i3", "i1"],
  ]);
  items[0] = { ...items[0]!, ...READ };
  expect(ids(listed(view, items))).toEqual([
    ["i4", "i2"],
    ["i3", "i1"],
  ]);
  expect(ids(listed(createView("unread", ""), items))).toEqual([["i2"], []]);
});

test("dismissed and archived items leave the list and are found under their own filter", () => {
  const items = [
    { ...makeItem(3, 3), dismissedAt: "x" },
    { ...makeItem(2, 2), archivedAt: "x" },
    { ...makeItem(1, 1), ...READ },
  ];
  const shown = (filter: "all" | "archived" | "dismissed") => {
    const view = createView(filter, "");
    addPage(view, { data: items, next: null });
    return listed(view, items).earlier.map((item) => item.id);
  };
  expect([shown("all"), shown("archived"), shown("dismissed")]).toEqual([["i1"], ["i2"], ["i3"]]);
});

test("read items older than what is loaded wait for Load older", () => {
  const items = [{ ...makeItem(9, 9), ...READ }, { ...makeItem(2, 10), ...READ }, makeItem(1, 11)];
  const view = createView("all", "");
  addPage(view, { data: items.slice(0, 1), next: "cursor" });
  expect(ids(listed(view, items))).toEqual([["i1"], ["i9"]]);
  addPage(view, { data: items.slice(1), next: null });
  expect(ids(listed(view, items))).toEqual([["i1"], ["i9", "i2"]]);
});

test("a search shows what the server found, in its order", () => {
  const items = [
    { ...makeItem(3, 3), dismissedAt: "x" },
    { ...makeItem(2, 2), ...READ },
    { ...makeItem(1, 1), ...READ },
  ];
  const view = createView("all", "acme");
  addPage(view, { data: [items[2]!, items[0]!], next: null });
  expect(ids(listed(view, items))).toEqual([[], ["i1", "i3"]]);
});

test("only http, https and relative links are followed", () => {
  const base = "https://crm.example.com/desk/";
  expect(
    ["https://a.example/x", "/tasks/7", "tasks/7", "javascript:alert(1)", "data:text/html,x", " \tjavascript:x", "https://", null].map(
      (link) => safeLink(link, base),
    ),
  ).toEqual([
    "https://a.example/x",
    "https://crm.example.com/tasks/7",
    "https://crm.example.com/desk/tasks/7",
    null,
    null,
    null,
    null,
    null,
  ]);
});

test("times are relative for a week and then a date", () => {
  const now = Date.parse("2026-11-23T18:00:00Z");
  const said = [0, 59_000, 61_000, 3_600_000, 26 * 3_600_000, 8 * 86_400_000, -5_000].map((age) => relativeTime(now - age, now, "en"));
  expect(said).toEqual(["now", "now", "1 min. ago", "1 hr. ago", "yesterday", "Nov 15, 2026", "now"]);
});

test("a text is filled in where it has a hole, and only with what is known", () => {
  expect(fill("{a} {b}", { a: "1" })).toBe("1 {b}");
});
