import type { Segments } from "@carillon/shared/sms-segments";

const FITS = { "GSM-7": "160 fit one, 153 each of several", "UCS-2": "70 fit one, 67 each of several" };

/** What a text costs as SMS, and why. */
export function segmentWords({ encoding, units, segments, left }: Segments): { count: string; detail: string } {
  return {
    count: `${segments} SMS, room for ${left} more`,
    detail: `${units} characters in ${encoding}: ${FITS[encoding]}. Values bring characters of their own.`,
  };
}
