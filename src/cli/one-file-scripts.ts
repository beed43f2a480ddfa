/** The scripts that the one executable file carries, as a process or thread of it loads them: one when it is wanted first. */
import { Script } from "node:vm";
import { readProgramFile } from "../sys/program-files.ts";

interface Module {
  exports: unknown;
}

/** What a script is: a function with what modules of CommonJS know. */
type Body = (require: (name: string) => unknown, module: Module) => void;

/** What is kept of the compiled code; others than this file's own when that is still to be made. */
export interface CompiledCode {
  /** @returns undefined when there is none for this script */
  find(name: string): Buffer | undefined;
  /** Told of each script that is run. */
  loaded?(name: string, script: Script): void;
}

/** A file for another architecture than that of the machine where it was made has none. */
export const OWN_CODE: CompiledCode = {
  find: (name) => readProgramFile(`${name}.cache`),
};

export class Scripts {
  readonly #code: CompiledCode;
  readonly #loaded = new Map<string, Module>();

  constructor(code: CompiledCode) {
    this.#code = code;
  }

  /** What a script exports, which is run when it is wanted first. */
  load(name: string): unknown {
    const known = this.#loaded.get(name);
    if (known !== undefined) return known.exports;
    const source = readProgramFile(`${name}.js`)!.toString("latin1");
    const script = new Script(source, { filename: `rulemail:${name}`, cachedData: this.#code.find(name) });
    const module: Module = { exports: {} };
    this.#loaded.set(name, module);
    (script.runInThisContext() as Body)((wanted) => this.#require(wanted), module);
    this.#code.loaded?.(name, script);
    return module.exports;
  }

  /** Another script, or what Node has itself: no folder is looked into, and none that a variable names. */
  #require(name: string): unknown {
    return name.startsWith("./") ? this.load(name.slice(2, -".js".length)) : process.getBuiltinModule(name);
  }
}
