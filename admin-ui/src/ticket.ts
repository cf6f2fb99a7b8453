/** Takes the one-time ticket out of the address at once, so that it is neither seen, bookmarked nor sent on; `landing` stands there instead. */
export function takeTicket(landing: string): string | null {
  const ticket = ticketIn(location.hash);
  if (ticket !== null) history.replaceState(history.state, "", landing);
  return ticket;
}

/** The ticket in a sign-in link or in its `#ticket=` part. */
export function ticketIn(text: string): string | null {
  const found = /(?:^|#|&)ticket=([^&\s]+)/.exec(text.trim());
  return found?.[1] ? decodeURIComponent(found[1]) : null;
}
