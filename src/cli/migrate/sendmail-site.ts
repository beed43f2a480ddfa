/**
 * A site of sendmail: its .mc and the texts of its tables are taken as they are, into a folder of their own. What changes is
 * where things are: paths in the old folder become paths in the new one, queue and pid file get places of their own.
 */
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { EX } from "../../sys/sysexits.ts";
import { CommandError } from "../database-target.ts";
import type { PlannedFile } from "../setup/planned-file.ts";
import type { Expectation, Leftover, MigratedSite } from "./migrated-site.ts";
import { aliasEntries, tableEntries, textOf } from "./text-lines.ts";

export interface SendmailPlace {
  /** Where its files are: /etc/mail. */
  readonly from: string;
  /** The .mc, when it is not the one that is found there. */
  readonly mc?: string;
  readonly to: string;
  /** RULEMAIL_HOME of the new server. */
  readonly home: string;
}

/** Tables and lists that FEATUREs read, by their usual names. */
const TABLES: readonly string[] = [
  "access",
  "mailertable",
  "virtusertable",
  "genericstable",
  "domaintable",
  "uucpdomain",
  "bitdomain",
  "authinfo",
  "sender_login",
  "login_limits",
];
/** What makes or is made: of no use to another program. */
const LEFT: RegExp =
  /\.(?:db|cdb|pag|dir|cf|cf\.map|bak|old|orig)$|~$|^(?:Makefile|sendmail\.(?:cf|pid|st)|statistics|databases|\..*)$/;
const LARGEST = 64 << 20;

export function sendmailSite(place: SendmailPlace): MigratedSite {
  const { from, to } = place;
  const mc = place.mc ?? findMc(from);
  const leftovers: Leftover[] = [];
  const moved: Leftover[] = [];
  const texts = carriedTexts(from, mc);
  const carried = new Set(texts.keys());
  const files: PlannedFile[] = [
    { path: join(to, "site.mc"), text: movedMc(place, mc, carried, moved), mode: 0o644 },
    ...[...texts].map(([name, { text, mode }]) => ({ path: join(to, name), text: Buffer.from(text, "latin1"), mode })),
  ];
  const aliases = join(to, "aliases");
  const outside = textOf("/etc/aliases");
  if (outside !== undefined && !files.some(({ path }) => path === aliases) && from === "/etc/mail")
    files.push({ path: aliases, text: Buffer.from(outside, "latin1"), mode: 0o644 });
  for (const name of TABLES)
    if (existsAlone(from, name))
      leftovers.push({
        file: join(from, `${name}.db`),
        line: 0,
        text: `there is no text beside it: makemap -u hash ${name} > ${name} of the old sendmail writes one`,
      });
  const tables = TABLES.filter((name) => files.some(({ path }) => path === join(to, name)));
  return { folder: to, files, tables, leftovers, moved, expectations: expectationsOf(from, tables) };
}

/** Texts of the folder and of those in it, by their names there. */
function carriedTexts(from: string, mc: string): ReadonlyMap<string, { readonly text: string; readonly mode: number }> {
  const found = new Map<string, { readonly text: string; readonly mode: number }>();
  for (const name of namesIn(from, true)) {
    const path = join(from, name);
    if (LEFT.test(basename(name)) || path === mc || name === "site.mc") continue;
    const stats = lstatSync(path);
    const text = stats.isFile() && stats.size <= LARGEST ? textOf(path) : undefined;
    if (text !== undefined && !text.includes("\0")) found.set(name, { text, mode: stats.mode & 0o777 });
  }
  return found;
}

function namesIn(folder: string, recursive = false): string[] {
  try {
    return readdirSync(folder, { recursive, encoding: "utf8" }).toSorted();
  } catch (error) {
    throw new CommandError(`rulemail migrate: ${(error as Error).message}`, EX.NOINPUT);
  }
}

function findMc(from: string): string {
  const names = namesIn(from).filter((name) => name.endsWith(".mc") && name !== "submit.mc");
  const [name, ...more] = ["sendmail.mc", "site.mc"].filter((each) => names.includes(each)).slice(0, 1);
  const only = name ?? (names.length === 1 && more.length === 0 ? names[0] : undefined);
  if (only !== undefined) return join(from, only);
  const there = names.length === 0 ? "no .mc" : `several (${names.join(", ")})`;
  const run = "a .cf alone needs no migration: sendmail -bD -C FILE.cf runs it";
  throw new CommandError(`rulemail migrate: there is ${there} in ${from}: name it with --mc; ${run}`, EX.NOINPUT);
}

function existsAlone(folder: string, name: string): boolean {
  return existsSync(join(folder, `${name}.db`)) && !existsSync(join(folder, name));
}

/** Definitions that name places of the old server's own. */
const OWN_PLACES: Readonly<Record<string, (home: string) => string>> = {
  QUEUE_DIR: (home) => `${home}/queue`,
  confPID_FILE: (home) => `${home}/rulemail.pid`,
  STATUS_FILE: (home) => `${home}/statistics`,
  confHOST_STATUS_DIRECTORY: (home) => `${home}/hoststat`,
  confCONTROL_SOCKET_NAME: (home) => `${home}/control`,
};

function movedMc(
  { from, to, home }: SendmailPlace,
  mc: string,
  carried: ReadonlySet<string>,
  moves: Leftover[],
): string {
  const text = textOf(mc);
  if (text === undefined) throw new CommandError(`rulemail migrate: cannot read ${mc}`, EX.NOINPUT);
  // What is not carried over (programs, links) stays where it is.
  const paths = new RegExp(`${from.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}/([^\\s'\`,)]*)`, "g");
  const lines = text.split("\n").map((line, index) => {
    const at = { file: mc, line: index + 1 };
    const [, name] = /^\s*define\(`(\w+)'/.exec(line) ?? [];
    const place = name === undefined ? undefined : OWN_PLACES[name];
    if (place !== undefined) {
      moves.push({ ...at, text: `${name} is ${place(home)} now` });
      return `define(\`${name}', \`${place(home)}')dnl`;
    }
    const moved = line
      .replaceAll(paths, (path, rest: string) => (carried.has(rest.replace(/\.db$/, "")) ? `${to}/${rest}` : path))
      .replaceAll("/etc/aliases", `${to}/aliases`);
    if (moved !== line && !/^\s*dnl\b/.test(line)) moves.push({ ...at, text: `paths lead to ${to} now` });
    return moved;
  });
  const given = (name: string): boolean => lines.some((line) => line.includes(`define(\`${name}'`));
  const own = [
    ...(given("MAIL_SETTINGS_DIR") ? [] : [`define(\`MAIL_SETTINGS_DIR', \`${to}/')dnl`]),
    ...(given("ALIAS_FILE") ? [] : [`define(\`ALIAS_FILE', \`${to}/aliases')dnl`]),
    ...["QUEUE_DIR", "confPID_FILE"].flatMap((name) =>
      given(name) ? [] : [`define(\`${name}', \`${OWN_PLACES[name]?.(home)}')dnl`],
    ),
  ];
  return [`dnl --- from ${mc}, by rulemail migrate: places of the new server`, ...own, ...lines].join("\n");
}

/** Addresses that the tables name. */
function expectationsOf(from: string, tables: readonly string[]): readonly Expectation[] {
  const found: Expectation[] = [];
  const add = (name: string, address: string, line: number): void => {
    found.push({ address, words: [], file: join(from, name), line });
  };
  for (const name of tables) {
    if (!["virtusertable", "mailertable"].includes(name)) continue;
    for (const { key, line } of tableEntries(textOf(join(from, name)) ?? "")) {
      if (name === "virtusertable") add(name, key.startsWith("@") ? `nobody-in-particular${key}` : key, line);
      else add(name, `somebody@${key.startsWith(".") ? `host${key}` : key}`, line);
    }
  }
  for (const file of ["aliases"])
    for (const { key, line } of aliasEntries(textOf(join(from, file)) ?? textOf("/etc/aliases") ?? ""))
      add(file, key, line);
  for (const file of ["local-host-names", "relay-domains"])
    for (const { key, line } of tableEntries(textOf(join(from, file)) ?? "")) add(file, `postmaster@${key}`, line);
  return found;
}
