/** Whom this browser has asked last about push, in localStorage. Taken away when they sign out: nobody is asked twice for one sign-in. */
export const ASKED = "carillon-push";
