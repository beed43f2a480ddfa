/**
 * Looks, when a configuration comes into force, whether mail for local users would arrive: a server that takes mail and
 * keeps all of it waiting for a file that nobody made helps nobody. What it may make it makes: the folder for mailboxes,
 * and a first alias file where the configuration says that it can do without one.
 */
import { accessSync, constants, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import type { Config } from "../config/config.ts";
import type { Mailer } from "../config/mailer.ts";
import { prepareMailer } from "../delivery/readiness.ts";
import type { DeliverySite } from "../dispatch/attempt.ts";
import type { Log } from "../log/log.ts";
import type { AliasDatabase } from "../maps/alias-source.ts";
import { DATABASE_ENDINGS } from "../maps/database-file.ts";
import { locate } from "../routing/local-user.ts";
import { missingTools } from "../rights/program-command.ts";
import { homeFolder } from "./home.ts";

/** Whom every server has to take mail for (RFC 5321 §4.5.1). */
const POSTMASTER = "postmaster";
const NOT_ARRIVE = "mail for local users will not arrive";

/** Whose rights are left when it is asked. */
export interface LocalRights {
  /** How messages call the server's user. */
  readonly user: string;
  /** Mailboxes are made with root's rights, whatever this process has left. */
  readonly mailboxesByRoot: boolean;
}

/** Those of a process that is what it was started as. */
export function ownRights(): LocalRights {
  const uid = process.geteuid?.() ?? 0;
  return { user: String(uid), mailboxesByRoot: uid === 0 };
}

/** The part that needs root's rights: what is missing is made. */
export function makeLocalFiles({ aliasDatabases, config }: DeliverySite, log: Log): void {
  const made = aliasDatabases.flatMap(makeAliasFile);
  for (const mailer of config.mailers.values()) {
    if (mailer.flags.has("l")) made.push(...prepareMailer(config, mailer, POSTMASTER, homeFolder().folder).made);
  }
  tellMade(made, log);
}

function tellMade(made: readonly string[], log: Log): void {
  for (const path of made) log.write(1, { priority: "notice", text: `made ${path}, which was missing` });
}

/** @returns what keeps local mail from arriving, with what to do about it; it is in the log, too */
export async function prepareLocalMail(site: DeliverySite, rights: LocalRights, log: Log): Promise<readonly string[]> {
  const made: string[] = [];
  for (const database of site.aliasDatabases) made.push(...makeAliasFile(database));
  const tables = [...missingTables(site.config), ...site.aliasDatabases.flatMap(closedAliases)].map(
    (problem) => `mail will wait that asks this table: ${problem}${whatToDo(problem, rights)}`,
  );
  const problems = [...tables, ...(await localProblems(site, rights, made))];
  tellMade(made, log);
  for (const text of problems) log.write(1, { priority: "warning", text });
  return problems;
}

/** @param made gets what was made on the way */
async function localProblems(
  site: DeliverySite,
  { mailboxesByRoot }: LocalRights,
  made: string[],
): Promise<readonly string[]> {
  const { config } = site;
  const aliases = site.aliasDatabases.flatMap(missingAliases);
  const { mailer, problem: refused } = await localMailer(site);
  // Everything goes elsewhere, or is refused on purpose.
  if (mailer === undefined) return aliases;
  const { made: folders, problem } = prepareMailer(config, mailer, POSTMASTER, homeFolder().folder, mailboxesByRoot);
  made.push(...folders);
  const programs = config.mailers.get("prog");
  const shell = programs && prepareMailer(config, programs, POSTMASTER, homeFolder().folder).problem;
  return [
    ...aliases,
    ...(aliases.length > 0 ? [] : told(refused)),
    ...(mailer.flags.has("w") ? told(await userProblem(site), NOT_ARRIVE) : []),
    ...told(problem, NOT_ARRIVE),
    ...told(shell, "mail for programs that aliases name will not arrive"),
    ...(mailboxesByRoot ? programsWait(missingTools()) : []),
  ];
}

/** Without them root's side starts no program as a user; there is no fcntl lock for mailboxes without perl either. */
function programsWait(missing: readonly string[]): string[] {
  return missing.length === 0 ? [] : [`mail for programs will wait: this machine has no ${missing.join(" and no ")}`];
}

function told(problem: string | undefined, title?: string): string[] {
  return problem === undefined ? [] : [title === undefined ? problem : `${title}: ${problem}`];
}

/** The mailer that mail for a local user goes to, and what is wrong on the way to it; neither when it goes elsewhere. */
async function localMailer(site: DeliverySite): Promise<{ readonly mailer?: Mailer; readonly problem?: string }> {
  const scope = site.config.macros.child();
  const resolution = await site.rules.resolve(POSTMASTER, scope);
  if (resolution.kind !== "triple") return {};
  const local = (name: string): Mailer | undefined => {
    const mailer = site.config.mailers.get(name);
    return mailer?.flags.has("l") === true ? mailer : undefined;
  };
  try {
    const answer = await locate(site, resolution.triple, false, scope);
    if (answer.kind === "error" || answer.kind === "discard") return {};
    const mailer = local("triple" in answer ? answer.triple.mailer : resolution.triple.mailer);
    if (mailer === undefined) return {};
    if (answer.kind === "tempfail") return { mailer, problem: `${NOT_ARRIVE}: ${answer.reply.lines.join(" ")}` };
    if (answer.kind !== "unknown") return { mailer };
    const advice = "make an alias for that name";
    return { mailer, problem: `mail for ${POSTMASTER} is refused, which every server has to take: ${advice}` };
  } catch {
    // The users cannot be asked: told below.
    const mailer = local(resolution.triple.mailer);
    return mailer === undefined ? {} : { mailer };
  }
}

/** Asked for by itself: an alias for the postmaster hides it. */
async function userProblem(site: DeliverySite): Promise<string | undefined> {
  try {
    await site.users.find(POSTMASTER);
    return undefined;
  } catch (error) {
    const source = site.config.options.text("MailboxDatabase");
    return `users cannot be looked up (MailboxDatabase=${source}): ${(error as Error).message}`;
  }
}

/** Tables that rules ask and that are not there: whatever they are asked about waits. */
function missingTables(config: Config): string[] {
  const scope = config.macros.child();
  const problems: string[] = [];
  for (const map of config.maps.values()) {
    if (/^Alias\d+$/.test(map.name)) continue; // sendmail's name for an alias database: looked at below
    const { mapClass } = map;
    const message = (text: string): void => {
      const source = DATABASE_ENDINGS.has(mapClass) ? /missing map file (\S+?)\.c?db: /.exec(text)?.[1] : undefined;
      problems.push(source === undefined ? text : `${text} (makemap ${mapClass} ${source} < ${source})`);
    };
    map.prepare?.({ scope, expand: (text) => config.expand(text, scope), deferred: false, message });
  }
  return problems;
}

/** An alias file that is there, and not for the server's user to read. */
function closedAliases({ textFile, databaseFile }: AliasDatabase): string[] {
  // The text is read where the database is not there, or not one of ours.
  const [file] = [databaseFile, textFile].filter((path) => path !== undefined && existsSync(path));
  return file !== undefined && !isReadable(file) ? [`cannot open ${file}: Permission denied`] : [];
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** Files that root could read, and the server's user cannot. */
function whatToDo(problem: string, { user }: LocalRights): string {
  if (!problem.endsWith("Permission denied")) return "";
  const file = /\/[^\s:"]+/.exec(problem)?.[0];
  const advice = file === undefined ? "" : `: chgrp it to a group of that user, and chmod g+r ${file}`;
  return ` for user ${user}, who runs the server${advice}`;
}

function missingAliases({ textFile, databaseFile, isOptional }: AliasDatabase): string[] {
  if (isOptional || textFile === undefined || existsSync(textFile)) return [];
  if (databaseFile !== undefined && existsSync(databaseFile)) return [];
  return [
    `${NOT_ARRIVE}: the alias file ${textFile} is missing: make it (without a line in it will do), or name the right one in AliasFile`,
  ];
}

/** The first alias file of a server, when it may be missing: then making it loses nothing. */
function makeAliasFile({ textFile, databaseFile, isOptional }: AliasDatabase): string[] {
  if (!isOptional || textFile === undefined) return [];
  if (existsSync(textFile) || (databaseFile !== undefined && existsSync(databaseFile))) return [];
  try {
    if (!existsSync(dirname(textFile))) mkdirSync(dirname(textFile), { mode: 0o755 });
    writeFileSync(textFile, firstAliases(), { flag: "wx", mode: 0o644 });
    return [textFile];
  } catch {
    return []; // there are no aliases, then
  }
}

function firstAliases(): string {
  const lines = [
    "# Who gets the mail for names that are no users. Read again when it changes; newaliases is not needed.",
    `${POSTMASTER}: ${caller()}`,
    `MAILER-DAEMON: ${POSTMASTER}`,
  ];
  return `${lines.join("\n")}\n`;
}

function caller(): string {
  try {
    return userInfo().username;
  } catch {
    return "root"; // a uid without an account
  }
}
