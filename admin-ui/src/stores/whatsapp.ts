import { EVENT_DESCRIPTIONS, EVENT_TYPES, isEventType } from "@carillon/shared/event-types";
import type { SAMPLE_TEMPLATES } from "@carillon/shared/whatsapp-samples";
import { whatsappSettingsSchema, type TemplateMapping, type WhatsAppTemplate } from "@carillon/shared/whatsapp-settings";
import { useQuery } from "@pinia/colada";
import { defineStore } from "pinia";
import { computed, ref, shallowRef, watch } from "vue";
import { api, toApiError, type ApiError, type TemplateList } from "../api.ts";
import { withPace, type Paced } from "../form/pace.ts";
import { keyOf, localesOf, mappingAt, mismatchesOf, newMapping, pathOf, toTemplates, type MappingDraft } from "../whatsapp/mapping.ts";
import { variablesOf } from "../whatsapp/variables.ts";
import { useChannelForm } from "./channel-form.ts";
import { useChannelSwitch } from "./channel-switch.ts";
import { useFormTest } from "./form-test.ts";

export type WhatsAppDraft = { phoneNumberId: string; businessAccountId: string; templates: MappingDraft };
export type MappedEvent = { type: string; text: string; isOwn: boolean };

export const useWhatsApp = defineStore("whatsapp", () => {
  const form = useChannelForm(withPace<WhatsAppDraft>({ channel: "whatsapp", schema: whatsappSettingsSchema, toDraft, toSettings }));
  const { draft, base, changes, view } = form;
  const testing = useFormTest(form, { firstTo: "", missing: "A number with its country, such as +15551234567" });
  const list = useTemplateList(form);

  const samples = shallowRef<typeof SAMPLE_TEMPLATES | null>(null);
  void import("@carillon/shared/whatsapp-samples").then((loaded) => (samples.value = loaded.SAMPLE_TEMPLATES));
  const sampleOf = (type: string): TemplateMapping | null => (isEventType(type) && samples.value?.[type].mapping) || null;

  const eventTypes = useQuery({ key: ["event-types"], query: ({ signal }) => api.eventTypes(signal) });
  /** Every event that can have a template; own ones that are archived only while they have one. */
  const events = computed((): MappedEvent[] => {
    const own = (eventTypes.data.value?.types ?? []).filter(
      ({ builtIn, archived, type }) => !builtIn && (!archived || type in draft.value.templates),
    );
    return [
      ...EVENT_TYPES.map((type) => ({ type, text: EVENT_DESCRIPTIONS[type], isOwn: false })),
      ...own.map(({ type, name, description }) => ({ type, text: description || name, isOwn: true })),
    ];
  });

  const mismatches = computed(() => (list.templates.value ? mismatchesOf(draft.value.templates, list.templates.value) : {}));
  const isChanged = (type: string, locale: string) => changes.value.some((path) => path.startsWith(`${pathOf(type, locale)}.`));
  /** What speaks against a field of a mapping, by the list or by the server. */
  const issueAt = (path: string): string | undefined => mismatches.value[path] ?? form.issues.value[path];
  /** Of a whole mapping, however deep: the first. */
  const issueOf = (type: string, locale: string): string | undefined => {
    const within = (path: string) => path.startsWith(`${pathOf(type, locale)}.`);
    const all = { ...form.issues.value, ...mismatches.value };
    return all[Object.keys(all).find(within) ?? ""];
  };
  /** Mappings that were changed and do not fit: they are not sent, for a save would refuse them. */
  const misfits = computed(() =>
    Object.keys(draft.value.templates).flatMap((type) =>
      localesOf(draft.value.templates, type)
        .filter(
          (locale) => isChanged(type, locale) && Object.keys(mismatches.value).some((path) => path.startsWith(`${pathOf(type, locale)}.`)),
        )
        .map((locale) => ({ type, locale })),
    ),
  );

  const templateOf = (mapping: TemplateMapping): WhatsAppTemplate | null =>
    list.templates.value?.find((template) => keyOf(template) === keyOf(mapping)) ?? null;

  function setMapping(type: string, locale: string, mapping: TemplateMapping): void {
    draft.value.templates = { ...draft.value.templates, [type]: { ...draft.value.templates[type], [locale]: mapping } };
  }
  function removeMapping(type: string, locale: string): void {
    const { [locale]: _, ...others } = draft.value.templates[type] ?? {};
    const { [type]: __, ...rest } = draft.value.templates;
    draft.value.templates = Object.keys(others).length === 0 ? rest : { ...rest, [type]: others };
  }
  /** Chooses a template by its key, with variables that fit it. */
  function choose(event: MappedEvent, locale: string, key: string): void {
    const template = list.templates.value?.find((each) => keyOf(each) === key);
    if (template) setMapping(event.type, locale, newMapping(template, variablesOf(event.type, event.isOwn), sampleOf(event.type)));
  }

  /** Events without a template whose sample Meta has approved. */
  const approvedSamples = computed(() =>
    EVENT_TYPES.flatMap((type) => {
      const mapping = sampleOf(type);
      const listed = mapping && list.templates.value?.find((template) => keyOf(template) === keyOf(mapping));
      const isFree = localesOf(draft.value.templates, type).length === 0;
      return listed?.status === "APPROVED" && isFree ? [{ type, mapping: mapping! }] : [];
    }),
  );
  function useSamples(): void {
    for (const { type, mapping } of approvedSamples.value) setMapping(type, "en", structuredClone(mapping));
  }

  /** A token that Meta sends back when it asks for the webhook's address to be confirmed. */
  const makeVerifyToken = () => form.setSecret("verifyToken", crypto.randomUUID().replaceAll("-", ""));

  async function save(): Promise<boolean> {
    return misfits.value.length === 0 && testing.save();
  }

  return {
    ...form,
    ...useChannelSwitch("whatsapp", view, form.setView),
    ...testing,
    ...list,
    save,
    base,
    events,
    issueAt,
    issueOf,
    misfits,
    mappingAt: (type: string, locale: string) => mappingAt(draft.value.templates, type, locale),
    localesOf: (type: string) => localesOf(draft.value.templates, type),
    templateOf,
    setMapping,
    removeMapping,
    choose,
    approvedSamples,
    useSamples,
    makeVerifyToken,
  };
});

/** The account's templates as Meta has them; with what is typed but not saved, where that matters. */
function useTemplateList(form: ReturnType<typeof useChannelForm<WhatsAppDraft & Paced>>) {
  const listed = shallowRef<TemplateList | null>(null);
  const isFetching = ref(false);
  const fetchError = shallowRef<ApiError | null>(null);
  const ACCOUNT = ["phoneNumberId", "businessAccountId", "accessToken"];

  async function fetchTemplates(): Promise<void> {
    if (isFetching.value) return;
    isFetching.value = true;
    fetchError.value = null;
    try {
      const isTyped = form.changes.value.some((path) => ACCOUNT.includes(path));
      listed.value = isTyped ? await api.templatesWith(typedAccount()) : await api.templates();
    } catch (error) {
      fetchError.value = toApiError(error);
      form.showIssues(fetchError.value.errors);
    } finally {
      isFetching.value = false;
    }
  }

  function typedAccount() {
    const { phoneNumberId, businessAccountId } = form.draft.value;
    const token = Object.entries(form.secrets.value).filter(([name]) => name === "accessToken");
    return { settings: { phoneNumberId, businessAccountId, templates: {} }, secrets: Object.fromEntries(token) };
  }

  watch(
    () => form.view.value?.configured,
    (isConfigured) => void (isConfigured && !listed.value && fetchTemplates()),
    { immediate: true },
  );

  return {
    templates: computed(() => listed.value?.templates ?? null),
    fetchedAt: computed(() => listed.value?.fetchedAt ?? null),
    isFetching,
    fetchError,
    fetchTemplates,
  };
}

function toDraft(stored: Record<string, unknown>): WhatsAppDraft {
  const { phoneNumberId = "", businessAccountId = "", templates = {} } = stored as Partial<WhatsAppDraft>;
  return { phoneNumberId, businessAccountId, templates: structuredClone(templates) };
}

const toSettings = ({ templates, ...ids }: WhatsAppDraft): object => ({ ...ids, templates: toTemplates(templates) });
