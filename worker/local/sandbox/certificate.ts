import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "selfsigned";

export type Certificate = { key: string; cert: string; caFile: string };

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
  const { key, cert } = JSON.parse(readFileSync(pairFile, "utf8")) as { key: string; cert: string };
  return { key, cert, caFile };
}

async function makeCertificate(now: number): Promise<{ ca: string; server: { key: string; cert: string } }> {
  const validity = { notBeforeDate: new Date(now - 86_400_000), notAfterDate: new Date(now + TEN_YEARS), keyType: "ec", curve: "P-256", algorithm: "sha256" } as const;
  const ca = await generate([{ name: "commonName", value: "Carillon local sandbox authority" }], {
    ...validity,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: "commonName", value: "localhost" }], {
    ...validity,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
          { type: 7, ip: "::1" },
        ],
      },
    ],
  });
  return { ca: ca.cert, server: { key: server.private, cert: server.cert } };
}

/** All or nothing, also when the process is killed in between. */
export function writeWhole(file: string, text: string, mode: number): void {
  writeFileSync(`${file}.new`, text, { mode });
  renameSync(`${file}.new`, file);
}
