import { apiKeyCreateSchema, SCOPES, type ApiKeyView, type Scope } from "@carillon/shared/access";
import { useQuery } from "@pinia/colada";
import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";
import { api, toApiError, type ApiError } from "../api.ts";
import { byField, issuesIn } from "../form/issues.ts";
import { expiryIn, type Expiry } from "../form/expiry.ts";
import { useDialogs } from "./dialogs.ts";
import { useSession } from "./session.ts";

type Draft = { name: string; scopes: Scope[]; expiry: Expiry };
const blank = (): Draft => ({ name: "", scopes: ["events"], expiry: "never" });

export const useKeys = defineStore("keys", () => {
  const session = useSession();
  const query = useQuery({ key: ["keys"], query: ({ signal }) => api.keys(signal), enabled: () => session.mayChange });
  const keys = computed(() => query.data.value?.data);

  const draft = ref<Draft | null>(null);
  const isCreating = ref(false);
  const wasRefused = ref(false);
  const serverIssues = ref<Record<string, string>>({});
  const failure = shallowRef<ApiError | null>(null);
  /** The one time that a secret is seen. */
  const created = shallowRef<{ key: ApiKeyView; secret: string } | null>(null);

  const toCreate = (values: Draft) => ({ name: values.name, scopes: values.scopes, expiresAt: expiryIn(values.expiry, Date.now()) });
  const ownIssues = computed(() => (draft.value ? issuesIn(apiKeyCreateSchema, toCreate(draft.value)) : {}));
  const issues = computed(() => ({ ...serverIssues.value, ...(wasRefused.value ? ownIssues.value : {}) }));

  function open(): void {
    draft.value = blank();
    wasRefused.value = false;
    serverIssues.value = {};
    failure.value = null;
  }

  async function create(): Promise<void> {
    if (!draft.value || isCreating.value) return;
    wasRefused.value = true;
    serverIssues.value = {};
    failure.value = null;
    if (Object.keys(ownIssues.value).length > 0) return;
    isCreating.value = true;
    try {
      created.value = await api.createKey(toCreate(draft.value));
      draft.value = null;
      await query.refetch();
    } catch (error) {
      failure.value = toApiError(error);
      serverIssues.value = byField(failure.value.errors);
    } finally {
      isCreating.value = false;
    }
  }

  async function revoke(key: ApiKeyView): Promise<void> {
    const text = `Whatever uses “${key.name}” is refused from now on. A revoked key can't be brought back.`;
    if (!(await useDialogs().ask({ title: "Revoke this key?", text, confirm: "Revoke", tone: "bad" }))) return;
    try {
      await api.revokeKey(key.id);
      useDialogs().notify(`“${key.name}” is revoked.`);
      await query.refetch();
    } catch (error) {
      useDialogs().notify(toApiError(error).message, "bad");
    }
  }

  return {
    keys,
    loadError: query.error,
    refresh: query.refetch,
    scopes: SCOPES,
    draft,
    issues,
    isCreating,
    failure,
    created,
    open,
    create,
    revoke,
  };
});
