import { PiniaColada } from "@pinia/colada";
import { createPinia } from "pinia";
import { createApp } from "vue";
import { config } from "zod/v4/core";
import App from "./App.vue";
import { createPageRouter, FIRST_TAB } from "./router.ts";
import { useSession } from "./stores/session.ts";
import { takeTicket } from "./ticket.ts";
import "./style.css";

// The content security policy forbids zod's compiled parsers, which are made with eval. Schemas are made later, with the tabs.
config({ jitless: true });

// Before the router reads the address.
const ticket = takeTicket(FIRST_TAB);
const app = createApp(App).use(createPinia()).use(PiniaColada).use(createPageRouter());
const session = useSession();
void (ticket === null ? session.check() : session.signIn(ticket));
app.mount("#app");

// A link that is opened while this page stands at the same path changes only the hash.
addEventListener("hashchange", () => {
  const next = takeTicket(location.pathname + location.search);
  if (next !== null) void session.signIn(next);
});
