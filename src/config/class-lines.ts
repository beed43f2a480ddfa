/** C and F lines: the words of classes, typed, from files, programs and maps. */
import { dontBlameOf } from "./policies.ts";
import { classMapOf, readClassSource, readClassWords, wordsOf } from "../cf/class-file.ts";
import { addClassWords } from "../cf/class-words.ts";
import type { ConfigMessages } from "../cf/messages.ts";
import { ldapClassArguments } from "../maps/ldap-schema.ts";
import { WordSet } from "../rewriting/word-set.ts";
import { readMacroName } from "../rewriting/macro-name.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { expandWhileReading } from "../rewriting/macro-text.ts";
import type { SealedFiles } from "../sys/sealed-file.ts";
import { EX } from "../sys/sysexits.ts";
import type { MapTable } from "./map-table.ts";
import type { OptionValues } from "./option-values.ts";

export class ClassLines {
  readonly all = new Map<string, WordSet>();
  /** Files that were read. */
  readonly files: string[] = [];
  readonly #sealed: SealedFiles;
  readonly #macros: MacroScope;
  readonly #maps: MapTable;
  readonly #messages: ConfigMessages;
  readonly #options: () => OptionValues;

  /**
   * @param options asked when a line needs them: they are being read, too
   * @param sealed files that may not be read here
   */
  constructor(
    macros: MacroScope,
    maps: MapTable,
    messages: ConfigMessages,
    options: () => OptionValues,
    sealed: SealedFiles = new Map(),
  ) {
    this.#sealed = sealed;
    this.#macros = macros;
    this.#maps = maps;
    this.#messages = messages;
    this.#options = options;
  }

  /** The class of a name; it exists from then on. */
  get(name: string): WordSet {
    let words = this.all.get(name);
    if (!words) this.all.set(name, (words = new WordSet()));
    return words;
  }

  /** @param body what stands behind the C */
  addWords(body: string): void {
    const { name, end } = readLineName(body, this.#messages);
    if (name === undefined) return;
    addClassWords(name, body.slice(end), {
      words: (of) => this.get(of),
      macros: this.#macros,
      report: (problem) => this.#messages.error(problem),
    });
  }

  /** @param body what stands behind the F */
  readFile(body: string): Promise<void> | void {
    const { name, end } = readLineName(body, this.#messages);
    if (name === undefined) return;
    const source = readClassSource(body.slice(end));
    const spec = body.indexOf(source.spec, end);
    this.#messages.focus(1 + (spec === -1 ? end : spec));
    const map = classMapOf(source.spec);
    if (map) return this.#readMap(name, map, source.optional);
    const dontBlame = dontBlameOf(this.#options());
    const files = { safety: { dontBlame }, sealed: this.#sealed, read: (path: string) => void this.files.push(path) };
    for (const word of readClassWords(source, files, this.#messages)) this.get(name).add(word);
  }

  /** Words from a map: the value of one key. */
  async #readMap(
    name: string,
    { key, mapClass, args }: { key: string; mapClass: string; args: string },
    optional: boolean,
  ): Promise<void> {
    const shown = `F{${name}}`;
    if (!this.#maps.isClass(mapClass)) {
      return this.#messages.error(`fileclass: ${shown}: class ${mapClass} not available`, { offset: key.length + 1 });
    }
    // `@LDAP`, `@ldap:`: the entries of the class in sendmail's schema.
    const spelled =
      mapClass.toLowerCase() === "ldap" && args.trim() === ""
        ? expandWhileReading(ldapClassArguments(name), this.#macros)
        : args;
    const found = await this.#maps.lookUpOnce({ name, mapClass, args: spelled }, key, this.#macros);
    if (optional && found?.kind !== "found") return;
    if (!found || found.kind === "tempfail") {
      return this.#messages.error(`fileclass: ${shown}: map open failed`, { exit: EX.OSERR });
    }
    if (found.kind === "found") for (const word of wordsOf(found.value, "%[^\n]")) this.get(name).add(word);
  }
}

/** The name that a D, C or F line begins with; what is wrong with it is told. */
export function readLineName(
  body: string,
  messages: ConfigMessages,
): { readonly name: string | undefined; readonly end: number } {
  const reading = readMacroName(body, 0);
  reading.problems.forEach((problem, index) => messages.error(problem, { offset: 1 + reading.places[index] }));
  return reading;
}
