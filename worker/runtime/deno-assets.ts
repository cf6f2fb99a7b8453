import { assetType } from "./asset-types.ts";

/** Built files below a folder, and nothing else. */
export function fileAssets(folder: string): (path: string) => Promise<Response | null> {
  return async (path) => {
    const type = assetType(path);
    if (!type) return null;
    try {
      return new Response(await Deno.readFile(folder + path), { headers: { "content-type": type } });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
      throw error;
    }
  };
}
