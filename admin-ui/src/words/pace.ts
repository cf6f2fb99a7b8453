export const PACE_LABELS = { "pace.perSecond": "Messages per second", "pace.connections": "Connections at once" };
