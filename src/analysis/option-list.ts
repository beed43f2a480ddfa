/**
 * The options of a configuration as a list: name, value, default, type, and the line that set it. Timeouts and `Milter.macros` are
 * entries of their own, and so is each port.
 */
import type { Config, PortOptions } from "../config/config.ts";
import { type OptionRow, writtenDefault } from "../config/options/row.ts";
import { type NamedOption, optionByLetter, optionByName, optionRow, OPTIONS } from "../config/options/table.ts";
import { timeoutNamed, TIMEOUTS } from "../config/options/timeouts.ts";
import type { Setting } from "../config/setting.ts";
import { printMacroText } from "../rewriting/macro-text.ts";
import type { Statement, Subject } from "./subject.ts";

export interface OptionEntry {
  /** "MaxMessageSize", "Timeout.queuereturn", "DaemonPortOptions" */
  readonly name: string;
  /** As it would be written in a .cf; several lines of one option that adds are several entries. */
  readonly value: string;
  /** What counts when nothing sets it, in the same form. */
  readonly initial: string;
  readonly type: string;
  /** Whether the value is another one than the default. */
  readonly differs: boolean;
  /** What sets it: `site.mc:12 define(confMAX_MESSAGE_SIZE)`; absent: nothing does. */
  readonly origin?: string;
  readonly meaning: string;
  /** Why nothing acts on it, where that is so. */
  readonly notActedOn?: string;
}

export type KnownOption = Pick<OptionEntry, "name" | "type" | "meaning">;

const KNOWN: readonly KnownOption[] = [
  ...OPTIONS.map(({ name, type, meaning }) => ({ name, type, meaning })),
  ...TIMEOUTS.map(({ name, count, meaning }) => ({
    name: `Timeout.${name}`,
    type: count === true ? "number" : "time",
    meaning,
  })),
];

/** The names of all options, with those of their timeouts. */
export const OPTION_NAMES: readonly string[] = KNOWN.map(({ name }) => name);

/** @param name in any letter case */
export function knownOption(name: string): KnownOption | undefined {
  return KNOWN.find((each) => each.name.toLowerCase() === name.toLowerCase());
}

/** By name, in alphabetical order whatever the letter case. */
export function optionEntries(subject: Subject): readonly OptionEntry[] {
  const origins = originsByName(subject);
  const { config } = subject;
  const entries = [
    ...OPTIONS.filter(({ name }) => !(name in SEVERAL) && name !== "Timeout").map((row) =>
      entry(row.name, printMacroText(config.options.text(row.name)), row, origins),
    ),
    ...TIMEOUTS.map((row) => timeoutEntry(row, config, origins)),
    ...Object.entries(SEVERAL).flatMap(([name, values]) => {
      const row = optionRow(name as NamedOption["name"]);
      return values(config).map(([of, value], index) =>
        entry(of, value, row, { get: (each) => origins.get(each) ?? origins.get(name), index }),
      );
    }),
  ];
  return entries.toSorted((a, b) => compare(a.name.toLowerCase(), b.name.toLowerCase()));
}

/** What the last line that sets an option says, before anything is made of it; undefined when no line does. */
export function writtenValue({ statements }: Subject, name: string): string | undefined {
  const last = statements.findLast((statement) => namesSet(statement).includes(name));
  return last?.node.kind === "option" ? printMacroText(last.node.value) : undefined;
}

/** Options whose lines add up: the name of each entry, and its value. */
const SEVERAL: Readonly<Record<string, (config: Config) => readonly (readonly [string, string])[]>> = {
  Milter: ({ milterSettings }) => [...milterSettings].map(([name, value]) => [`Milter.${name}`, printMacroText(value)]),
  DaemonPortOptions: ({ daemonPorts }) => daemonPorts.map((port) => ["DaemonPortOptions", portText(port)]),
  ClientPortOptions: ({ clientPorts }) => clientPorts.map((port) => ["ClientPortOptions", portText(port)]),
};

/** Equates of a port as they would be written. */
export function portText({ name, family, address, port, modifiers, listen, extra }: PortOptions): string {
  const equates: readonly (readonly [string, string])[] = [
    ["Name", name],
    ["Family", family],
    ["Address", address],
    ["Port", port === 0 ? "" : String(port)],
    ["Listen", String(listen)],
    ["Modifiers", [...modifiers].join("")],
    ...extra,
  ];
  return equates
    .filter(([, value]) => value !== "")
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
}

interface Origins {
  get(name: string): readonly string[] | undefined;
  /** Which of several lines; without it the last one counts. */
  readonly index?: number;
}

function entry(name: string, value: string, row: OptionRow, origins: Origins): OptionEntry {
  const lines = origins.get(name);
  const origin = origins.index === undefined ? lines?.at(-1) : (lines?.[origins.index] ?? lines?.at(-1));
  return described(name, value, writtenDefault(row), row.type, origin, row);
}

function timeoutEntry(row: (typeof TIMEOUTS)[number], { options }: Config, origins: Origins): OptionEntry {
  const name = `Timeout.${row.name}`;
  const origin = origins.get(name)?.at(-1);
  const value = options.timeoutText?.(row.name) ?? row.initial;
  return described(name, value, row.initial, row.count === true ? "number" : "time", origin, row);
}

function described(
  name: string,
  value: string,
  initial: string,
  type: string,
  origin: string | undefined,
  { meaning, notActedOn }: Setting,
): OptionEntry {
  const differs = value.toLowerCase() !== initial.toLowerCase();
  return {
    name,
    value,
    initial,
    type,
    differs,
    ...(origin !== undefined && { origin }),
    meaning,
    ...(notActedOn !== undefined && { notActedOn }),
  };
}

/** Where the lines of each option came from, in their order. */
function originsByName(subject: Subject): Map<string, string[]> {
  const origins = new Map<string, string[]>();
  for (const statement of subject.statements) {
    for (const name of namesSet(statement)) {
      const lines = origins.get(name);
      const origin = originText(subject, statement);
      if (lines === undefined) origins.set(name, [origin]);
      else lines.push(origin);
    }
  }
  return origins;
}

/** The entries that a line sets. */
function namesSet({ node }: Statement): readonly string[] {
  if (node.kind !== "option") return [];
  const found = node.form === "letter" ? optionByLetter(node.name) : rowNamed(node.name);
  if (found === undefined || found.name === "") return [];
  if (found.name === "Milter" && node.sub !== undefined) return [`Milter.${node.sub.toLowerCase()}`];
  if (found.name !== "Timeout") return [found.name];
  const row = node.sub === undefined ? undefined : timeoutNamed(node.sub);
  return row === undefined ? [] : [row.name, ...(row.all ?? [])].map((name) => `Timeout.${name}`);
}

function rowNamed(name: string): NamedOption | undefined {
  const found = optionByName(name);
  return found.kind === "found" ? found.row : undefined;
}

function originText({ file, origin, source }: Subject, { first }: Statement): string {
  const traced = source?.(first);
  if (traced !== undefined) return traced;
  const written = origin?.(first);
  return written === undefined ? `${file}:${first}` : `${file}:${written.line}`;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
