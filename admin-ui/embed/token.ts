const RENEW_BEFORE = 30_000;

export type TokenSource = {
  /** A token that is good for a while; asks for a new one when it must. */
  get(): Promise<string>;
  /** The server did not take this one. */
  forget(token: string): void;
};

/** Keeps the page's token; callers at the same time share one question to the page. */
export function createTokenSource(ask: () => Promise<string>, now: () => number): TokenSource {
  let kept: { token: string; endsAt: number } | null = null;
  let asking: Promise<string> | null = null;

  return {
    get() {
      if (kept && now() < kept.endsAt - RENEW_BEFORE) return Promise.resolve(kept.token);
      asking ??= renew().finally(() => (asking = null));
      return asking;
    },
    forget(token) {
      if (kept?.token === token) kept = null;
    },
  };

  async function renew(): Promise<string> {
    const token = await ask();
    kept = { token, endsAt: endOf(token) };
    return token;
  }
}

/** The `exp` of a JWT (RFC 7519 §4.1.4) in ms; of anything else we learn the end by a 401. */
function endOf(token: string): number {
  try {
    const payload = token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/");
    return (JSON.parse(atob(payload)) as { exp?: number }).exp! * 1000 || Infinity;
  } catch {
    return Infinity;
  }
}
