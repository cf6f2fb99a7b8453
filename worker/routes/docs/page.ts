import type { OpenApi, Operation } from "../openapi.ts";
import { fieldsOf, typeOf, type Field, type JsonSchema } from "./schema.ts";

type Call = { method: string; path: string; operation: Operation };

/** The document as a page: no script, nothing from elsewhere, every value escaped. */
export function docsPage(document: OpenApi): string {
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Call => ({ method: method.toUpperCase(), path, operation })),
  );
  const groups = document.tags.map((tag) => ({ ...tag, calls: calls.filter(({ operation }) => operation.tags.includes(tag.name)) }));
  const url = document.servers[0]?.url ?? "";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(document.info.title)} API</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/docs/docs.css">
</head>
<body>
<a class="skip" href="#main">Skip to the calls</a>
<nav aria-label="Calls">
<p class="name">${escapeHtml(document.info.title)} <span>API</span></p>
${groups.map(({ name, calls: own }) => `<h2>${escapeHtml(name)}</h2>\n<ul>${own.map(navItem).join("")}</ul>`).join("\n")}
</nav>
<main id="main">
<header>
<h1>${escapeHtml(document.info.title)} API</h1>
<p>${prose(document.info.description)}</p>
<p>Everything below as <a href="/openapi.json">OpenAPI ${escapeHtml(document.openapi)}</a>. Base address <code>${escapeHtml(url)}</code>.</p>
</header>
${groups.map((group) => section(group.name, group.description, group.calls, url)).join("\n")}
${errorSection(document)}
</main>
</body>
</html>
`;
}

const navItem = ({ method, path, operation }: Call): string =>
  `<li><a href="#${escapeHtml(operation.operationId)}"><span class="method ${method.toLowerCase()}">${method}</span> <span class="path">${breakable(path)}</span></a></li>`;

function section(name: string, description: string, calls: Call[], url: string): string {
  const id = name.toLowerCase().replace(/[^a-z]+/g, "-");
  return `<section aria-labelledby="${id}">\n<h2 id="${id}">${escapeHtml(name)}</h2>\n<p>${prose(description)}</p>\n${calls.map((call) => article(call, url)).join("\n")}\n</section>`;
}

function article(call: Call, url: string): string {
  const { method, path, operation } = call;
  const body = operation.requestBody?.content["application/json"];
  const limit = operation["x-max-bytes"];
  return `<article id="${escapeHtml(operation.operationId)}">
<h3><a href="#${escapeHtml(operation.operationId)}"><span class="method ${method.toLowerCase()}">${method}</span> <code>${breakable(path)}</code></a></h3>
<p>${prose(operation.summary)}</p>
<p class="caller">${escapeHtml(operation["x-caller"])}${limit === undefined ? "" : ` · body up to ${Math.floor(limit / 1024)} KiB`}</p>
${parameterTable(operation)}
${body ? `<h4>Body</h4>\n${schemaTable(body.schema)}` : ""}
${Object.entries(operation.responses)
  .map(([status, answer]) => answerOf(status, answer))
  .join("\n")}
<h4>Example</h4>
<pre tabindex="0"><code>${escapeHtml(curl(call, url, body?.example))}</code></pre>
</article>`;
}

function answerOf(status: string, answer: Operation["responses"][string]): string {
  if ("$ref" in answer) return "";
  const content = Object.entries(answer.content ?? {})[0];
  const type = content && content[0] !== "application/json" ? `, ${content[0]}` : "";
  return `<h4>Answer ${escapeHtml(status)}: ${escapeHtml(answer.description + type)}</h4>\n${content ? schemaTable(content[1].schema) : ""}`;
}

function parameterTable({ parameters }: Operation): string {
  if (parameters.length === 0) return "";
  const fields = parameters.map(({ name, in: place, required, schema }): Field => ({
    name,
    type: typeOf(schema),
    isRequired: required,
    notes: place === "path" ? ["in the path"] : [],
  }));
  return `<h4>Parameters</h4>\n${table(fields)}`;
}

/** Of a choice the first is shown in full, of the others what is different at their top. */
function schemaTable(schema: JsonSchema): string {
  const [first = schema, ...others] = schema.anyOf ?? [];
  const fields = [...fieldsOf(first), ...others.flatMap((other) => fieldsOf(other, "or ").filter(({ name }) => !/[.[]/.test(name)))];
  return fields.length === 0 ? `<p>${escapeHtml(typeOf(schema))}</p>` : table(fields);
}

const table = (fields: Field[]): string => `<div class="table" tabindex="0" role="group" aria-label="Fields">
<table>
<thead><tr><th scope="col">Field</th><th scope="col">Type</th><th scope="col">Notes</th></tr></thead>
<tbody>
${fields.map(row).join("\n")}
</tbody>
</table>
</div>`;

const row = ({ name, type, isRequired, notes }: Field): string =>
  `<tr><th scope="row"><code>${breakable(name)}</code></th><td>${escapeHtml(type)}</td><td>${escapeHtml([...(isRequired ? ["required"] : []), ...notes].join("; "))}</td></tr>`;

function errorSection({ components }: OpenApi): string {
  const problem = components.schemas.Problem;
  if (!problem) return "";
  return `<section aria-labelledby="errors">
<h2 id="errors">Errors</h2>
<p>Whatever goes wrong is answered as <code>application/problem+json</code> (RFC 9457): 400 or 422 for bad input, 401 for a missing or bad credential, 403 for what it may not do, 404, 409 for a conflict, 413 for too much, 429 and 503 with <code>retry-after</code>.</p>
${schemaTable(problem)}
</section>`;
}

function curl({ method, path, operation }: Call, url: string, example: unknown): string {
  const [credential] = operation.security.flatMap((each) => Object.keys(each));
  const lines = [
    `curl ${method === "GET" ? "" : `-X ${method} `}'${url}${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `<${name}>`)}'`,
  ];
  if (credential === "apiKey") lines.push(`-H "authorization: Bearer $CARILLON_KEY"`);
  if (credential === "userToken") lines.push(`-H "authorization: Bearer $USER_TOKEN"`);
  if (credential === "session") lines.push(`-b "__Host-carillon=$SESSION"`);
  if (example !== undefined)
    lines.push(`-H 'content-type: application/json'`, `-d '${JSON.stringify(example, null, 2).replaceAll("'", "'\\''")}'`);
  return lines.join(" \\\n  ");
}

/** A long path may break at its slashes and dots. */
const breakable = (text: string): string => escapeHtml(text).replace(/([/.])/g, "$1<wbr>");

/** Prose of ours with `code` in it. */
const prose = (text: string): string => escapeHtml(text).replace(/`([^`]+)`/g, "<code>$1</code>");

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
