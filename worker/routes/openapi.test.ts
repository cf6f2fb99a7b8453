import { expect, test } from "vitest";
import { routes } from "../app.ts";
import { docsPage } from "./docs/page.ts";
import { localApp } from "./fixtures.ts";
import { openApiDocument } from "./openapi.ts";

/** What is called by machines that learn their address from us. */
const OWN_BUSINESS = ["queue", "provider", "link", "local"];

test("every route that others may call is in the document, under its caller", () => {
  const document = openApiDocument(routes, "https://carillon.example.com");
  const shown = routes.filter(({ caller }) => !OWN_BUSINESS.includes(caller.kind));
  const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(listed.sort()).toEqual(shown.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`).sort());
  const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
  expect(new Set(ids).size).toBe(ids.length);
});

test("a call tells its scope, its schema and an example that the schema takes", () => {
  const document = openApiDocument(routes, "https://carillon.example.com");
  expect(document.paths["/v1/tokens"]?.post).toMatchObject({
    "x-caller": "API key with scope tokens",
    security: [{ apiKey: [] }],
    requestBody: {
      required: true,
      content: {
        "application/json": {
          schema: { type: "object", required: ["user"], properties: { ttl: { type: "integer", minimum: 1, maximum: 900 } } },
        },
      },
    },
    responses: { default: { $ref: "#/components/responses/Problem" } },
  });
  expect(document.paths["/v1/deliveries"]?.get?.parameters.map(({ name }) => name)).toContain("state");
  for (const { method, path, body, caller } of routes) {
    if (!body || OWN_BUSINESS.includes(caller.kind)) continue;
    const operation = document.paths[path.replace(/:(\w+)/g, "{$1}")]?.[method.toLowerCase() as "post"];
    expect([path, body.safeParse(operation?.requestBody?.content["application/json"].example).success]).toEqual([path, true]);
  }
});

test("the page has an anchor for every call, no script, nothing from elsewhere and no value as markup", () => {
  const document = openApiDocument(routes, "https://carillon.example.com");
  const page = docsPage({ ...document, info: { ...document.info, title: "<img src=x onerror=alert(1)>" } });
  for (const methods of Object.values(document.paths))
    for (const { operationId } of Object.values(methods)) expect(page).toContain(`<article id="${operationId}">`);
  expect(page).not.toMatch(/<script|<img|style="|<style|src="|href="https?:|url\(/);
});

test("document, page and style are served to anyone", async () => {
  const { call } = await localApp();
  expect((await call("GET", "/openapi.json")).json()).toMatchObject({ openapi: "3.1.1", servers: [{ url: "http://localhost:8787" }] });
  const page = await call("GET", "/docs");
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=UTF-8"]);
  expect(page.headers.get("content-security-policy")).toContain("style-src 'self'");
  expect((await call("GET", "/docs/docs.css")).headers.get("content-type")).toBe("text/css; charset=utf-8");
});
