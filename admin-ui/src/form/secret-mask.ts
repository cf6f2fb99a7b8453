/** What stands where a stored secret would be. It is a placeholder and never a value. */
export const SECRET_MASK = "••••••••";
