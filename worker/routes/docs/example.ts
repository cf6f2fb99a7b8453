import type { JsonSchema } from "./schema.ts";

/** Where an example says more than a value made from the schema. */
const EXAMPLES: Record<string, unknown> = {
  "POST /v1/events": {
    id: "crm-8841",
    type: "task_assigned",
    recipients: ["u17", { id: "u18", email: "eve@example.com", timeZone: "Europe/Berlin" }],
    actor: "u3",
    priority: "high",
    data: { task: { title: "Call Acme", dueAt: "2026-11-24T09:00:00Z" }, actorName: "Kim" },
    link: "https://crm.example.com/tasks/77",
  },
  "POST /v1/events/preview": {
    type: "task_assigned",
    audience: { kind: "team", name: "North" },
    data: { task: { title: "Update your forecast", dueAt: "2026-11-27T16:00:00Z" } },
  },
  "POST /admin/api/broadcast/preview": {
    type: "task_assigned",
    audience: { kind: "all" },
    data: { task: { title: "Update your forecast" } },
  },
  "POST /admin/api/broadcast": {
    id: "forecast-2026-48",
    type: "task_assigned",
    audience: { kind: "role", name: "sales" },
    data: { task: { title: "Update your forecast" } },
    link: "https://crm.example.com/forecast",
  },
  "POST /v1/simulate": { type: "task_assigned", recipients: ["u17"], at: "2026-11-24T22:30:00Z" },
  "POST /admin/api/simulate": { type: "task_assigned", recipients: ["u17"], at: "2026-11-24T22:30:00Z" },
  "PUT /v1/users/:id": { name: "Eve", email: "eve@example.com", phone: "+4915112345678", locale: "de", timeZone: "Europe/Berlin" },
  "POST /v1/users/bulk": {
    users: [
      { id: "u17", name: "Eve", email: "eve@example.com" },
      { id: "u18", name: "Ben", timeZone: "Europe/London" },
    ],
  },
  "POST /v1/tokens": { user: "u17" },
  "POST /v1/admin-tickets": { admin: { id: "a1", name: "Kim", email: "kim@example.com" }, role: "admin" },
  "PUT /admin/api/channels/:channel": {
    version: 1,
    settings: { host: "smtp.example.com", port: 587, username: "crm", encryption: "tls", fromAddress: "crm@example.com", fromName: "CRM" },
    secrets: { password: "…" },
  },
};

export const exampleOf = (call: string, schema: JsonSchema): unknown => EXAMPLES[call] ?? make(schema);

/** A value that fits the schema as far as a reader cares: the required fields, the first of each choice. */
function make(schema: JsonSchema): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return make(schema.anyOf[0] ?? {});
  switch ([schema.type].flat()[0]) {
    case "string":
      return STRINGS[schema.format ?? ""] ?? "text";
    case "integer":
    case "number":
      return schema.minimum ?? 1;
    case "boolean":
      return true;
    case "array":
      return schema.items ? [make(schema.items)] : [];
    case "object":
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([name]) => schema.required?.includes(name))
          .map(([name, property]) => [name, make(property)]),
      );
    default:
      return null;
  }
}
const STRINGS: Record<string, string> = {
  "date-time": "2026-11-24T09:00:00Z",
  date: "2026-11-24",
  email: "eve@example.com",
  uri: "https://crm.example.com",
};
