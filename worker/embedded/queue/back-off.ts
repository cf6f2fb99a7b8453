const DAY_S = 86_400;

/** QStash's own: min(86400, e^(2.5 n)) seconds before the n-th retry: 12 s, 2½ min, 30 min, 6 h, a day. `retried` counts from 0. */
export const backOffMs = (retried: number): number => Math.round(Math.min(DAY_S, Math.exp(2.5 * (retried + 1))) * 1000);
