import { spawn } from "node:child_process";
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KeyPair } from "@carillon/worker/local/sandbox/certificate";
import { freePort } from "@carillon/worker/local/free-port";
import { until } from "../harness/instance.ts";

const BINARY = "/usr/sbin/exim4";
/** Debian's `nobody`: the server never runs as root. */
const NOBODY = 65_534;
const MAILBOXES = "ada : eve : admin : locked : slow";

export type Exim = {
  /** STARTTLS on the one, TLS from the first byte on the other. */
  port: number;
  tlsPort: number;
  /** The mails in `<name>@example.com`, raw. */
  mailsOf(name: string): string[];
  log(): string;
  /** From now on `slow@example.com` is no longer put off. */
  knowSlow(): void;
  stop(): Promise<void>;
};

/**
 * Debian's own Exim as an ordinary process of an ordinary user, with a spool and mailboxes in a folder of its own. It takes mail for
 * a few mailboxes at example.com from whoever signs in as `user` with `pass`, and only over TLS.
 */
export async function startExim({ key, cert }: KeyPair): Promise<Exim> {
  const folder = mkdtempSync(join(tmpdir(), "carillon-exim-"));
  const [port, tlsPort] = [await freePort(), await freePort()];
  const files = { "exim.conf": configurationOf({ folder, port, tlsPort }), "key.pem": key, "cert.pem": cert };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  for (const name of ["spool", "mail"]) mkdirSync(join(folder, name));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) for (const name of [".", "spool", "mail", ...Object.keys(files)]) chownSync(join(folder, name), NOBODY, NOBODY);
  const child = spawn(BINARY, ["-C", join(folder, "exim.conf"), "-bdf"], {
    cwd: folder,
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  let words = "";
  child.on("error", (error) => (words += error.message));
  child.stderr.on("data", (text: Buffer) => (words += text.toString()));
  const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "");
  await until(() => {
    if (child.pid === undefined || child.exitCode !== null) throw new Error(`Exim ended: ${words}${read("paniclog")}`);
    return read("mainlog").includes("listening for SMTP");
  }, "Exim listens");

  return {
    port,
    tlsPort,
    mailsOf(name) {
      const box = join(folder, "mail", name, "new");
      return existsSync(box) ? readdirSync(box).map((file) => readFileSync(join(box, file), "utf8")) : [];
    },
    log: () => read("mainlog"),
    knowSlow: () => writeFileSync(join(folder, "slow-is-known"), "", { mode: 0o644 }),
    async stop() {
      const ended = new Promise((done) => child.once("exit", done));
      // The whole group at once: a connection that outlived its daemon would write its log into a folder that is gone.
      process.kill(-child.pid!, "SIGKILL");
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** https://www.exim.org/exim-html-4.96/doc/html/spec_html/ */
const configurationOf = ({ folder, port, tlsPort }: { folder: string; port: number; tlsPort: number }): string => `
exim_user = ${userId()}
exim_group = ${groupId()}
deliver_drop_privilege
unknown_login = nobody
primary_hostname = mail.example.com
spool_directory = ${folder}/spool
log_file_path = ${folder}/%slog
pid_file_path = ${folder}/exim.pid
log_selector = +smtp_connection
keep_environment =
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port} : ${tlsPort}
tls_on_connect_ports = ${tlsPort}
tls_advertise_hosts = *
tls_certificate = ${folder}/cert.pem
tls_privatekey = ${folder}/key.pem
auth_advertise_hosts = \${if eq{$tls_in_cipher}{}{}{*}}
host_lookup =
# Delivered at once, however many came over one connection.
smtp_accept_queue_per_connection = 0
acl_smtp_rcpt = recipient

begin acl
recipient:
  deny   !authenticated = *
         message = relay not permitted
  defer  local_parts = slow
         condition = \${if !exists{${folder}/slow-is-known}}
         message = 4.7.1 Greylisted, says Exim
  deny   local_parts = gone
         message = 5.1.1 Nobody of that name, says Exim
  require verify = recipient
  accept

begin routers
mailbox:
  driver = accept
  domains = example.com
  local_parts = ${MAILBOXES}
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = ${folder}/mail/$local_part_data
  maildir_format
  create_directory
  envelope_to_add
  user = ${userId()}
  group = ${groupId()}

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{user}}{eq{$auth3}{pass}}}}
  server_set_id = $auth2
`;

const userId = (): number => process.getuid?.() || NOBODY;
const groupId = (): number => (process.getuid?.() === 0 ? NOBODY : (process.getgid?.() ?? NOBODY));
