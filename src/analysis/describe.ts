/**
 * What a configuration means, as tables of texts: two configurations are compared by these. What makes no difference to
 * mail (order of declarations, line numbers, comments, numbers of named rulesets) is left out.
 */
import { parseMapDeclaration } from "../cf/parse-line.ts";
import type { Config } from "../config/config.ts";
import type { Mailer, RulesetPair } from "../config/mailer.ts";
import { type OptionName, OPTIONS } from "../config/options/table.ts";
import { TIMEOUTS } from "../config/options/timeouts.ts";
import { readMacroName, writeMacroName } from "../rewriting/macro-name.ts";
import { expandWhileReading, printMacroText } from "../rewriting/macro-text.ts";
import { printRule } from "../rewriting/trace.ts";
import type { Subject } from "./subject.ts";

type Table = Map<string, string>;

/** Options that are compared as something else. */
const ELSEWHERE: ReadonlySet<OptionName> = new Set(["Timeout", "Milter", "DaemonPortOptions", "ClientPortOptions"]);

export function optionsOf({ options, daemonPorts, clientPorts, milterSettings }: Config): Table {
  const table: Table = new Map();
  for (const { name } of OPTIONS) {
    if (ELSEWHERE.has(name)) continue;
    table.set(name, printMacroText(options.text(name)));
  }
  for (const { name, count } of TIMEOUTS) {
    const value = options.timeout(name);
    table.set(`Timeout.${name}`, count ? String(value) : duration(value));
  }
  for (const [name, value] of milterSettings) table.set(`Milter.${name}`, printMacroText(value));
  for (const port of daemonPorts) table.set(`DaemonPortOptions ${port.name}`, portText(port));
  for (const port of clientPorts) table.set(`ClientPortOptions ${port.name || port.family}`, portText(port));
  return table;
}

function portText({ family, address, port, modifiers, extra }: Config["daemonPorts"][number]): string {
  const more = [...extra].map(([key, value]) => `${key}=${value}`);
  return [`Family=${family}`, `Addr=${address}`, `Port=${port}`, `M=${[...modifiers].join("")}`, ...more].join(", ");
}

/** Milliseconds as they would be written. */
function duration(ms: number): string {
  for (const [unit, size] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
  ] as const) {
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return ms === 0 ? "0" : `${ms / 1000}s`;
}

/** Macros that tell the time of reading or what stands after a dollar in test mode. */
const NOT_SET_BY_FILES = /^(?:[b0-9#&()*+\-.:>?@[\]|~])$/;

export function macrosOf({ macros }: Config): Table {
  const table: Table = new Map();
  for (const [name, value] of macros.own()) {
    // An empty one is as good as none.
    if (value && !NOT_SET_BY_FILES.test(name)) table.set(name, printMacroText(value));
  }
  return table;
}

/** Names of the classes that C, F and T lines fill. */
export function classNamesOf({ statements }: Subject): Set<string> {
  const names = new Set<string>();
  for (const { node } of statements) {
    if (node.kind === "trusted") names.add("t");
    else if (node.kind === "class" || node.kind === "class-file") {
      const { name } = readMacroName(node.body, 0);
      if (name !== undefined) names.add(name);
    }
  }
  return names;
}

/** F lines: class and where its words come from. */
export function classFilesOf({ statements }: Subject): string[] {
  return statements.flatMap(({ node }) => {
    if (node.kind !== "class-file") return [];
    // `FR` and `F{R}` are the same class.
    const { name, end } = readMacroName(node.body, 0);
    return [printMacroText(name === undefined ? `F${node.body}` : `F${writeMacroName(name)}${node.body.slice(end)}`)];
  });
}

export function mapsOf({ statements, config }: Subject): Table {
  const table: Table = new Map();
  for (const { node } of statements) {
    if (node.kind !== "map") continue;
    const { name, mapClass, args } = parseMapDeclaration(expandWhileReading(node.body, config.macros));
    if (name === "") continue;
    const text = printMacroText(`${mapClass} ${args.replace(/\s+/g, " ").trim()}`.trim());
    const key = name.toLowerCase();
    // A second line changes the first (class sequence, new arguments); both count.
    table.set(key, table.has(key) ? `${table.get(key)}, then ${text}` : text);
  }
  return table;
}

/** A mailer as its equates. */
export function mailerOf(mailer: Mailer, { rulesets }: Config): Table {
  const pair = ({ envelope, header }: RulesetPair): string =>
    envelope === 0 && header === 0 ? "" : `${rulesets.nameOf(envelope)}/${rulesets.nameOf(header)}`;
  const { types, user } = mailer;
  const optional: Readonly<Record<string, string | undefined>> = {
    D: mailer.directory,
    U: user && `${user.uid}${user.gid === undefined ? "" : `:${user.gid}`}`,
    C: mailer.charset,
    Q: mailer.queueGroup,
    "/": mailer.root,
  };
  const table: Table = new Map([
    ["P", mailer.path],
    ["F", [...mailer.flags].toSorted().join("")],
    ["A", printMacroText(mailer.argv.join(" "))],
    ["S", pair(mailer.sender)],
    ["R", pair(mailer.recipient)],
    ["E", JSON.stringify(mailer.eol).slice(1, -1)],
    ["M", String(mailer.maxSize)],
    ["m", String(mailer.maxMessages)],
    ["r", String(mailer.maxRecipients)],
    ["L", String(mailer.lineLimit)],
    ["N", String(mailer.nice)],
    ["W", duration(mailer.wait)],
    ["T", [types.mta, types.address, types.diagnostic].join("/")],
  ]);
  for (const [letter, value] of Object.entries(optional)) {
    if (value !== undefined) table.set(letter, printMacroText(value));
  }
  return table;
}

/** H lines by what they are for: field name and condition. */
export function headersOf({ headers, rulesets }: Config): Table {
  const table: Table = new Map();
  for (const { name, flags, macro, template, check } of headers) {
    const condition = macro === undefined ? flags : `\${${macro}}`;
    const call = check ? `$>${check.keepComments ? "+" : ""}${rulesets.nameOf(check.ruleset)}` : "";
    const key = `${condition === "" ? "" : `?${condition}?`}${name}`;
    const text = call + printMacroText(template ?? "");
    table.set(key, table.has(key) ? `${table.get(key)}, then ${text}` : text);
  }
  return table;
}

/** Rules of each ruleset that has any, printed. */
export function rulesOf({ rulesets }: Config): Map<string, string[]> {
  const table = new Map<string, string[]>();
  for (const { number, rules } of rulesets.all()) {
    if (rules.length === 0) continue;
    table.set(
      rulesets.nameOf(number),
      rules.map((rule) => {
        const { lhs, rhs } = printRule(rule);
        return `R${lhs.join(" ")}\t${rhs.join(" ")}`;
      }),
    );
  }
  return table;
}

/** Queue groups, filters, precedences, environment: one text for each. */
export function othersOf({ queueGroups, filters, precedences, environment }: Config): Table {
  const table: Table = new Map();
  for (const [name, group] of queueGroups) table.set(`queue group ${name}`, JSON.stringify(group));
  for (const [name, filter] of filters) table.set(`filter ${name}`, JSON.stringify(filter));
  for (const [name, value] of precedences) table.set(`precedence ${name}`, String(value));
  for (const [name, value] of environment) table.set(`environment ${name}`, value ?? "(our own)");
  return table;
}
