/** Small configurations for tests of the analysis commands, read as `rulemail lint` and `rulemail mc --diff` read them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subject } from "../../src/analysis/subject.ts";
import { readConfiguration, type ReadConfiguration } from "../../src/cli/read-configuration.ts";
import { systemClock } from "../../src/sys/clock.ts";
import { configEnvironment } from "./config-environment.ts";

export const testEnvironment = { ...configEnvironment, clock: { ...systemClock, now: () => 0 } };

export class AnalysisFolder {
  readonly folder = mkdtempSync(join(tmpdir(), "rulemail-analysis-test-"));
  #count = 0;

  write(text: string, kind: "cf" | "mc" = "cf"): string {
    const file = join(this.folder, `site${this.#count++}.${kind}`);
    writeFileSync(file, text, "latin1");
    return file;
  }

  read(text: string, kind: "cf" | "mc" = "cf"): Promise<ReadConfiguration> {
    return readConfiguration(this.write(text, kind), testEnvironment);
  }

  async subject(text: string, kind: "cf" | "mc" = "cf"): Promise<Subject> {
    const { subject, problems } = await this.read(text, kind);
    if (subject === undefined) throw new Error(problems.map(({ message }) => message).join("\n"));
    return subject;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
