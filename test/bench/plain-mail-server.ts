// A mail server without encryption that takes everything and keeps nothing; the sandbox's asks for TLS before a sign-in.
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

const server = new SMTPServer({
  hideSTARTTLS: true,
  allowInsecureAuth: true,
  disableReverseLookup: true,
  onAuth: (_auth, _session, callback) => callback(null, { user: "bench" }),
  onData(stream, _session, callback) {
    stream.on("end", () => callback()).resume();
  },
});
server.on("error", () => undefined);
server.listen(0, "127.0.0.1", () => console.log(`ready ${(server.server.address() as AddressInfo).port}`));
