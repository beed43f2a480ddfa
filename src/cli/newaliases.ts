/** `newaliases`, `sendmail -bi`: builds the alias databases from their text (manual §4.4). */
import type { Config } from "../config/config.ts";
import type { AliasDatabase } from "../maps/alias-source.ts";
import { readAliasText } from "../routing/alias-file.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { writtenBeside } from "./database-target.ts";
import { openForCommand } from "./system.ts";

export async function rebuildAliases(args: SendmailArguments): Promise<ExitCode> {
  const opened = await openForCommand(args);
  if (typeof opened === "number") return opened;
  let exit: ExitCode = EX.OK;
  const built = opened.aliasDatabases.filter(({ textFile }) => textFile !== undefined);
  if (built.length === 0) process.stderr.write("newaliases: AliasFile names no database that is built from a text\n");
  for (const database of built) {
    const status = rebuild(database, opened.config);
    if (status !== EX.OK) exit = status;
  }
  await opened.close();
  return exit;
}

/** Lines that are wrong are named and left out. A text or a folder that others may write keeps the old database. */
function rebuild(database: AliasDatabase, config: Config): ExitCode {
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
    written = database.rebuild(entries.map(({ name, value }) => [name, value] as const));
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
