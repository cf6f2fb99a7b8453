import { randomBytes } from "node:crypto";

/** An id that nobody can guess, such as `msg_…`. */
export const newId = (prefix: string): string => prefix + randomBytes(18).toString("base64url");
