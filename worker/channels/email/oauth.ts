import type { EmailSettings } from "@carillon/shared/channels";
import type { Outcome } from "../channel.ts";
import { whyNotPublicHttps } from "./host-policy.ts";
import { SmtpFailure, type TokenSource } from "./connection.ts";

type Credentials = { tokenUrl: string; form: Record<string, string> };
type Token = { value: string; usableUntil: number };

/** A token is renewed this long before it runs out, so that none dies in the middle of a job. */
const RENEW_BEFORE = 60_000;
const TOKEN_PATIENCE = 10_000;
const MAX_CACHED = 1_000;

/** In this process, by a hash of the credentials: a changed secret finds no old token. */
const tokens = new Map<string, Token>();

/**
 * The access token for SMTP: from the cache, else from the provider. Throws SmtpFailure: `fault` with the provider's words when
 * it refuses, `retry` when it can't be reached.
 */
export function tokenSource(
  settings: EmailSettings,
  secrets: Record<string, string>,
  allowPrivate: boolean,
  hide: (secret: string) => void,
): TokenSource {
  const credentials = credentialsOf(settings, secrets);
  return async (renew) => {
    const key = await hashOf(credentials);
    const cached = tokens.get(key);
    const isUsable = cached && !renew && cached.usableUntil > performance.now();
    const token = isUsable ? cached : await fetchToken(credentials, allowPrivate);
    if (tokens.size >= MAX_CACHED) tokens.clear();
    tokens.set(key, token);
    hide(token.value);
    return token.value;
  };
}

/** With a refresh token the account's owner has agreed (Google); without one the application signs in itself (Microsoft 365). */
function credentialsOf(settings: EmailSettings, secrets: Record<string, string>): Credentials {
  const { tenant, clientId = "", tokenUrl } = settings.oauth ?? {};
  const client = { client_id: clientId, client_secret: secrets["clientSecret"] ?? "" };
  const refreshToken = secrets["refreshToken"];
  const microsoft = `https://login.microsoftonline.com/${encodeURIComponent(tenant || "organizations")}/oauth2/v2.0/token`;
  if (refreshToken) {
    const google = "https://oauth2.googleapis.com/token";
    return {
      tokenUrl: tokenUrl || (tenant ? microsoft : google),
      form: { grant_type: "refresh_token", refresh_token: refreshToken, ...client },
    };
  }
  return {
    tokenUrl: tokenUrl || microsoft,
    form: { grant_type: "client_credentials", scope: "https://outlook.office365.com/.default", ...client },
  };
}

async function fetchToken({ tokenUrl, form }: Credentials, allowPrivate: boolean): Promise<Token> {
  const refusal = allowPrivate ? null : whyNotPublicHttps(tokenUrl);
  if (refusal) throw failure({ kind: "fault", code: "oauth", remedy: `Token URL: ${refusal}.` });
  const askedAt = performance.now();
  const answer = await ask(tokenUrl, form);
  const body = asObject(answer.text);
  const value = body["access_token"];
  if (!answer.ok || typeof value !== "string" || !value) throw failure(refused(answer.status, body));
  const seconds = Number(body["expires_in"]) || 300;
  return { value, usableUntil: askedAt + Math.max(0, seconds * 1_000 - RENEW_BEFORE) };
}

async function ask(url: string, form: Record<string, string>): Promise<{ ok: boolean; status: number; text: string }> {
  try {
    // A redirect would carry the secrets elsewhere: `manual` because workerd has no `error`.
    const response = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(form),
      redirect: "manual",
      signal: AbortSignal.timeout(TOKEN_PATIENCE),
    });
    return { ok: response.ok, status: response.status, text: await response.text() };
  } catch (error) {
    throw failure(
      { kind: "retry", code: "oauth", unreachable: true, remedy: "The token address can't be reached: check Token URL." },
      error,
    );
  }
}

function refused(status: number, body: Record<string, unknown>): Outcome {
  const said = [body["error"], body["error_description"]].filter((word) => typeof word === "string").join(": ");
  const words = said ? { said: said.replace(/[\p{Cc}\s]+/gu, " ").slice(0, 500) } : {};
  if (status === 429 || status >= 500)
    return {
      kind: "retry",
      code: `oauth ${status}`,
      unreachable: true,
      remedy: "The provider gives no token just now; it is tried again.",
      ...words,
    };
  return {
    kind: "fault",
    code: `oauth ${status}`,
    remedy: "The provider gave no token: check tenant, client id and secret, and sign in again if the refresh token was revoked.",
    ...words,
  };
}

const failure = (outcome: Outcome, cause?: unknown): SmtpFailure => new SmtpFailure(outcome, true, cause);

function asObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    // Not JSON: it holds no token, which is what the caller asks about.
    return {};
  }
}

async function hashOf(credentials: Credentials): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(credentials)));
  return Buffer.from(digest).toString("base64");
}
