/**
 * L005: files, folders and programs that the configuration names and that are not on this machine, or cannot be used as
 * they are. A configuration is often looked at elsewhere: only `--here` asks for all of them, and calls them errors.
 */
import { dontBlameOf } from "../../config/policies.ts";
import { standInFor } from "../../config/stand-in.ts";
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { parseMapDeclaration } from "../../cf/parse-line.ts";
import type { OptionLine } from "../../cf/ast.ts";
import { DATABASE_ENDINGS, databasePath, sourcePath } from "../../maps/database-file.ts";
import { COMMON_FLAGS, parseFlags } from "../../maps/flags.ts";
import { srsClass } from "../../maps/srs.ts";
import { checkFile, errorText, explainUnopened, type FileUse } from "../../sys/safe-file.ts";
import type { Subject } from "../subject.ts";
import type { FindingSeverity, Issue } from "./codes.ts";
import { optionNamed } from "./option-row.ts";

/** Something that must be there. */
export interface Needed {
  /** Who needs it: `map access`. */
  readonly owner: string;
  readonly path: string;
  readonly use: FileUse | "file" | "folder" | "its folder" | "socket";
  readonly line: number;
  /** What to do when it is missing. */
  readonly help?: string;
  /** `-o`: without it nothing is found, and that is all. */
  readonly optional?: boolean;
  /** A folder that the server makes when it starts. */
  readonly isMade?: boolean;
  /** What happens when a program cannot be run: something else does its work. */
  readonly instead?: string;
}

/** Something that is not there, or cannot be used. */
export interface Missed {
  readonly needed: Needed;
  readonly problem: Problem;
  /** Why mail goes its way all the same. */
  readonly excuse: string | undefined;
}

export function checkPresence(subject: Subject): Issue[] {
  if (subject.here !== true) return [];
  return missedBy(subject).map(({ needed, problem, excuse }) => {
    const { owner, path, line, help } = needed;
    const severity: FindingSeverity = excuse === undefined ? "error" : "note";
    const text = `${owner}: ${path}: ${problem.text}${excuse === undefined ? "" : ` (${excuse})`}`;
    return { code: "L005", line, severity, text, ...(help === undefined || !problem.absent ? {} : { help }) };
  });
}

/** All that a configuration of this machine needs and does not have. */
export function missedBy(subject: Subject): Missed[] {
  const dontBlame = dontBlameOf(subject.config.options);
  const missed: Missed[] = [];
  for (const needed of neededBy(subject)) {
    const problem = problemOf(needed, dontBlame);
    if (problem !== undefined) missed.push({ needed, problem, excuse: excuseFor(needed, problem) });
  }
  return missed;
}

/** Why mail goes its way all the same. */
function excuseFor({ path, use, optional, isMade, instead }: Needed, { absent }: Problem): string | undefined {
  if (instead !== undefined) return instead;
  if (!absent) return undefined;
  if (optional) return "-o: counts as empty";
  return isMade && mayMake(use === "folder" ? path : dirname(path)) ? "the server makes it when it starts" : undefined;
}

/** Whether the folder could be made: in the nearest one above it that is there. */
function mayMake(folder: string): boolean {
  const above = dirname(folder);
  if (existsSync(above)) return folderProblem(above) === undefined;
  return above !== folder && mayMake(above);
}

export interface Problem {
  readonly text: string;
  readonly absent: boolean;
}

function problemOf({ path, use }: Needed, dontBlame: ReadonlySet<string>): Problem | undefined {
  switch (use) {
    case "folder":
      return folderProblem(path);
    case "its folder":
      return folderProblem(dirname(path));
    case "socket":
      return attempt(() => (statSync(path).isSocket() ? undefined : "not a socket"));
    case "file":
      return attempt(() => {
        accessSync(path, constants.R_OK);
        return statSync(path).isDirectory() ? "a folder" : undefined;
      });
    case "program":
      return attempt(() => {
        if (!statSync(path).isFile()) return "not a program";
        accessSync(path, constants.X_OK);
        return undefined;
      });
    default: {
      const checked = checkFile(path, use, { dontBlame });
      if (checked.kind === "safe") return checked.stats.isDirectory() ? { text: "a folder", absent: false } : undefined;
      return { text: explainUnopened(checked), absent: checked.kind === "absent" };
    }
  }
}

function folderProblem(path: string): Problem | undefined {
  return attempt(() => {
    if (!statSync(path).isDirectory()) return "not a folder";
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return undefined;
  });
}

function attempt(look: () => string | undefined): Problem | undefined {
  try {
    const text = look();
    return text === undefined ? undefined : { text, absent: false };
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === "ENOENT";
    return { text: errorText(error), absent };
  }
}

/** What a configuration names: databases by the file that is read. */
export function* neededBy(subject: Subject): Iterable<Needed> {
  for (const { node, first: line } of subject.statements) {
    switch (node.kind) {
      case "map":
        yield* neededByMap(subject.config.expand(node.body, subject.config.macros), line);
        break;
      case "mailer":
        yield* neededByMailer(subject, node.name, line);
        break;
      case "option":
        yield* neededByOption(subject, node, line);
        break;
      default:
    }
  }
  for (const { mapClass, args } of subject.config.aliasFiles) {
    const flags = parseFlags(args, COMMON_FLAGS, "aliases", [], () => undefined);
    const line = lineOfOption(subject, "AliasFile");
    if (DATABASE_ENDINGS.has(mapClass) && flags.firstWord.startsWith("/")) {
      yield neededAliases(mapClass, flags.firstWord, flags.has("o"), line);
    } else yield* neededByMap(`aliases ${mapClass} ${args}`, line, "alias file");
  }
}

/** The text serves where there is no database, and the database where there is no text. */
function neededAliases(mapClass: string, file: string, optional: boolean, line: number): Needed {
  const database = databasePath(mapClass, file);
  const built = statSync(database, { throwIfNoEntry: false }) !== undefined;
  const path = built ? database : sourcePath(file);
  const help = `make it (it may be empty), or define ALIAS_FILE; newaliases reads it`;
  return { owner: "alias file", path, use: built ? "map" : "alias", line, optional, help };
}

function* neededByMap(body: string, line: number, called?: string): Iterable<Needed> {
  const { name, mapClass, args } = parseMapDeclaration(body);
  const key = mapClass.toLowerCase();
  const flags = parseFlags(args, key === "srs" ? srsClass.flags : COMMON_FLAGS, name, [], () => undefined);
  const path = flags.firstWord;
  const owner = called ?? `map ${name}`;
  const common = { owner, line, optional: flags.has("o") };
  if (key === "socket") {
    const socket = /^(?:local|unix):([^@]+)/.exec(path)?.[1];
    if (socket !== undefined) yield { ...common, path: socket, use: "socket" };
  } else if (!path.startsWith("/")) return;
  else if (key === "program") yield { ...common, path, use: "program" };
  else if (key === "srs") {
    const help = `head -c 24 /dev/urandom | base64 > ${path}; chmod 600 ${path}`;
    yield { owner, line, path, use: "key", help };
  } else if (key === "text" || key === "stab") yield { ...common, path, use: "map" };
  else if (DATABASE_ENDINGS.has(key)) {
    const database = databasePath(key, path);
    const source = sourcePath(database);
    const help = `makemap ${key} ${source} < ${source}`;
    yield { ...common, path: database, use: "map", help };
  }
}

function* neededByMailer({ config }: Subject, name: string, line: number): Iterable<Needed> {
  const mailer = config.mailers.get(name);
  if (mailer === undefined) return;
  const owner = `mailer ${name}`;
  if (mailer.path.startsWith("/")) {
    const standIn = standInFor(mailer);
    yield { owner, path: mailer.path, use: "program", line, ...(standIn && { instead: standIn.does }) };
  }
  if (mailer.root?.startsWith("/")) yield { owner, path: mailer.root, use: "folder", line };
}

/** Options whose folder the server makes; a queue elsewhere than in its home may be one that another server has. */
const MADE: Readonly<Partial<Record<string, (path: string) => boolean>>> = {
  PidFile: () => true,
  StatusFile: (path) => path.startsWith("/var/spool/rulemail/"),
  QueueDirectory: (path) => path.startsWith("/var/spool/rulemail/"),
};

function* neededByOption({ config }: Subject, node: OptionLine, line: number): Iterable<Needed> {
  const row = optionNamed(node);
  // What nothing acts on is told by L030.
  if (row?.type !== "text" || row.path === undefined || row.notActedOn !== undefined) return;
  const { name, path: use } = row;
  const owner = `option ${name}`;
  // Two files of two kinds of certificates; a queue folder may be many (`mqueue/q*`).
  const value = config.expand(node.value, config.macros);
  for (const each of use === "key" || use === "file" ? value.split(",") : [value]) {
    const path = name === "QueueDirectory" ? each.replace(/\/[^/]*\*$/, "") : each;
    if (path.startsWith("/")) yield { owner, path, use, line, isMade: MADE[name]?.(path) ?? false };
  }
}

function lineOfOption({ statements }: Subject, name: string): number {
  return statements.find(({ node }) => node.kind === "option" && optionNamed(node)?.name === name)?.first ?? 0;
}
