/** One node for each command letter of a configuration file (manual §5). */

export type ConfigLine =
  /** D: name and value. */
  | { readonly kind: "macro"; readonly body: string }
  /** C: name and words. */
  | { readonly kind: "class"; readonly body: string }
  /** F: name, then file, program or map. */
  | { readonly kind: "class-file"; readonly body: string }
  /** T: trusted users. */
  | { readonly kind: "trusted"; readonly words: readonly string[] }
  | { readonly kind: "ruleset"; readonly body: string }
  | { readonly kind: "rule"; readonly body: string }
  | NamedLine
  | OptionLine
  | HeaderLine
  /** K; its text is expanded before `MapDeclaration` is read from it. */
  | { readonly kind: "map"; readonly body: string }
  | { readonly kind: "precedence"; readonly name: string; readonly value: string }
  /** V: level in digits (or nothing) and what follows, with the vendor after a slash. */
  | { readonly kind: "version"; readonly level: string; readonly rest: string }
  | { readonly kind: "environment"; readonly name: string; readonly value?: string }
  | { readonly kind: "unknown" };

/** M, Q, X: a name and a list of equates, still one text. */
export interface NamedLine {
  readonly kind: "mailer" | "queue-group" | "filter";
  readonly name: string;
  readonly equates: string;
}

/** O: `name` is the letter or the long name as written; `sub` is what stands after a dot in the name. */
export interface OptionLine {
  readonly kind: "option";
  readonly form: "letter" | "long";
  readonly name: string;
  readonly sub?: string;
  readonly value: string;
}

/** H: without `name` the line is not a header; `stray` when the second `?` or what follows it is missing. */
export interface HeaderLine {
  readonly kind: "header";
  readonly condition?: string;
  readonly name?: string;
  readonly value?: string;
  readonly stray?: boolean;
}

/** K after expansion; a part that is missing is the empty text. */
export interface MapDeclaration {
  readonly name: string;
  readonly mapClass: string;
  readonly args: string;
}

/** `Key=value`; without `value` there was no `=`. */
export interface Equate {
  readonly key: string;
  readonly value: string | undefined;
  /** Index of the key in the list. */
  readonly at: number;
  /** Index of the value, or where `=` is missing. */
  readonly valueAt: number;
}
