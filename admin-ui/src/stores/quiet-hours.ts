import { quietHoursSchema, type QuietHours, type QuietWeek } from "@carillon/shared/quiet-hours";
import { isKnownZone, nextChange, offsetAt } from "@carillon/shared/zones";
import { useQuery } from "@pinia/colada";
import { defineStore } from "pinia";
import { computed, shallowRef, watch } from "vue";
import { api } from "../api.ts";
import { boundsLike, EMPTY_DRAFT, toDraft, toQuietHours, type QuietDraft } from "../quiet/draft.ts";
import { isDrawable } from "../quiet/week.ts";
import { dateInZone, offsetWords, ownZone } from "../words/zoned-time.ts";
import { useSectionForm } from "./section-form.ts";

export const useQuietHours = defineStore("quiet-hours", () => {
  const form = useSectionForm<QuietHours, QuietDraft>({
    key: "quiet-hours",
    what: "quiet hours saved",
    schema: quietHoursSchema,
    empty: EMPTY_DRAFT,
    read: api.quietHours,
    write: api.saveQuietHours,
    toDraft,
    toSection: toQuietHours,
  });
  const { draft, base } = form;
  const own = ownZone();

  const quietNow = useQuery({ key: ["quiet-now"], query: ({ signal }) => api.quietNow(signal) });
  const inApp = useQuery({ key: ["channel", "in-app"], query: ({ signal }) => api.channel("in-app", signal) });

  /** The form as the rules read it; what is typed and not right leaves the last that was. */
  const valid = shallowRef<QuietHours | null>(null);
  watch(
    () => quietHoursSchema.safeParse(toQuietHours(draft.value, base.value?.version ?? 0)),
    (parsed) => parsed.success && (valid.value = parsed.data),
    { immediate: true },
  );
  const isValid = computed(() => Object.keys(form.issues.value).length === 0);
  /** The picture shows also what is refused, as long as it can be drawn. */
  const drawn = shallowRef<QuietWeek>(EMPTY_DRAFT);
  watch(
    draft,
    (next) =>
      isDrawable(next) && (drawn.value = { start: next.start, end: next.end, nights: [...next.nights], quietDays: [...next.quietDays] }),
    {
      immediate: true,
      deep: true,
    },
  );

  const zone = computed(() => (isKnownZone(draft.value.timeZone) ? draft.value.timeZone : (base.value?.draft.timeZone ?? "UTC")));
  const isZoneSuggested = computed(() => base.value?.version === 1 && draft.value.timeZone === "UTC" && own !== "UTC");

  /** How far the zone's clock is ahead now, and when that changes next. */
  function zoneWords(now: number): string {
    const change = nextChange(zone.value, now);
    const offset = offsetWords(offsetAt(zone.value, now));
    if (!change) return `Now ${offset}; no clock change is known.`;
    const later = offsetWords(change.offsetAfter);
    return `Now ${offset}; the clocks change on ${dateInZone(change.at, zone.value)} to ${later}.`;
  }

  const isBellSilent = computed(() => inApp.data.value?.settings["silentInQuietHours"] !== false);

  function setBounds(hasBounds: boolean): void {
    draft.value.hasBounds = hasBounds;
    const before = base.value?.draft;
    draft.value.bounds = hasBounds || !before ? boundsLike(draft.value) : { ...before.bounds, extraDays: [...before.bounds.extraDays] };
  }

  async function save(): Promise<boolean> {
    const isSaved = await form.save();
    if (isSaved) void quietNow.refetch();
    return isSaved;
  }

  return {
    ...form,
    save,
    own,
    quietNow: quietNow.data,
    quietNowError: quietNow.error,
    refreshNow: quietNow.refetch,
    valid,
    isValid,
    drawn,
    zone,
    isZoneSuggested,
    zoneWords,
    isBellSilent,
    setBounds,
  };
});
