import { randomBytes } from "node:crypto";
import type { Account } from "./smtp.ts";

const LIFETIME_SECONDS = 3_600;

export type TokenAnswer = { status: number; body: Record<string, unknown> };
export type TokenDesk = { isToken(token: string): boolean; give(form: URLSearchParams): TokenAnswer; revokeAll(): void };

/** An OAuth 2 token endpoint (RFC 6749) in small: the client's id and secret are the mail account's user name and password. */
export function createTokenDesk(account: Account): TokenDesk {
  const live = new Set<string>();
  return {
    isToken: (token) => live.has(token),
    revokeAll: () => live.clear(),
    give(form) {
      const isClient = form.get("client_id") === account.username && form.get("client_secret") === account.password;
      if (!isClient)
        return { status: 401, body: { error: "invalid_client", error_description: "Client id or secret is wrong, said the sandbox" } };
      const grant = form.get("grant_type");
      const isKnown = grant === "client_credentials" || (grant === "refresh_token" && Boolean(form.get("refresh_token")));
      if (!isKnown) return { status: 400, body: { error: "unsupported_grant_type" } };
      const token = randomBytes(24).toString("base64url");
      live.add(token);
      return { status: 200, body: { access_token: token, token_type: "Bearer", expires_in: LIFETIME_SECONDS } };
    },
  };
}
