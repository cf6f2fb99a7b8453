import { PACE_LABELS } from "../../words/pace.ts";

/** The manual's words for the fields. */
export const EMAIL_LABELS = {
  host: "SMTP Host",
  port: "SMTP Port",
  username: "Username",
  password: "Password",
  encryption: "Encryption",
  fromAddress: "From Address",
  fromName: "From Name",
  replyTo: "Reply-To",
  auth: "Sign-in method",
  "oauth.tenant": "Tenant",
  "oauth.clientId": "Client ID",
  "oauth.tokenUrl": "Token URL",
  clientSecret: "Client Secret",
  refreshToken: "Refresh Token",
  ...PACE_LABELS,
};
