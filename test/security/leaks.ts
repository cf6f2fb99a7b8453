import { readFileSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";

/** A secret that must be found nowhere, in any of the ways in which it could be written. */
export type Canary = { name: string; forms: Buffer[] };

export function canaryOf(name: string, secret: string): Canary {
  const forms = new Set([
    secret,
    Buffer.from(secret).toString("hex"),
    Buffer.from(secret).toString("hex").toUpperCase(),
    ...base64Of(secret),
  ]);
  return { name, forms: [...forms].map((form) => Buffer.from(form)) };
}

/** The canaries that are in there, by name. */
export function leaksIn(text: string | Buffer, canaries: Canary[]): string[] {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  return canaries.filter(({ forms }) => forms.some((form) => bytes.includes(form))).map(({ name }) => name);
}

/** Every file below a folder, but those of these names. */
export function filesIn(folder: string, exceptions: string[] = []): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && !exceptions.includes(basename(path)));
}

export function leaksInFiles(files: string[], canaries: Canary[]): string[] {
  return files.flatMap((file) => leaksIn(readFileSync(file), canaries).map((name) => `${name} in ${file}`));
}

/** Base64 depends on where in the text the secret begins; the letters that its neighbours would change are left out. */
function base64Of(secret: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const text = Buffer.from("\0".repeat(offset) + secret)
      .toString("base64")
      .replace(/=+$/, "");
    const whole = text.slice(offset === 0 ? 0 : offset + 1, -1);
    return [whole, whole.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
