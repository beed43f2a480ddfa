import { describe, expect, it } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { join } from "node:path";

const HEAP = join(import.meta.dirname, "../../../src/sys/heap.ts");

/** What V8 takes compiled code by: before, while the heap is small, and when the process ends. */
function tags(...options: readonly string[]): readonly string[] {
  const script = `
    import { cachedDataVersionTag } from "node:v8";
    import { keepHeapSmall } from ${JSON.stringify(HEAP)};
    const tell = () => console.log(cachedDataVersionTag());
    tell();
    keepHeapSmall(50);
    tell();
    process.once("exit", tell);
  `;
  const words = ["--no-warnings", ...options, "--input-type=module", "-e", script];
  return execFileSync(process.execPath, words, { encoding: "utf8" }).trim().split("\n");
}

describe("keepHeapSmall", () => {
  const [before] = tags();

  it("changes options of V8 while the process runs, and none that code kept at its end would be refused for", () => {
    const [first, during, end] = tags("--max-semi-space-size=8");
    expect(first).toBe(before);
    expect(during).not.toBe(before);
    expect(end).toBe(before);
  });

  it("leaves a process alone whose command line says nothing of the heap", () => {
    expect(tags()).toEqual([before, before, before]);
  });
});
