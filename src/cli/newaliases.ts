/**
 * `newaliases`, `sendmail -bi`: builds the alias databases from their text (manual §4.4).
 *
 * For root, TrustedUser and class t, as in the original, and for whoever owns the texts: his own server, where there is one.
 */
import { statSync } from "node:fs";
import type { Config } from "../config/config.ts";
import { trustedUser } from "../config/owners.ts";
import type { AliasDatabase } from "../maps/alias-source.ts";
import { readAliasText } from "../routing/alias-file.ts";
import { SystemUsers } from "../sys/getent.ts";
import { systemClock } from "../sys/clock.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { caller } from "./caller.ts";
import { writtenBeside } from "./database-target.ts";
import { openForCommand } from "./system.ts";

export async function rebuildAliases(args: SendmailArguments): Promise<ExitCode> {
  const opened = await openForCommand(args);
  if (typeof opened === "number") return opened;
  const { config, users } = opened;
  let exit: ExitCode = EX.OK;
  const built = opened.aliasDatabases.filter(({ textFile }) => textFile !== undefined);
  const trusted = await trustedUser(config.options.text("TrustedUser"), new SystemUsers(systemClock), users);
  if (!mayRebuild(built, config, trusted)) {
    process.stdout.write("Permission denied (real uid not trusted)\n");
    await opened.close();
    return EX.USAGE;
  }
  if (built.length === 0) process.stderr.write("newaliases: AliasFile names no database that is built from a text\n");
  for (const database of built) {
    const status = rebuild(database, config, trusted);
    if (status !== EX.OK) exit = status;
  }
  await opened.close();
  return exit;
}

function mayRebuild(databases: readonly AliasDatabase[], config: Config, trusted: number | undefined): boolean {
  const uid = process.getuid?.() ?? 0;
  if (uid === 0 || uid === trusted || config.classWords("t").has(caller())) return true;
  return databases.every(({ textFile = "" }) => {
    const owner = statSync(textFile, { throwIfNoEntry: false })?.uid;
    return owner === undefined || owner === uid;
  });
}

/** Lines that are wrong are named and left out. A text or a folder that others may write keeps the old database. */
function rebuild(database: AliasDatabase, config: Config, owner: number | undefined): ExitCode {
  const file = database.textFile ?? database.name;
  const read = database.readText();
  if (read === undefined) return EX.OK;
  if (read.kind === "refused") {
    process.stderr.write(`newaliases: cannot open ${file}: ${read.reason}\n`);
    return EX.NOINPUT;
  }
  const ourNames = config.classWords("w");
  const { entries, longest, octets, problems } = readAliasText(read.text, (domain) => ourNames.has(domain));
  for (const { line, text } of problems) process.stderr.write(`${file}: line ${line}: ${text}\n`);
  let written: string;
  try {
    written = database.rebuild(
      entries.map(({ name, value }) => [name, value] as const),
      owner,
    );
  } catch (error) {
    process.stderr.write(
      `newaliases: cannot create database ${database.databaseFile ?? file}: ${(error as Error).message}\n`,
    );
    return EX.CANTCREAT;
  }
  if (written !== database.databaseFile) {
    process.stderr.write(`newaliases: ${writtenBeside(database.databaseFile ?? file, written)}\n`);
  }
  process.stdout.write(`${file}: ${entries.length} aliases, longest ${longest} bytes, ${octets} bytes total\n`);
  return problems.some(({ isWarning }) => !isWarning) ? EX.SOFTWARE : EX.OK;
}
