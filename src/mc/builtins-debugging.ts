/** Builtins that show what the macro processor does: dumpdef, traceon, debugmode and their kin. */
import { ANY, type Row } from "./builtin-row.ts";
import { type Call, textOf } from "./expand.ts";

export const debuggingBuiltins: readonly Row[] = [
  ["dumpdef", dumpdef, 0, ANY],
  ["traceon", (call) => trace(call, true), 0, ANY],
  ["traceoff", (call) => trace(call, false), 0, ANY],
  ["debugmode", debugmode, 0, 1, { gnu: true }],
  ["debugfile", debugfile, 0, 1, { gnu: true }],
];

function dumpdef({ m4, args }: Call): undefined {
  const names = args.length === 0 ? m4.symbols.names() : args.map((each) => textOf(each) ?? "");
  // What is not defined is said first: the list is sorted before it is printed.
  for (const name of names) if (m4.symbols.get(name) === undefined) m4.complain(`undefined macro \`${name}'`);
  for (const name of names.toSorted()) {
    const symbol = m4.symbols.get(name);
    if (symbol === undefined) continue;
    const text = m4.debugging.shows("q") ? m4.quoted(symbol.text) : symbol.text;
    m4.debugging.print(`${name}:\t${symbol.builtin ? `<${symbol.builtin.name}>` : text}\n`);
  }
  return undefined;
}

function trace({ m4, args }: Call, on: boolean): undefined {
  if (args.length === 0) m4.symbols.traceDefined(on);
  for (const each of args) m4.symbols.trace(textOf(each) ?? "", on);
  return undefined;
}

function debugmode({ m4, text }: Call): undefined {
  const words = text(0);
  if (words === undefined) m4.debugging.clear();
  else if (!m4.debugging.set(words)) m4.complain(`Debugmode: bad debug flags: \`${words}'`);
  return undefined;
}

function debugfile({ m4, text }: Call): undefined {
  const path = text(0);
  try {
    m4.debugging.redirect(path);
  } catch {
    m4.complain(`cannot set debug file \`${path}': No such file or directory`);
  }
  return undefined;
}
