/** Public suites of test cases that lie beside the project, or in the folder that SUITES_DIR names. Nothing of them is part of it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.env["SUITES_DIR"] ?? join(import.meta.dirname, "../../../shared/suites");

/** The text of a file of a suite; undefined when it is not here. @param name "arc/cases.yml" */
export function suiteFile(name: string): string | undefined {
  const file = join(folder, name);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
