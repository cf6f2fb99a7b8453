import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { zoneDataText } from "./zone-data-text.ts";

// `node_modules/node/bin/node test/zones/generate.ts`, after a newer moment-timezone has been put into test/package.json.
writeFileSync(resolve(import.meta.dirname, "../../shared/zone-data.ts"), zoneDataText());
