/**
 * Tests with foreign programs (test/peers/*.test.ts). A program that is not there skips its tests with the reason; in CI
 * that is a failure unless the source of packages could not be reached.
 */
import { describe, test } from "@jest/globals";
import { type Need, PATIENCE_MS, whyWithout } from "./foreign-programs.ts";
import { nothingMayBeSkipped } from "./package-source.ts";

/** A test with foreign programs. Without them it is skipped and says why; in CI it fails. */
export function peerTest(
  name: string,
  needs: readonly Need[],
  run: () => Promise<void> | void,
  patience = PATIENCE_MS,
): void {
  const reason = whyWithout(needs);
  if (reason === undefined) test(name, async () => run(), patience);
  else standIn(name, reason);
}

/** Tests with foreign programs: `declare` is called when all are there. */
export function peerDescribe(name: string, needs: readonly Need[], declare: () => void): void {
  const reason = whyWithout(needs);
  if (reason === undefined) describe(name, declare);
  else standIn(name, reason);
}

function standIn(name: string, reason: string): void {
  if (nothingMayBeSkipped())
    test(name, () => {
      throw new Error(`This has to run in CI: ${reason}`);
    });
  else test.skip(`${name} (skipped: ${reason})`, () => undefined);
}
