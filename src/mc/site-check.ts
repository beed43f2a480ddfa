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

/** By how many letters a name of the site may miss one of the library's. */
const CAPITALS_APART = 1;
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

/** What looks like a call of a macro of the library and is only text, because no macro has that name. */
export function checkCalls(file: string, text: string, symbols: SymbolTable): Diagnostic[] {
  const found: Diagnostic[] = [];
  const names = symbols.names();
  for (const [index, line] of text.split("\n").entries()) {
    const [, blanks = "", name] = /^(\s*)([A-Z][A-Z0-9_]{3,})\(/.exec(line) ?? [];
    if (name === undefined || names.includes(name)) continue;
    const close = nearest(name, names.filter(isCapital));
    if (close === undefined) continue;
    const message = `there is no macro \`${name}': did you mean \`${close}'?`;
    found.push(diagnostic("warning", message, { file, line: index + 1, column: blanks.length + 1 }));
  }
  return found;
}

/**
 * Variables that the site defines and the library never asks for: most often a typing error. Names in capitals may be the
 * site's own, so that only those count which are all but one that the library knows.
 */
export function checkUnread(file: string, symbols: SymbolTable): Diagnostic[] {
  const found: Diagnostic[] = [];
  const known = [
    ...symbols.asked(""),
    ...symbols.names().filter((name) => symbols.get(name)!.definedAt?.file !== file),
  ];
  for (const name of symbols.names()) {
    const { definedAt, read, replaced } = symbols.get(name)!;
    if (read || replaced || definedAt?.file !== file) continue;
    const close = name.startsWith("conf")
      ? nearest(name, symbols.asked("conf"))
      : isCapital(name)
        ? nearest(name, known.filter(isCapital), CAPITALS_APART)
        : undefined;
    if (close === undefined && !name.startsWith("conf")) continue;
    const hint = close === undefined ? "" : `: did you mean \`${close}'?`;
    found.push(diagnostic("warning", `nothing reads \`${name}'${hint}`, locationOf(definedAt)));
  }
  return found;
}

function isCapital(name: string): boolean {
  return /^[A-Z][A-Z0-9_]{3,}$/.test(name);
}
