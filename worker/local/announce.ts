import { readOnlyToken } from "./faces/redis/face.ts";
import type { Prepared, Sandbox } from "./prepared.ts";
import { ORG, writePrivate, type Secrets } from "./secrets.ts";

type Started = {
  data: string;
  secrets: Secrets;
  sandbox: Sandbox;
  url: string;
  adminUrl: string;
  faces: Prepared["faces"];
};

/** Says where everything is, for people on the screen and for programs in `credentials.json`. */
export function announce({ data, secrets, sandbox, url, adminUrl, faces }: Started): void {
  writePrivate(`${data}/credentials.json`, {
    url,
    adminUrl,
    apiKey: secrets.apiKey,
    org: ORG,
    sandboxUrl: sandbox.httpUrl,
    ...(faces
      ? {
          redisUrl: faces.redisUrl,
          redisToken: secrets.redisToken,
          redisReadOnlyToken: readOnlyToken(secrets.redisToken),
          qstashUrl: faces.qstashUrl,
          qstashToken: secrets.qstashToken,
          qstashCurrentKey: secrets.qstashCurrentKey,
          qstashNextKey: secrets.qstashNextKey,
        }
      : {}),
    smtp: sandbox.smtp,
  });
  const event = JSON.stringify({
    type: "task_assigned",
    recipients: ["u1", "u2"],
    data: { task: { title: "Call Acme" }, actorName: "Kim" },
  });
  console.log(`
  Carillon is ready.

  Admin page     ${adminUrl}
                 (signs you in once; start again for a new link)
  Demo CRM       ${url}/demo
  API            ${url}/docs
  Sandbox        ${sandbox.httpUrl}     what was sent arrives here; SMTP ${sandbox.smtp.host}:${sandbox.smtp.port} (STARTTLS), ${sandbox.smtp.tlsPort} (TLS)
  Data           ${data}

  Store          ${storeWords(faces)}
  Queue          ${queueWords(faces)}

  Post the first event:

  curl -X POST ${url}/v1/events -H 'content-type: application/json' \\
    -H 'authorization: Bearer ${secrets.apiKey}' \\
    -d '${event}'
`);
}

function storeWords(faces: Prepared["faces"]): string {
  if (process.env.UPSTASH_REDIS_REST_URL) return `Upstash Redis at ${process.env.UPSTASH_REDIS_REST_URL}`;
  if (faces)
    return `${faces.storeWords}, spoken to as Upstash Redis at ${faces.redisUrl}; UPSTASH_REDIS_REST_URL and …_TOKEN switch to the real one`;
  return "embedded (SQLite); UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN switch to Upstash Redis";
}

function queueWords(faces: Prepared["faces"]): string {
  if (process.env.QSTASH_TOKEN) return `QStash at ${process.env.QSTASH_URL ?? "its default address"}`;
  if (faces)
    return `embedded (SQLite), spoken to as QStash at ${faces.qstashUrl}; QSTASH_TOKEN and its signing keys switch to the real one`;
  return "embedded (SQLite); QSTASH_TOKEN and its signing keys switch to QStash";
}
