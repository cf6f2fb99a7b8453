import { broadcastRoutes } from "./admin/broadcast.ts";
import { channelRoutes } from "./admin/channels.ts";
import { keyRoutes } from "./admin/keys.ts";
import { logRoutes } from "./admin/log.ts";
import { overviewRoutes } from "./admin/overview.ts";
import { providerRoutes } from "./admin/provider-details.ts";
import { retentionRoutes } from "./admin/retention.ts";
import { ruleRoutes } from "./admin/rules.ts";
import { sessionRoutes } from "./admin/session.ts";
import { templateRoutes } from "./admin/templates.ts";
import type { Route } from "./route.ts";

/** What the admin page calls. Signed in by the session's cookie; what changes anything comes from our own page only. */
export const adminRoutes: Route[] = [
  ...sessionRoutes,
  ...overviewRoutes,
  ...channelRoutes,
  ...providerRoutes,
  ...logRoutes,
  ...ruleRoutes,
  ...retentionRoutes,
  ...templateRoutes,
  ...keyRoutes,
  ...broadcastRoutes,
];
