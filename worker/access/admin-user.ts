import { ADMIN_USER_PREFIX, USER_ID } from "@carillon/shared/people";
import { hashOf } from "./secrets.ts";

/** The person as whom an admin has a bell. An admin's id comes from the CRM and may hold what a user id may not. */
export function adminUser(id: string): string {
  const user = `${ADMIN_USER_PREFIX}${id}`;
  return USER_ID.test(user) ? user : `${ADMIN_USER_PREFIX}${hashOf(id)}`;
}
