/**
 * Mistakes that are easy to make in an .mc file and that the macro processor cannot see, because to it they are just text.
 * It looks at the lines of the site file only, and only warns.
 */
import { type Diagnostic, diagnostic } from "../source/diagnostic.ts";
import { nearest } from "./library.ts";
import { locationOf } from "./origin.ts";
import type { SymbolTable } from "./symbols.ts";

const CALL =
  "define|undefine|FEATURE|MAILER|OSTYPE|DOMAIN|HACK|VERSIONID|MASQUERADE_AS|DAEMON_OPTIONS|EXPOSED_USER|include";

const WRONG_QUOTE = "' begins with an apostrophe: the opening quote of m4 is the back-quote `";

interface LineCheck {
  readonly pattern: RegExp;
  readonly message: (match: RegExpMatchArray) => string;
}

const lineChecks: readonly LineCheck[] = [
  {
    pattern: new RegExp(`^[^#]*?\\b(${CALL})\\('`),
    message: ([, name]) => `${name}(${WRONG_QUOTE}`,
  },
  {
    pattern: new RegExp(`^\\s*#.*\\b(${CALL})\\(`),
    message: ([, name]) => `${name}() in a # comment is executed all the same: begin the line with dnl`,
  },
];

/** Whether a diagnostic of {@link checkLines} is about an apostrophe that was meant as a quote. */
export function isWrongQuote({ message }: Diagnostic): boolean {
  return message.includes(WRONG_QUOTE);
}

/** Warnings about the text of the site file. */
export function checkLines(file: string, text: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (/^\s*dnl\b/.test(line)) continue;
    for (const { pattern, message } of lineChecks) {
      const match = pattern.exec(line);
      if (match) found.push(diagnostic("warning", message(match), { file, line: index + 1 }));
    }
  }
  return found;
}

/** Variables (conf...) that the site defines and the library never asks for: most often a typing error. */
export function checkUnread(file: string, symbols: SymbolTable): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const name of symbols.names()) {
    const { definedAt, read, replaced } = symbols.get(name)!;
    if (!name.startsWith("conf") || read || replaced || definedAt === undefined) continue;
    if (definedAt.file !== file) continue;
    const close = nearest(name, symbols.asked("conf"));
    const hint = close === undefined ? "" : `: did you mean \`${close}'?`;
    found.push(diagnostic("warning", `nothing reads \`${name}'${hint}`, locationOf(definedAt)));
  }
  return found;
}
