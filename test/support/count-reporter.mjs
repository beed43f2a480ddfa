/**
 * Ends a run with one line that any log reader understands: "N passed, N failed". In CI a skipped test fails the run
 * (test/support/package-source.ts says when not).
 */
import { nothingMayBeSkipped } from "./package-source.ts";

export default class CountReporter {
  #error;

  onRunComplete(_contexts, results) {
    const broken = results.testResults.filter((file) => file.testExecError).length;
    const skipped = results.testResults.flatMap((file) =>
      file.testResults
        .filter((each) => each.status === "pending")
        .map((each) => `${file.testFilePath}: ${each.fullName}`),
    );
    const offences = nothingMayBeSkipped() ? skipped : [];
    if (offences.length > 0) this.#error = new Error(`Skipped, which CI does not allow:\n${offences.join("\n")}`);
    const failed = results.numFailedTests + broken + offences.length;
    // The summary of the default reporter comes after this; the line has to be the last one.
    process.once("exit", () => process.stdout.write(`\n${results.numPassedTests} passed, ${failed} failed\n`));
  }

  getLastError() {
    return this.#error;
  }
}
