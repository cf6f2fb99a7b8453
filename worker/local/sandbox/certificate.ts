import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "selfsigned";

export type KeyPair = { key: string; cert: string };
export type Certificate = KeyPair & { caFile: string };

const TEN_YEARS = 3_650 * 86_400_000;

/** A certificate for this machine under an authority of its own, made once. The authority's key is thrown away. */
export async function ownCertificate(folder: string, now: number): Promise<Certificate> {
  mkdirSync(folder, { recursive: true });
  const caFile = join(folder, "ca.pem");
  const pairFile = join(folder, "server.json");
  if (!existsSync(caFile) || !existsSync(pairFile)) {
    const made = await makeCertificate(now);
    writeWhole(caFile, made.ca, 0o644);
    writeWhole(pairFile, JSON.stringify(made.server), 0o600);
  }
  const { key, cert } = JSON.parse(readFileSync(pairFile, "utf8")) as KeyPair;
  return { key, cert, caFile };
}

async function makeCertificate(now: number): Promise<{ ca: string; server: KeyPair }> {
  const authority = await makeAuthority("Carillon local sandbox authority", now);
  const server = await authority.issue(["localhost"], ["127.0.0.1", "::1"]);
  return { ca: authority.cert, server };
}

/** An authority that signs server certificates for names and addresses. */
export async function makeAuthority(
  commonName: string,
  now: number,
): Promise<{ cert: string; issue(names: string[], addresses: string[]): Promise<KeyPair> }> {
  const validity = {
    notBeforeDate: new Date(now - 86_400_000),
    notAfterDate: new Date(now + TEN_YEARS),
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
  } as const;
  const ca = await generate([{ name: "commonName", value: commonName }], {
    ...validity,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true },
    ],
  });
  return {
    cert: ca.cert,
    async issue(names, addresses) {
      const made = await generate([{ name: "commonName", value: names[0] ?? "" }], {
        ...validity,
        ca: { key: ca.private, cert: ca.cert },
        extensions: [
          { name: "basicConstraints", cA: false, critical: true },
          { name: "keyUsage", digitalSignature: true, critical: true },
          { name: "extKeyUsage", serverAuth: true },
          {
            name: "subjectAltName",
            altNames: [...names.map((value) => ({ type: 2 as const, value })), ...addresses.map((ip) => ({ type: 7 as const, ip }))],
          },
        ],
      });
      return { key: made.private, cert: made.cert };
    },
  };
}

/** All or nothing, also when the process is killed in between. */
export function writeWhole(file: string, text: string, mode: number): void {
  writeFileSync(`${file}.new`, text, { mode });
  renameSync(`${file}.new`, file);
}
