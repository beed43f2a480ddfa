/** -d35: macros as test mode sees them, with a line about each that is set. */
import { MacroScope } from "../../rewriting/macro-scope.ts";
import { printMacroText } from "../../rewriting/macro-text.ts";

export class TracedScope extends MacroScope {
  readonly #base: MacroScope;
  readonly #print: (line: string) => void;

  /** @param base has the values, and gets the new ones */
  constructor(base: MacroScope, print: (line: string) => void) {
    super(base);
    this.#base = base;
    this.#print = print;
  }

  override set(name: string, value: string | undefined): void {
    const verb = this.#base.get(name) === undefined ? "define" : "redefine";
    this.#print(`${verb}(${name} as ${shown(value)})`);
    this.#base.set(name, value);
  }
}

/** A value of -d35, also one that is taken away. */
export function shown(value: string | undefined): string {
  return value === undefined ? "<null>" : printMacroText(value);
}
