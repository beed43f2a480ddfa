/** Values of the options while a configuration is read and after it: texts with typed getters. */
import { readMacroText, unmarkLiterals } from "../rewriting/macro-text.ts";
import type { Options } from "./config.ts";
import { optionByName, OPTIONS, OTHER_OPTIONS, type OptionRow } from "./options.ts";
import { readTime } from "./times.ts";
import { timeoutNamed } from "./timeouts.ts";

const rows: ReadonlyMap<string, OptionRow> = new Map(
  [...OPTIONS, ...OTHER_OPTIONS].map((row) => [row.name.toLowerCase(), row]),
);

export class OptionValues implements Options {
  readonly #texts = new Map<string, string>();
  readonly #timeouts = new Map<string, string>();
  readonly #numbers = new Map<string, number>();

  /** @param value in value form */
  set(name: string, value: string): void {
    this.#texts.set(rowOf(name).name, unmarkLiterals(value));
    this.#numbers.delete(name.toLowerCase());
  }

  /** @returns false when there is no such suboption */
  setTimeout(name: string, value: string): boolean {
    const row = timeoutNamed(name);
    if (!row) return false;
    for (const each of [name.toLowerCase(), ...(row.all ?? [])]) {
      this.#timeouts.set(each, value);
      this.#numbers.delete(`timeout.${each}`);
    }
    return true;
  }

  text(name: string): string {
    const row = rowOf(name);
    return this.#texts.get(row.name) ?? readMacroText(row.initial).text;
  }

  number(name: string): number {
    return this.#cached(name.toLowerCase(), () => {
      const row = rowOf(name);
      return Number.parseInt(this.text(name), row.type === "octal" ? 8 : 10) || 0;
    });
  }

  flag(name: string): boolean {
    return isTrue(this.text(name));
  }

  time(name: string): number {
    return this.#cached(name.toLowerCase(), () => readTime(this.text(name), rowOf(name).unit ?? "s").value);
  }

  timeout(name: string): number {
    const key = name.toLowerCase();
    return this.#cached(`timeout.${key}`, () => {
      const row = timeoutNamed(key);
      if (!row) throw new Error(`no timeout is called ${name}`);
      const text = this.#timeouts.get(key) ?? row.initial;
      return row.count ? Number.parseInt(text, 10) || 0 : readTime(text, row.unit).value;
    });
  }

  /** A timeout as it was written, or its default. */
  timeoutText(name: string): string {
    const key = name.toLowerCase();
    return this.#timeouts.get(key) ?? timeoutNamed(key)?.initial ?? "";
  }

  isSet(name: string): boolean {
    const timeout = /^timeout\.(.+)$/i.exec(name);
    return timeout ? this.#timeouts.has(timeout[1].toLowerCase()) : this.#texts.has(rowOf(name).name);
  }

  #cached(key: string, compute: () => number): number {
    let value = this.#numbers.get(key);
    if (value === undefined) this.#numbers.set(key, (value = compute()));
    return value;
  }
}

function rowOf(name: string): OptionRow {
  const row = rows.get(name.toLowerCase());
  if (row) return row;
  const found = optionByName(name);
  if (found.kind !== "found") throw new Error(`no option is called ${name}`);
  return found.row;
}

/** A boolean option is true when it has no value or one that begins with t or y. */
export function isTrue(text: string): boolean {
  return text === "" || /^[tTyY]/.test(text);
}
