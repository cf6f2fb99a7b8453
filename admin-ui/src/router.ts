import { createRouter, createWebHistory, type Router } from "vue-router";

/** The tabs in the manual's order. A tab's code is fetched when it is first opened. */
export const TABS = [
  { path: "/overview", label: "Overview", component: () => import("./tabs/Overview.vue") },
  { path: "/in-app", label: "In-App", component: () => import("./tabs/InApp.vue") },
  { path: "/email", label: "Email", component: () => import("./tabs/Email.vue") },
  { path: "/sms", label: "SMS", component: () => import("./tabs/Sms.vue") },
  { path: "/whatsapp", label: "WhatsApp", component: () => import("./tabs/WhatsApp.vue") },
  { path: "/push", label: "Browser Push", component: () => import("./tabs/Push.vue") },
  { path: "/event-routing", label: "Event Routing", component: () => import("./tabs/EventRouting.vue") },
  { path: "/dnd", label: "DND", component: () => import("./tabs/Dnd.vue") },
  { path: "/templates", label: "Templates", component: () => import("./tabs/Templates.vue") },
  { path: "/broadcast", label: "Broadcast", component: () => import("./tabs/Broadcast.vue") },
  { path: "/delivery-log", label: "Delivery Log", component: () => import("./tabs/DeliveryLog.vue") },
  { path: "/api-keys", label: "API Keys", component: () => import("./tabs/ApiKeys.vue") },
];
export const FIRST_TAB = "/overview";

export function createPageRouter(): Router {
  const router = createRouter({
    history: createWebHistory("/"),
    // A filter or an opened row changes only the query; the page stays where it is.
    scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
    routes: [
      ...TABS.map(({ path, label, component }) => ({ path, component, meta: { title: label } })),
      { path: "/:rest(.*)*", redirect: FIRST_TAB },
    ],
  });
  router.afterEach((to) => {
    document.title = `${String(to.meta.title ?? "")} · Notification Settings · Carillon`;
  });
  return router;
}
