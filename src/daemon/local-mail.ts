/**
 * Looks, when a configuration comes into force, whether mail for local users would arrive: a server that takes mail and
 * keeps all of it waiting for a file that nobody made helps nobody. What it may make it makes: the folder for mailboxes,
 * and a first alias file where the configuration says that it can do without one.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import type { Config } from "../config/config.ts";
import { prepareMailer } from "../delivery/readiness.ts";
import type { DeliverySite } from "../dispatch/attempt.ts";
import type { Log } from "../log/log.ts";
import type { AliasDatabase } from "../maps/alias-source.ts";
import { DATABASE_ENDINGS } from "../maps/database-file.ts";
import { locate } from "../routing/local-user.ts";

/** Whom every server has to take mail for (RFC 5321 §4.5.1). */
const POSTMASTER = "postmaster";
const NOT_ARRIVE = "mail for local users will not arrive";

/** @returns what keeps local mail from arriving, with what to do about it; it is in the log, too */
export async function prepareLocalMail(site: DeliverySite, log: Log): Promise<readonly string[]> {
  const made = site.aliasDatabases.filter(makeAliasFile).map(({ textFile }) => textFile);
  const tables = missingTables(site.config);
  const problems: string[] = [];
  for (const database of site.aliasDatabases) problems.push(...missingAliases(database));
  try {
    problems.push(...(await mailProblems(site, made)));
  } catch (error) {
    problems.push(`${NOT_ARRIVE}: users cannot be looked up: ${(error as Error).message}`);
  }
  for (const path of made) log.write(1, { priority: "notice", text: `made ${path}, which was missing` });
  const texts = [...tables.map((problem) => `mail will wait that asks this table: ${problem}`), ...problems];
  for (const text of texts) log.write(1, { priority: "warning", text });
  return texts;
}

/** @param made gets what was made on the way */
async function mailProblems(site: DeliverySite, made: (string | undefined)[]): Promise<readonly string[]> {
  const scope = site.config.macros.child();
  const resolution = await site.router.resolve(POSTMASTER, scope);
  if (resolution.kind !== "triple") return [];
  const problems: string[] = [];
  const answer = await locate(site, resolution.triple, false, scope);
  // Elsewhere, or refused on purpose: nothing is local here.
  const mailer = "triple" in answer ? site.config.mailers.get(answer.triple.mailer) : undefined;
  if (mailer === undefined || !mailer.flags.has("l")) return [];
  if (answer.kind === "unknown") {
    problems.push(`mail for ${POSTMASTER} is refused, which every server has to take: make an alias for that name`);
  }
  // Throws when the users' file cannot be read, which an alias would hide.
  if (mailer.flags.has("w")) await site.users.find(POSTMASTER);
  const { made: folders, problem } = prepareMailer(site.config, mailer, POSTMASTER);
  made.push(...folders);
  return problem === undefined ? problems : [...problems, `${NOT_ARRIVE}: ${problem}`];
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

function missingAliases({ textFile, databaseFile, isOptional }: AliasDatabase): string[] {
  if (isOptional || textFile === undefined || existsSync(textFile)) return [];
  if (databaseFile !== undefined && existsSync(databaseFile)) return [];
  return [
    `the alias file ${textFile} is missing: make it (without a line in it will do), or name the right one in AliasFile`,
  ];
}

/** The first alias file of a server, when it may be missing: then making it loses nothing. */
function makeAliasFile({ textFile, databaseFile, isOptional }: AliasDatabase): boolean {
  if (!isOptional || textFile === undefined) return false;
  if (existsSync(textFile) || (databaseFile !== undefined && existsSync(databaseFile))) return false;
  try {
    if (!existsSync(dirname(textFile))) mkdirSync(dirname(textFile), { mode: 0o755 });
    writeFileSync(textFile, firstAliases(), { flag: "wx", mode: 0o644 });
    return true;
  } catch {
    return false; // there are no aliases, then
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
