/** What the macro processor can do by itself: one table, name → function. Behaviour and limits are GNU m4 1.4's. */
import { ANY, numberArgument, type Row } from "./builtin-row.ts";
import { debuggingBuiltins } from "./builtins-debugging.ts";
import { textBuiltins } from "./builtins-text.ts";
import { systemBuiltins } from "./builtins-system.ts";
import { type Action, type Argument, type Call, textOf } from "./expand.ts";
import { Exit } from "./problem.ts";
import type { Builtin, Symbol, SymbolTable } from "./symbols.ts";

const BLIND = { blind: true };
const GNU = { gnu: true };
const BLIND_GNU = { blind: true, gnu: true };

const core: readonly Row[] = [
  ["define", (call) => assign(call, "define"), 1, 2, BLIND],
  ["pushdef", (call) => assign(call, "push"), 1, 2, BLIND],
  ["undefine", (call) => forEachName(call, ({ m4 }, name) => m4.symbols.undefine(name)), 1, ANY, BLIND],
  ["popdef", (call) => forEachName(call, ({ m4 }, name) => m4.symbols.pop(name)), 1, ANY, BLIND],
  ["defn", defn, 1, ANY, BLIND],
  ["indir", indir, 1, ANY, BLIND_GNU],
  ["builtin", callBuiltin, 1, ANY, BLIND_GNU],
  ["ifdef", ({ m4, text }) => (m4.symbols.has(text(0)!) ? text(1) : text(2)), 2, 3, BLIND],
  ["ifelse", ifelse, 1, ANY, BLIND],
  ["shift", ({ m4, args }) => m4.joined(args.slice(1), true), 0, ANY, BLIND],
  ["include", (call) => include(call, true), 1, 1, BLIND],
  ["sinclude", (call) => include(call, false), 1, 1, BLIND],
  ["divert", divert, 0, 1],
  ["undivert", undivert, 0, ANY],
  ["divnum", ({ m4 }) => String(m4.diversions.number), 0, 0],
  ["dnl", dnl, 0, 0],
  ["changequote", ({ m4, text }) => m4.scanner.changeQuote(text(0), text(1)), 0, 2],
  ["changecom", ({ m4, text }) => m4.scanner.changeComment(text(0), text(1)), 0, 2],
  ["m4wrap", ({ m4, args, at }) => m4.wrap(args.map((each) => textOf(each)).join(" "), at), 1, ANY, BLIND],
  ["m4exit", m4exit, 0, 1],
  ["errprint", ({ m4, args, at }) => m4.onMessage(args.map((each) => textOf(each)).join(" "), at), 1, ANY, BLIND],
  ["__file__", ({ m4, at }) => m4.quoted(at.file), 0, 0, GNU],
  ["__line__", ({ at }) => String(at.line), 0, 0, GNU],
  ["__program__", ({ m4 }) => m4.quoted(m4.options.program ?? "m4"), 0, 0, GNU],
];

/** Every builtin by its plain name. */
export const builtins: ReadonlyMap<string, Builtin & { readonly run: Action }> = new Map(
  [...core, ...debuggingBuiltins, ...textBuiltins, ...systemBuiltins].map(([name, run, min, max, more]) => [
    name,
    { name, run, min, max, blind: more?.blind ?? false, whenTooFew: more?.whenTooFew, gnu: more?.gnu ?? false },
  ]),
);

export interface BuiltinNames {
  /** -P: all names begin with m4_. */
  readonly prefixed?: boolean;
  /** -G: none that only GNU m4 has. */
  readonly traditional?: boolean;
}

/** Defines them all. */
export function defineBuiltins(
  symbols: SymbolTable,
  { prefixed = false, traditional = false }: BuiltinNames = {},
): void {
  for (const builtin of builtins.values()) {
    if (traditional && builtin.gnu) continue;
    symbols.define(prefixed ? `m4_${builtin.name}` : builtin.name, { text: "", builtin });
  }
  symbols.define(traditional ? "unix" : "__unix__", { text: "" });
  if (!traditional) symbols.define("__gnu__", { text: "" });
}

/** Builtins that hand on or look at other definitions get the call's arguments as they are; the rest get text. */
function assign({ m4, args, text, at, name }: Call, how: "define" | "push"): string | undefined {
  if (args.length === 0) return undefined;
  const target = args[0];
  if (typeof target !== "string") {
    m4.warn(`${name}: invalid macro name ignored`);
    return undefined;
  }
  const value: Argument = args[1] ?? "";
  if (m4.options.doubtful !== undefined && typeof value === "string") warnOfSequences(m4, target, value);
  const symbol: Symbol =
    typeof value === "string" ? { text: text(1) ?? "", definedAt: at } : { text: "", builtin: value };
  m4.symbols[how](target, symbol);
  return undefined;
}

function warnOfSequences(m4: Call["m4"], name: string, text: string): void {
  for (const found of m4.options.doubtful!(text)) {
    m4.warn(`definition of \`${name}' contains sequence \`${found}'`);
  }
}

function forEachName(call: Call, action: (call: Call, name: string) => unknown): undefined {
  for (const each of call.args) action(call, textOf(each) ?? "");
  return undefined;
}

function defn({ m4, args, at }: Call): string | undefined {
  let text = "";
  for (const each of args) {
    const symbol = m4.symbols.get(textOf(each) ?? "");
    if (symbol === undefined) continue;
    symbol.read = true;
    if (symbol.builtin === undefined) text += m4.quoted(symbol.text);
    else if (args.length === 1) m4.scanner.input.pushBuiltin(symbol.builtin, at);
    else m4.warn(`cannot concatenate builtin \`${textOf(each)}'`);
  }
  return text;
}

function indir({ m4, args, at }: Call): string | undefined {
  const name = args[0];
  if (typeof name !== "string") {
    m4.warn("indir: invalid macro name ignored");
    return undefined;
  }
  const symbol = m4.symbols.get(name);
  if (symbol !== undefined) return m4.call(name, symbol, args.slice(1), at);
  m4.complain(`undefined macro \`${name}'`);
  return undefined;
}

function callBuiltin({ m4, args, at }: Call): string | undefined {
  const name = args[0];
  if (typeof name !== "string") {
    m4.warn("builtin: invalid macro name ignored");
    return undefined;
  }
  const builtin = builtins.get(name);
  if (builtin !== undefined) return m4.call(name, { text: "", builtin }, args.slice(1), at);
  m4.complain(`undefined builtin \`${name}'`);
  return undefined;
}

function ifelse({ m4, args, text }: Call): string | undefined {
  // One argument is the traditional way of writing a comment.
  if (args.length === 1) return undefined;
  if (args.length < 3) {
    m4.warnUnlessQuiet("too few arguments to builtin `ifelse'");
    return undefined;
  }
  if (args.length > 3 && args.length % 3 === 2) m4.warnUnlessQuiet("excess arguments to builtin `ifelse' ignored");
  let index = 0;
  for (;;) {
    if ((text(index) ?? "") === (text(index + 1) ?? "")) return text(index + 2);
    const left = args.length - index - 3;
    if (left <= 0) return undefined;
    if (left <= 2) return text(index + 3);
    index += 3;
  }
}

function include({ m4, text, at }: Call, mustExist: boolean): undefined {
  const name = text(0) ?? "";
  const found = m4.options.files.find(name, at.file);
  if (found !== undefined) m4.scanner.input.pushFile(found.file, found.text, found.byItself ? undefined : at);
  else if (mustExist) m4.error(`cannot open \`${name}': No such file or directory`, m4.options.files.explain?.(name));
  return undefined;
}

function divert(call: Call): undefined {
  const number = call.args.length === 0 ? 0 : numberArgument(call, 0);
  if (number !== undefined) call.m4.diversions.divert(number);
  return undefined;
}

/** Without arguments everything that waits; a name that is no number is a file, copied as it is. */
function undivert({ m4, args, text, at }: Call): undefined {
  if (args.length === 0) m4.diversions.undivertAll();
  for (let index = 0; index < args.length; index++) {
    const which = text(index)!;
    if (/^\s*[-+]?\d+$/.test(which)) m4.diversions.undivert(Number(which));
    else if (which !== "") {
      const found = m4.options.files.find(which, at.file);
      if (found === undefined) m4.complain(`cannot undivert \`${which}': No such file or directory`);
      else m4.diversions.write(found.text, { file: found.file, line: 1, parent: at });
    }
  }
  return undefined;
}

function dnl({ m4 }: Call): undefined {
  if (!m4.scanner.input.skipLine()) m4.warn("end of file treated as newline");
  return undefined;
}

function m4exit(call: Call): never {
  const status = call.args.length === 0 ? 0 : (numberArgument(call, 0) ?? 1);
  if (status >= 0 && status <= 0xff) throw new Exit(status);
  call.m4.complain(`exit status out of range: \`${status}'`);
  throw new Exit(1);
}
