/** Names one try of a delivery to a provider, which repeats it in its receipts: what is told late of an older try is not of the newest. */
export const attemptRef = ({ deliveryId, attempt }: { deliveryId: string; attempt?: number }): string =>
  attempt === undefined ? deliveryId : `${deliveryId}.${attempt}`;

/** `attempt` is null where none is named. */
export function parseAttemptRef(ref: string): { deliveryId: string; attempt: number | null } {
  const [, deliveryId, attempt] = /^(.+)\.([1-9]\d{0,3})$/.exec(ref) ?? [];
  return deliveryId === undefined ? { deliveryId: ref, attempt: null } : { deliveryId, attempt: Number(attempt) };
}
