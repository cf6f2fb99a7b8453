import { costTable, countAll } from "./cost.ts";

/** `npm run cost`. */
console.log(costTable(await countAll()));
