/** Values of the options while a configuration is read and after it: texts with typed getters. */
import { readMacroText, unmarkLiterals } from "../rewriting/macro-text.ts";
import type { Options } from "./config.ts";
import { writtenDefault } from "./options/row.ts";
import { type FlagOption, type NumberOption, type OptionName, optionRow, type TimeOption } from "./options/table.ts";
import { timeoutNamed, type TimeoutName } from "./options/timeouts.ts";
import { readTime } from "./times.ts";

export class OptionValues implements Options {
  readonly #texts = new Map<OptionName, string>();
  readonly #timeouts = new Map<string, string>();
  /** Read once, for they are asked with every message. */
  readonly #defaults = new Map<OptionName, string>();
  readonly #numbers = new Map<OptionName, number>();
  readonly #times = new Map<TimeoutName, number>();

  /** @param value in value form */
  set(name: OptionName, value: string): void {
    this.#texts.set(name, unmarkLiterals(value));
    this.#numbers.delete(name);
  }

  /**
   * @param name in any letter case
   * @returns false when there is no such suboption
   */
  setTimeout(name: string, value: string): boolean {
    const row = timeoutNamed(name);
    if (!row) return false;
    for (const each of [row.name, ...(row.all ?? [])]) this.#timeouts.set(each, value);
    this.#times.clear();
    return true;
  }

  text(name: OptionName): string {
    return this.#texts.get(name) ?? cached(this.#defaults, name, initialText);
  }

  number(name: NumberOption): number {
    return cached(
      this.#numbers,
      name,
      () => Number.parseInt(this.text(name), optionRow(name).type === "octal" ? 8 : 10) || 0,
    );
  }

  flag(name: FlagOption): boolean {
    return isTrue(this.text(name));
  }

  time(name: TimeOption): number {
    return cached(this.#numbers, name, () => {
      const row = optionRow(name);
      return readTime(this.text(name), row.type === "time" ? row.unit : "s").value;
    });
  }

  timeout(name: TimeoutName): number {
    return cached(this.#times, name, () => {
      const row = timeoutNamed(name);
      if (!row) throw new Error(`no timeout is called ${name}`);
      const text = this.#timeouts.get(row.name) ?? row.initial;
      return row.count ? Number.parseInt(text, 10) || 0 : readTime(text, row.unit).value;
    });
  }

  /** A timeout as it was written, or its default. */
  timeoutText(name: TimeoutName): string {
    return this.#timeouts.get(name) ?? timeoutNamed(name)?.initial ?? "";
  }

  isSet(name: OptionName | `Timeout.${TimeoutName}`): boolean {
    return name.startsWith("Timeout.")
      ? this.#timeouts.has(name.slice("Timeout.".length))
      : this.#texts.has(name as OptionName);
  }
}

function initialText(name: OptionName): string {
  return readMacroText(writtenDefault(optionRow(name))).text;
}

function cached<Key, Value>(values: Map<Key, Value>, key: Key, compute: (key: Key) => Value): Value {
  let value = values.get(key);
  if (value === undefined) values.set(key, (value = compute(key)));
  return value;
}

/** A boolean option is true when it has no value or one that begins with t or y. */
export function isTrue(text: string): boolean {
  return text === "" || /^[tTyY]/.test(text);
}
