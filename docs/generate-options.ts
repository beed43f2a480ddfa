/** Writes docs/options.md from the tables of the program: `npm run docs`. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writtenDefault } from "../src/config/options/row.ts";
import { OPTIONS } from "../src/config/options/table.ts";
import { TIMEOUTS } from "../src/config/options/timeouts.ts";
import { isOwed } from "../src/config/reasons.ts";
import type { Setting } from "../src/config/setting.ts";
import { type SettingKind, SETTINGS } from "../src/config/settings.ts";

const UNITS = { s: "seconds", m: "minutes", h: "hours", d: "days", w: "weeks" } as const;

const HEAD = `# Settings of a configuration

<!-- Made by \`npm run docs\` from the tables below src/config/. Do not edit. -->

Every option, mailer flag and equate that a configuration may hold. All of them are read and checked. The last column
says which of them nothing acts on, and why; \`sendmail -bO -C FILE\` prints the options with the values of a
configuration and the same remarks, \`sendmail -bC -C FILE\` names the lines that have no effect.
`;

/** How many options there are, and how many of them wait; README says it too. */
export function optionCounts(): string {
  const idle = OPTIONS.map((row) => row.notActedOn).filter((why) => why !== undefined);
  const owed = idle.filter(isOwed).length;
  return `${owed} of ${OPTIONS.length} options are read and not acted on yet, ${idle.length - owed} more have nothing to act on here`;
}

/** README with its sentence about options brought up to date. */
export function withCounts(readme: string): string {
  return readme.replace(
    /\d+ of \d+ options are read and not acted on yet, \d+ more have nothing to act on here/,
    optionCounts(),
  );
}

function protection(): string {
  const names = OPTIONS.filter((row) => row.without !== undefined)
    .map(({ name }) => name)
    .toSorted((a, b) => a.localeCompare(b, "en"));
  return `${optionCounts()}. Where a configuration sets one that protects (${names.join(", ")}), the server says so when it starts.`;
}

/** The whole page. */
export function optionsPage(): string {
  return [
    HEAD,
    `${protection()}\n`,
    "## Options\n",
    "Form: `O Name=value`, or the letter: `Oxvalue`. A time without unit is in the unit named here.\n",
    optionTable(),
    "\n## Words\n",
    "Options whose value is made of words or letters; others are an error or get a warning.\n",
    wordTable(),
    "\n## Timeout\n",
    "Form: `O Timeout.name=time`. 0 is no limit of our own.\n",
    timeoutTable(),
    ...SECTIONS.flatMap(({ title, text, kind, name }) => [`\n## ${title}\n`, `${text}\n`, kindTable(kind, name)]),
    "",
  ].join("\n");
}

const SECTIONS: readonly { title: string; text: string; kind: SettingKind; name: string }[] = [
  {
    title: "Flags of a mailer",
    text: "`F=` of an M line. Every letter may also stand in the condition of a header, `H?x?Name: ...`.",
    kind: "mailer flag",
    name: "Flag",
  },
  { title: "Equates of a mailer", text: "The first letter counts.", kind: "mailer equate", name: "Equate" },
  { title: "Equates of a queue group", text: "Q lines.", kind: "queue equate", name: "Equate" },
  { title: "Equates of a mail filter", text: "X lines.", kind: "filter equate", name: "Equate" },
  {
    title: "Equates of a port",
    text: "DaemonPortOptions and ClientPortOptions; the first letter counts.",
    kind: "port equate",
    name: "Equate",
  },
  {
    title: "Modifiers of a port",
    text: "`M=`; all of them are in `${daemon_flags}` for rules, which is all that some are for.",
    kind: "port modifier",
    name: "Letter",
  },
];

function optionTable(): string {
  return table(
    ["Option", "Letter", "Type", "Default", "Meaning", "Effect"],
    OPTIONS.toSorted((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1)).map((row) => [
      row.name,
      typeof row.code === "string" ? code(row.code) : "",
      row.type === "time" ? `time (${UNITS[row.unit]})` : row.type,
      row.initial === "" ? "" : code(writtenDefault(row)),
      row.meaning,
      effect(row),
    ]),
  );
}

function wordTable(): string {
  return table(
    ["Option", "Words or letters"],
    OPTIONS.flatMap((row) => (row.type === "text" && row.range ? [[row.name, row.range.map(code).join(" ")]] : [])),
  );
}

function timeoutTable(): string {
  return table(
    ["Timeout", "Unit", "Default", "Limits", "Effect"],
    TIMEOUTS.map((row) => [
      row.name,
      row.count ? "a number" : UNITS[row.unit],
      code(row.initial),
      row.meaning,
      effect(row),
    ]),
  );
}

function kindTable(kind: SettingKind, name: string): string {
  return table(
    [name, "Meaning", "Effect"],
    [...SETTINGS[kind]].map(([key, row]) => [code(key), row.meaning, effect(row)]),
  );
}

function effect({ notActedOn }: Setting): string {
  return notActedOn === undefined ? "yes" : `none: ${notActedOn}`;
}

function code(text: string): string {
  return text.trim() === "" ? `\`"${text}"\`` : `\`${text}\``;
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, "options.md"), optionsPage());
  const readme = join(import.meta.dirname, "../README.md");
  writeFileSync(readme, withCounts(readFileSync(readme, "utf8")));
}
