/**
 * Applies one O line, or -O and -o of the command line: finds the option, checks its value, keeps it.
 *
 * The checks say what sendmail says. Most options take any value and mean their default when it makes no sense.
 */
import type { OptionLine } from "../cf/ast.ts";
import type { ConfigMessages } from "../cf/messages.ts";
import { printMacroText } from "../rewriting/macro-text.ts";
import type { PortOptions } from "./config.ts";
import type { ConfigEnvironment } from "./environment.ts";
import { OptionValues } from "./option-values.ts";
import type { CheckContext, OptionEffects, OptionRow } from "./options/row.ts";
import {
  DEFINE_MACRO,
  type LetterOption,
  type NamedOption,
  optionByLetter,
  optionByName,
  optionCode,
  type OptionName,
  optionRow,
  OPTIONS,
} from "./options/table.ts";
import { notActedOn } from "./settings.ts";
import { nearestWord } from "../source/nearest-word.ts";
import { readTime, reportTime, type TimeUnit } from "./times.ts";

/** Options of our own have no code. */
function keyOf({ code, name }: OptionRow): string | number {
  return code ?? name;
}

export class OptionSetter {
  readonly values = new OptionValues();
  readonly daemonPorts: PortOptions[] = [];
  readonly clientPorts: PortOptions[] = [];
  /** Milter.macros.STAGE and Milter.LogLevel, by suboption. */
  readonly milter = new Map<string, string>();
  readonly #messages: ConfigMessages;
  readonly #environment: ConfigEnvironment;
  readonly #effects: OptionEffects;
  /** What the command line has set, by code, or by name where there is none: what the file says about it is ignored. */
  readonly #sticky = new Set<string | number>();

  constructor(messages: ConfigMessages, environment: ConfigEnvironment, effects: OptionEffects) {
    this.#messages = messages;
    this.#environment = environment;
    this.#effects = effects;
  }

  /** True for an option of the command line. */
  isSticky(name: OptionName): boolean {
    return this.#sticky.has(keyOf(optionRow(name)));
  }

  /**
   * @param sticky true for the command line
   * @param valueAt index of the value in the line; the focus of messages is on the name
   */
  async apply({ form, name, sub, value }: OptionLine, sticky = false, valueAt = 0): Promise<void> {
    const row = form === "letter" ? this.#byLetter(name) : this.#byName(name);
    if (row) await this.set(row, sub, value, sticky, { valueAt, subAt: this.#messages.focused + name.length + 1 });
  }

  #byLetter(letter: string): NamedOption | LetterOption | undefined {
    const row = optionByLetter(letter);
    if (row) return row;
    const code = letter === "" ? 0 : letter.charCodeAt(0);
    this.#messages.error(`readcf: unknown option name 0x${code.toString(16)}`);
    return undefined;
  }

  #byName(name: string): NamedOption | undefined {
    if (name === "") {
      this.#messages.error("readcf: null option name");
      return undefined;
    }
    const found = optionByName(name);
    if (found.kind === "unknown") {
      const near = nearestWord(
        name,
        OPTIONS.filter((each) => !each.extension).map((each) => each.name),
      );
      const help = near === undefined ? "see docs/options.md for the names of options" : `is ${near} meant?`;
      this.#messages.error(`readcf: unknown option name ${name}`, { help });
    }
    if (found.kind === "ambiguous") {
      const [first, second] = found.matches;
      this.#messages.error(`readcf: ambiguous option name ${name} (matches ${first} and ${second})`);
    }
    if (found.kind !== "found") return undefined;
    if (found.abbreviated) this.#messages.remark(`Option ${name} used as abbreviation for ${found.row.name}`);
    return found.row;
  }

  async set(
    row: NamedOption | LetterOption,
    sub: string | undefined,
    value: string,
    sticky: boolean,
    { valueAt, subAt } = { valueAt: 0, subAt: 0 },
  ): Promise<void> {
    let suboption = sub;
    if (sub !== undefined && !row.suboptions) {
      this.#trace(`setoption: ${row.name} does not support suboptions, ignoring .${sub}`);
      suboption = undefined;
    }
    const shown = `${row.name} (${optionCode(row)})${suboption === undefined ? "" : `.${suboption}`}`;
    const ignored = !sticky && this.#sticky.has(keyOf(row)) && row.name !== "Timeout";
    this.#trace(`setoption ${shown}=${printMacroText(value)}${ignored ? " (ignored)" : ""}`);
    if (ignored) return;
    if (sticky && row !== DEFINE_MACRO) this.#sticky.add(keyOf(row));
    if (row === DEFINE_MACRO) return this.#effects.defineMacro(value);
    this.#noteWithoutEffect(row, suboption);
    this.#messages.focus(valueAt);
    const name = row.name === "" ? "DefaultUser" : row.name;
    if (row.check) {
      const before = this.values.isSet(name) ? this.values.text(name) : undefined;
      const kept = await row.check(value, { ...this.#context, row, before, suboption, subAt: subAt - valueAt });
      if (kept !== undefined) this.values.set(name, kept);
    } else {
      if (row.type === "time") this.#checkTime(value, row.unit);
      this.values.set(name, value);
    }
  }

  #noteWithoutEffect(row: OptionRow, suboption: string | undefined): void {
    const timeout = row.name === "Timeout" && suboption !== undefined;
    const why = timeout ? notActedOn("timeout", suboption.toLowerCase()) : notActedOn("option", row.name);
    // Setting all members of a group of times is no setting without effect.
    if (why === undefined || why.startsWith("sets ")) return;
    this.#messages.idle();
    this.#messages.note(`nothing acts on this option (${why}): ${row.name}${timeout ? `.${suboption}` : ""}`);
  }

  #trace(text: string): void {
    if ((this.#environment.trace?.level(37) ?? 0) >= 1) this.#environment.trace?.print(text);
  }

  get #context(): Omit<CheckContext, "row" | "before" | "suboption" | "subAt"> {
    return {
      daemonPorts: this.daemonPorts,
      clientPorts: this.clientPorts,
      milter: this.milter,
      text: (name) => this.values.text(name),
      setTimeout: (name, value) => void this.values.setTimeout(name, value),
      messages: this.#messages,
      environment: this.#environment,
      effects: this.#effects,
      trace: (text) => this.#trace(text),
      time: (value, unit, offset) => this.#checkTime(value, unit, offset),
    };
  }

  #checkTime(value: string, unit: TimeUnit, offset = 0): void {
    reportTime(readTime(value, unit), this.#messages, offset);
  }
}
