/** What the macro processor can do by itself: one table, name → function. Behaviour and limits are GNU m4 1.4's. */
import { ANY, numberArgument, type Row } from "./builtin-row.ts";
import { textBuiltins } from "./builtins-text.ts";
import { systemBuiltins } from "./builtins-system.ts";
import { type Argument, type Call, Exit, textOf } from "./expand.ts";
import type { Builtin, Symbol, SymbolTable } from "./symbols.ts";

const core: readonly Row[] = [
  ["define", (call) => assign(call, "define"), 1, 2, true, true],
  ["pushdef", (call) => assign(call, "push"), 1, 2, true, true],
  ["undefine", (call) => forEachName(call, ({ m4 }, name) => m4.symbols.undefine(name)), 1, ANY, true],
  ["popdef", (call) => forEachName(call, ({ m4 }, name) => m4.symbols.pop(name)), 1, ANY, true],
  ["defn", defn, 1, ANY, true],
  ["indir", indir, 1, ANY, true, true],
  ["builtin", callBuiltin, 1, ANY, true, true],
  ["ifdef", ({ m4, text }) => (m4.symbols.has(text(0) ?? "") ? text(1) : text(2)), 2, 3, true],
  ["ifelse", ifelse, 3, ANY, true],
  ["shift", ({ m4, args }) => m4.joined(args.slice(1), true), 0, ANY, true],
  ["include", (call) => include(call, true), 1, 1, true],
  ["sinclude", (call) => include(call, false), 1, 1, true],
  ["divert", divert, 0, 1],
  ["undivert", undivert, 0, ANY],
  ["divnum", ({ m4 }) => String(m4.diversions.number), 0, 0],
  ["dnl", dnl, 0, 0],
  ["changequote", ({ m4, text }) => m4.scanner.changeQuote(text(0), text(1)), 0, 2],
  ["changecom", ({ m4, text }) => m4.scanner.changeComment(text(0), text(1)), 0, 2],
  ["m4wrap", ({ m4, args, at }) => m4.wrap(args.map((each) => textOf(each)).join(" "), at), 1, ANY, true],
  ["m4exit", m4exit, 0, 1],
  ["errprint", ({ m4, args, at }) => m4.onMessage(args.map((each) => textOf(each)).join(" "), at), 1, ANY, true],
  ["dumpdef", dumpdef, 0, ANY],
  ["traceon", (call) => trace(call, true), 0, ANY],
  ["traceoff", (call) => trace(call, false), 0, ANY],
  ["debugmode", debugmode, 0, 1],
  ["debugfile", () => undefined, 0, 1],
  ["__file__", ({ m4, at }) => quoted(m4, at.file), 0, 0],
  ["__line__", ({ at }) => String(at.line), 0, 0],
  ["__program__", ({ m4 }) => quoted(m4, m4.options.program ?? "m4"), 0, 0],
];

/** Every builtin by its plain name. */
export const builtins: ReadonlyMap<string, Builtin> = new Map(
  [...core, ...textBuiltins, ...systemBuiltins].map(([name, run, min, max, blind = false, takesBuiltins = false]) => [
    name,
    { name, run, min, max, blind, takesBuiltins },
  ]),
);

/** Defines them all; with -P under names that begin with m4_. */
export function defineBuiltins(symbols: SymbolTable, prefixed: boolean): void {
  for (const builtin of builtins.values()) {
    const name = prefixed && !builtin.name.startsWith("m4") ? `m4_${builtin.name}` : builtin.name;
    symbols.define(name, { text: "", builtin });
  }
  symbols.define(prefixed ? "m4___gnu__" : "__gnu__", { text: "" });
  symbols.define(prefixed ? "m4___unix__" : "__unix__", { text: "" });
}

function quoted({ scanner }: Call["m4"], text: string): string {
  return scanner.openQuote + text + scanner.closeQuote;
}

/** Builtins that hand on or look at other definitions get the call's arguments as they are; the rest get text. */
function assign({ m4, args, text, at, name }: Call, how: "define" | "push"): string | undefined {
  if (args.length === 0) return undefined;
  const target = args[0];
  if (typeof target !== "string") {
    m4.report("warning", `${name}: invalid macro name ignored`);
    return undefined;
  }
  const value: Argument = args[1] ?? "";
  const symbol: Symbol =
    typeof value === "string" ? { text: text(1) ?? "", definedAt: at } : { text: "", builtin: value };
  m4.symbols[how](target, symbol);
  return undefined;
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
    if (symbol.builtin === undefined) text += quoted(m4, symbol.text);
    else if (args.length === 1) m4.scanner.input.pushBuiltin(symbol.builtin, at);
    else m4.report("warning", `cannot concatenate builtin \`${textOf(each)}'`);
  }
  return text;
}

function indir({ m4, args, text, at }: Call): string | undefined {
  const name = text(0) ?? "";
  const symbol = m4.symbols.get(name);
  if (symbol === undefined) m4.report("warning", `undefined macro \`${name}'`);
  else m4.call(name, symbol, args.slice(1), at);
  return undefined;
}

function callBuiltin({ m4, args, text, at }: Call): string | undefined {
  const name = text(0) ?? "";
  const builtin = builtins.get(name);
  if (builtin === undefined) m4.report("warning", `undefined builtin \`${name}'`);
  else m4.call(name, { text: "", builtin }, args.slice(1), at);
  return undefined;
}

function ifelse({ m4, args, text }: Call): string | undefined {
  // One argument is the traditional way of writing a comment.
  if (args.length === 1) return undefined;
  if (args.length > 3 && args.length % 3 === 2) m4.report("warning", "excess arguments to builtin `ifelse' ignored");
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
  if (found !== undefined) m4.scanner.input.pushFile(found.file, found.text, at);
  else if (mustExist) m4.report("error", m4.options.files.explain?.(name) ?? `cannot open \`${name}': no such file`);
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
    if (/^\s*-?\d+$/.test(which)) m4.diversions.undivert(Number(which));
    else if (which !== "") {
      const found = m4.options.files.find(which, at.file);
      if (found === undefined) m4.report("error", `cannot undivert \`${which}': no such file`);
      else m4.diversions.write(found.text, { file: found.file, line: 1, parent: at });
    }
  }
  return undefined;
}

function dnl({ m4 }: Call): undefined {
  if (!m4.scanner.input.skipLine()) m4.report("warning", "end of file treated as newline");
  return undefined;
}

function m4exit(call: Call): never {
  const status = call.args.length === 0 ? 0 : (numberArgument(call, 0) ?? 1);
  throw new Exit(status & 0xff);
}

function dumpdef({ m4, args, at }: Call): undefined {
  const names = args.length === 0 ? m4.symbols.names() : args.map((each) => textOf(each) ?? "");
  for (const name of names.toSorted()) {
    const symbol = m4.symbols.get(name);
    if (symbol === undefined) m4.report("warning", `undefined macro \`${name}'`);
    else m4.onMessage(`${name}:\t${symbol.builtin ? `<${symbol.builtin.name}>` : symbol.text}\n`, at);
  }
  return undefined;
}

function trace({ m4, args }: Call, on: boolean): undefined {
  if (args.length === 0) {
    if (on) m4.symbols.traceAll = true;
    else m4.symbols.traceNone();
  }
  for (const each of args) m4.symbols.trace(textOf(each) ?? "", on);
  return undefined;
}

function debugmode({ m4, text }: Call): undefined {
  const flags = text(0) ?? "";
  if (flags.startsWith("+")) m4.debug += flags.slice(1);
  else if (flags.startsWith("-"))
    m4.debug = m4.debug
      .split("")
      .filter((each) => !flags.includes(each))
      .join("");
  else m4.debug = flags;
  return undefined;
}
