import * as z from "zod";
import type { WhatsAppSettings, WhatsAppTemplate } from "@carillon/shared/whatsapp-settings";
import type { Configuration } from "../channel.ts";
import { NoAnswer, ask, said } from "../provider.ts";

/** The Graph API said no. */
export class GraphRefusal extends Error {
  readonly status: number;
  readonly code: number | null;
  readonly said: string;
  readonly retryAfterMs: number | undefined;
  constructor(status: number, code: number | null, words: string, retryAfterMs: number | undefined) {
    super(words);
    this.name = "GraphRefusal";
    this.status = status;
    this.code = code;
    this.said = words;
    this.retryAfterMs = retryAfterMs;
  }
}

const GRAPH = "https://graph.facebook.com";
const VERSION = "v23.0";
const PAGE = 100;
/** An account has at most 6,000 templates. */
const MAX_PAGES = 60;

const errorSchema = z.object({
  error: z.object({
    code: z.number(),
    message: z.string().nullish(),
    error_data: z.object({ details: z.string().nullish() }).nullish(),
  }),
});
const sentSchema = z.object({ messages: z.array(z.object({ id: z.string(), message_status: z.string().optional() })).min(1) });
const phoneSchema = z.object({
  display_phone_number: z.string().optional(),
  verified_name: z.string().optional(),
  quality_rating: z.string().optional(),
});
const componentSchema = z.object({
  type: z.string(),
  format: z.string().optional(),
  text: z.string().optional(),
  buttons: z.array(z.object({ type: z.string(), url: z.string().optional() })).optional(),
});
const templatesSchema = z.object({
  data: z.array(
    z.object({
      id: z.union([z.string(), z.number()]).transform(String),
      name: z.string(),
      language: z.string(),
      status: z.string(),
      category: z.string().default(""),
      quality_score: z.object({ score: z.string().optional() }).nullish(),
      components: z.array(componentSchema).default([]),
    }),
  ),
  paging: z.object({ cursors: z.object({ after: z.string().optional() }).optional(), next: z.string().optional() }).optional(),
});

export type GraphClient = {
  send(message: Record<string, unknown>): Promise<{ id: string; status: string }>;
  phone(): Promise<z.infer<typeof phoneSchema>>;
  templates(): Promise<WhatsAppTemplate[]>;
};

/** The calls of the Graph API that we use. Every method throws GraphRefusal or NoAnswer. */
export function createClient({ settings, secrets, endpoints }: Configuration<WhatsAppSettings>, patienceMs: number): GraphClient {
  const root = `${endpoints?.graph ?? GRAPH}/${VERSION}`;
  const authorization = `Bearer ${secrets["accessToken"] ?? ""}`;

  async function call<Schema extends z.ZodType>(schema: Schema, path: string, body?: Record<string, unknown>): Promise<z.infer<Schema>> {
    const answer = await ask(
      root + path,
      body
        ? { method: "POST", headers: { authorization, "content-type": "application/json" }, body: JSON.stringify(body) }
        : { headers: { authorization } },
      patienceMs,
    );
    const json = parsed(answer.text);
    if (answer.status >= 200 && answer.status < 300) {
      const known = schema.safeParse(json);
      // Taken, but not in words that we know: as good as no answer.
      if (!known.success) throw new NoAnswer(true, known.error);
      return known.data;
    }
    const { error } = errorSchema.safeParse(json).data ?? {};
    const words = [error?.message, error?.error_data?.details].filter(Boolean).join(": ") || answer.text || `HTTP ${answer.status}`;
    throw new GraphRefusal(answer.status, error?.code ?? null, said(words, secrets), answer.retryAfterMs);
  }

  return {
    async send(message) {
      const { messages } = await call(sentSchema, `/${settings.phoneNumberId}/messages`, message);
      return { id: messages[0]?.id ?? "", status: messages[0]?.message_status ?? "accepted" };
    },
    phone: () => call(phoneSchema, `/${settings.phoneNumberId}?fields=display_phone_number,verified_name,quality_rating`),
    async templates() {
      const all: WhatsAppTemplate[] = [];
      const fields = "id,name,language,status,category,quality_score,components";
      let after = "";
      for (let page = 0; page < MAX_PAGES; page++) {
        const query = new URLSearchParams({ fields, limit: String(PAGE), ...(after ? { after } : {}) });
        // `paging.next` is an address of theirs with our token in it; the cursor is enough.
        const { data, paging } = await call(templatesSchema, `/${settings.businessAccountId}/message_templates?${query}`);
        all.push(...data.map(templateOf));
        if (!paging?.next || !paging.cursors?.after) break;
        after = paging.cursors.after;
      }
      return all;
    },
  };
}

type Listed = z.infer<typeof templatesSchema>["data"][number];

function templateOf({ id, name, language, status, category, quality_score: quality, components }: Listed): WhatsAppTemplate {
  const part = (type: string) => components.find((component) => component.type.toUpperCase() === type);
  const header = part("HEADER");
  const body = part("BODY")?.text ?? "";
  return {
    id,
    name,
    language,
    status: status.toUpperCase(),
    category,
    quality: quality?.score ?? "UNKNOWN",
    text: body,
    parameters: {
      header: header?.format === undefined || header.format.toUpperCase() === "TEXT" ? placeholders(header?.text ?? "") : [],
      body: placeholders(body),
      button: placeholders(part("BUTTONS")?.buttons?.[0]?.url ?? ""),
    },
  };
}

/** The names between double braces, in order; one that comes twice counts once. */
function placeholders(text: string): string[] {
  return [...new Set([...text.matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((match) => match[1] ?? ""))];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
