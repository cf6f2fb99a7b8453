import type { Encryption } from "./channels.ts";
import type { Pace } from "./pace.ts";

/** What the page fills in for a mail provider. `note` is the admin manual's own where it has one. */
export type EmailPreset = {
  id: string;
  name: string;
  /** `{region}` stands for what the admin fills in. */
  host: string;
  port: number;
  encryption: Encryption;
  auth: "password" | "oauth2";
  usernameHint: string;
  /** Set where the provider gives everyone the same user name. */
  username?: string;
  regions?: readonly string[];
  note: string;
  /** What it says of how fast it may be sent to. */
  pace?: { says: string; suggested?: Pace };
};

const SES_REGIONS = [
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
  "ca-central-1",
  "eu-central-1",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "eu-north-1",
  "eu-south-1",
  "ap-south-1",
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-southeast-1",
  "ap-southeast-2",
  "sa-east-1",
] as const;

export const EMAIL_PRESETS: readonly EmailPreset[] = [
  {
    id: "gmail",
    name: "Gmail",
    host: "smtp.gmail.com",
    port: 587,
    encryption: "tls",
    auth: "password",
    usernameHint: "The full Gmail address",
    note: "Requires App Password (not regular password)",
    pace: { says: "Gmail counts by the day: 500 people, or 2,000 with Google Workspace." },
  },
  {
    id: "microsoft-365",
    name: "Microsoft 365",
    host: "smtp.office365.com",
    port: 587,
    encryption: "tls",
    auth: "oauth2",
    usernameHint: "The mailbox's full address",
    note: "Requires OAuth or App Password",
    pace: {
      says: "Microsoft 365 takes 30 messages a minute from a mailbox, on 3 connections, and 10,000 people a day.",
      suggested: { perSecond: 0.5, connections: 3 },
    },
  },
  {
    id: "amazon-ses",
    name: "Amazon SES",
    host: "email-smtp.{region}.amazonaws.com",
    port: 587,
    encryption: "tls",
    auth: "password",
    usernameHint: "The SMTP user name of the IAM credentials, begins with AKIA",
    regions: SES_REGIONS,
    note: "Use IAM SMTP credentials",
    pace: { says: "Amazon SES shows your account's maximum send rate in its console; 1 a second in the sandbox." },
  },
  {
    id: "sendgrid",
    name: "SendGrid",
    host: "smtp.sendgrid.net",
    port: 587,
    encryption: "tls",
    auth: "password",
    usernameHint: "The word apikey",
    username: "apikey",
    note: "Use API key as password",
  },
  {
    id: "resend",
    name: "Resend",
    host: "smtp.resend.com",
    port: 587,
    encryption: "tls",
    auth: "password",
    usernameHint: "The word resend",
    username: "resend",
    note: "Use an API key with sending access as password",
  },
];

/** The host with the region filled in; a preset without regions keeps its host. */
export const presetHost = (preset: EmailPreset, region: string): string => preset.host.replace("{region}", region);

/** A sentence for the admin when port and encryption do not belong together, else null. */
export function portEncryptionMismatch(port: number, encryption: Encryption): string | null {
  if (port === 465 && encryption !== "ssl") return "Port 465 speaks SSL from the first byte: choose SSL, or port 587 with TLS.";
  if (STARTTLS_PORTS.has(port) && encryption === "ssl")
    return `Port ${port} begins in plain text and then upgrades: choose TLS, or port 465 with SSL.`;
  if (STARTTLS_PORTS.has(port) && encryption === "none") return `Port ${port} at a mail provider wants encryption: choose TLS.`;
  return null;
}
const STARTTLS_PORTS: ReadonlySet<number> = new Set([25, 587, 2525]);
