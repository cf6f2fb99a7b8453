import * as z from "zod";
import { isKnownZone } from "./zones.ts";

export const timeZoneSchema = z.string().max(64).refine(isKnownZone, "An IANA zone such as Europe/Berlin");
