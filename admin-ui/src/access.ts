import type { Role } from "@carillon/shared/access";

/** What a role may do on this page; the server decides again. */
export const mayOperate = (role: Role | undefined): boolean => role === "owner" || role === "admin" || role === "operator";
export const mayChange = (role: Role | undefined): boolean => role === "owner" || role === "admin";
