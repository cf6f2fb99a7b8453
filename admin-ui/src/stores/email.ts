import { emailSettingsSchema, type EmailSettings, type Encryption } from "@carillon/shared/channels";
import { EMAIL_PRESETS, portEncryptionMismatch, presetHost, type EmailPreset } from "@carillon/shared/email-presets";
import { defineStore } from "pinia";
import { computed } from "vue";
import { presetOf } from "../form/email-preset.ts";
import { withPace } from "../form/pace.ts";
import { secretsToForget } from "../form/email-secrets.ts";
import { useChannelForm } from "./channel-form.ts";
import { useChannelSwitch } from "./channel-switch.ts";
import { useFormTest } from "./form-test.ts";
import { useSession } from "./session.ts";

export type EmailDraft = Omit<EmailSettings, "port" | "oauth" | "pace"> & {
  /** Text while it is no whole number. */
  port: number | string;
  oauth: { tenant: string; clientId: string; tokenUrl: string };
};

export const useEmail = defineStore("email", () => {
  const form = useChannelForm(withPace<EmailDraft>({ channel: "email", schema: emailSettingsSchema, toDraft, toSettings }));
  const { draft, secrets, view, changes } = form;
  const session = useSession();

  const testing = useFormTest(form, { firstTo: session.session?.admin.email ?? "", missing: "An address such as eve@example.com" });

  const preset = computed(() => presetOf(draft.value.host));
  const mismatch = computed(() => portEncryptionMismatch(toPort(draft.value.port) as number, draft.value.encryption));
  const encryptions = computed(() => {
    const offered: { value: Encryption; label: string }[] = [
      { value: "tls", label: "TLS" },
      { value: "ssl", label: "SSL" },
    ];
    const isOffered = session.session?.allowPrivateHosts || draft.value.encryption === "none";
    return isOffered ? [...offered, { value: "none" as const, label: "None" }] : offered;
  });

  /** Stored secrets that a save would clear, because they would go to another server than they were typed for. */
  const forgets = computed(() => {
    const staying = Object.keys(view.value?.secrets ?? {}).filter(
      (name) => view.value?.secrets[name]?.set && secrets.value[name] === undefined,
    );
    return secretsToForget(changes.value, staying);
  });

  function choosePreset(chosen: EmailPreset, region = chosen.regions?.[0] ?? ""): void {
    const fixedNames = EMAIL_PRESETS.flatMap((other) => other.username ?? []);
    const username = chosen.username ?? (fixedNames.includes(draft.value.username) ? "" : draft.value.username);
    const { port, encryption, auth } = chosen;
    Object.assign(draft.value, { host: presetHost(chosen, region), port, encryption, auth, username });
  }

  return {
    ...form,
    ...useChannelSwitch("email", view, form.setView),
    ...testing,
    preset,
    mismatch,
    encryptions,
    forgets,
    choosePreset,
  };
});

function toDraft(stored: Record<string, unknown>): EmailDraft {
  const settings = stored as Partial<EmailSettings>;
  return {
    host: "",
    port: 587,
    username: "",
    encryption: "tls",
    fromAddress: "",
    fromName: "",
    replyTo: "",
    auth: "password",
    ...settings,
    oauth: { tenant: "", clientId: "", tokenUrl: "", ...settings.oauth },
  };
}

/** Without OAuth the settings have no OAuth part, as long as nobody filled it in. */
function toSettings(draft: EmailDraft): object {
  const { oauth, port, ...rest } = draft;
  const { tenant, ...client } = oauth;
  const usesOauth = draft.auth === "oauth2" || Object.values(oauth).some((value) => value !== "");
  return { ...rest, port: toPort(port), ...(usesOauth ? { oauth: tenant === "" ? client : { tenant, ...client } } : {}) };
}

const toPort = (typed: number | string): number | string => (/^\s*\d+\s*$/.test(String(typed)) ? Number(typed) : typed);
