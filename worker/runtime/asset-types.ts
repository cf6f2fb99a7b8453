/** The kinds of files that a build of the pages puts out. A path with another ending is no file of ours. */
const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  ico: "image/x-icon",
  woff2: "font/woff2",
  json: "application/json",
  webmanifest: "application/manifest+json",
};

/** The content type of a built file's path; null for a path that can't be one, or that tries to climb out of its folder. */
export function assetType(path: string): string | null {
  const ending = /\.([a-z0-9]+)$/.exec(path)?.[1];
  if (!ending || !/^(\/[\w.-]+)+$/.test(path) || path.includes("..")) return null;
  return TYPES[ending] ?? null;
}
