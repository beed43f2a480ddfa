/** The trace of test mode: levels and output of the dialogue, or silence and a watcher while /explain asks. */
import type { RewriteWatcher, Trace } from "../../rewriting/trace.ts";
import type { DebugLevels } from "../debug-levels.ts";
import type { Output } from "../output.ts";

export class TestTrace implements Trace {
  readonly #levels: DebugLevels;
  readonly #output: Output;
  watcher: RewriteWatcher | undefined = undefined;

  constructor(levels: DebugLevels, output: Output) {
    this.#levels = levels;
    this.#output = output;
  }

  get testMode(): boolean {
    return this.watcher === undefined;
  }

  level(category: number): number {
    return this.watcher ? 0 : this.#levels.level(category);
  }

  print(text: string): void {
    this.#output.line(text);
  }
}
