/** Writes the expected output of the dialogues anew: `node test/golden/record.ts`; look at the difference before committing. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runSession } from "./run-session.ts";

const folder = join(import.meta.dirname, "test-mode");
for (const file of readdirSync(folder)) {
  if (!file.endsWith(".in")) continue;
  const name = file.slice(0, -".in".length);
  writeFileSync(join(folder, `${name}.out`), await runSession(folder, name), "latin1");
}
