/** The scripts that the one executable file carries, as a process or thread of it loads them: one when it is wanted first. */
import { Script } from "node:vm";
import { readProgramFile } from "../sys/program-files.ts";

interface Module {
  exports: unknown;
}

/** What a part is: a function with what modules of CommonJS know. */
type Part = (require: (name: string) => unknown, module: Module) => void;

/** As packaging/packs.mjs makes them. */
type Pack = Record<string, Part>;

/** The script of a program: its own parts, and which packs are loaded for others. */
interface Program {
  readonly parts: Pack;
  readonly packs: Readonly<Record<string, readonly string[]>>;
}

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
  readonly #parts: Pack;
  readonly #packs: Program["packs"];
  readonly #require = (name: string): unknown => this.#load(name);

  /** @param program its name: `main`, `worker`, `sessions` */
  constructor(program: string, code: CompiledCode) {
    this.#code = code;
    const { parts, packs } = this.#run(`./${program}.js`) as Program;
    this.#parts = parts;
    this.#packs = packs;
  }

  /** What the program exports. */
  static load(program: string, code: CompiledCode = OWN_CODE): unknown {
    return new Scripts(program, code).#load(`./${program}.js`);
  }

  /** What a part exports, which is run when it is wanted first; or Node has: no folder is looked into, and none that a variable names. */
  #load(name: string): unknown {
    if (!name.startsWith("./")) return process.getBuiltinModule(name);
    const known = this.#loaded.get(name);
    if (known !== undefined) return known.exports;
    // Its pack may be loaded for another one already.
    const packs = this.#parts[name] === undefined ? (this.#packs[name] ?? []) : [];
    for (const pack of packs) Object.assign(this.#parts, this.#run(pack));
    const part = this.#parts[name] ?? (this.#run(name) as Part);
    const module: Module = { exports: {} };
    this.#loaded.set(name, module);
    part(this.#require, module);
    return module.exports;
  }

  /** The value of a script. */
  #run(file: string): unknown {
    const name = file.slice(2, -".js".length);
    const source = readProgramFile(`${name}.js`)!.toString("latin1");
    const script = new Script(source, { filename: `rulemail:${name}`, cachedData: this.#code.find(name) });
    const value: unknown = script.runInThisContext();
    this.#code.loaded?.(name, script);
    return value;
  }
}
