/** `newaliases`, `sendmail -bi`: builds the alias databases from their text (manual §4.4). */
import { readFileSync } from "node:fs";
import type { AliasDatabase } from "../maps/alias-source.ts";
import { readAliasText } from "../routing/alias-file.ts";
import { reportAll } from "../source/report.ts";
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
    const status = rebuild(database);
    if (status !== EX.OK) exit = status;
  }
  await opened.close();
  return exit;
}

function rebuild(database: AliasDatabase): ExitCode {
  const file = database.textFile ?? database.name;
  let text: string;
  try {
    text = readFileSync(file, "latin1");
  } catch (error) {
    process.stderr.write(`${file}: ${(error as Error).message}\n`);
    return EX.NOINPUT;
  }
  const { entries, longest, octets, diagnostics } = readAliasText(text, file);
  // A database with half of the aliases in it would bounce mail: all or nothing.
  if (diagnostics.length > 0) {
    process.stderr.write(reportAll(diagnostics, () => text));
    return EX.DATAERR;
  }
  let written: string;
  try {
    written = database.rebuild(entries.map(({ name, value }) => [name, value] as const));
  } catch (error) {
    process.stderr.write(`${database.databaseFile ?? file}: ${(error as Error).message}\n`);
    return EX.CANTCREAT;
  }
  if (written !== database.databaseFile) {
    process.stderr.write(`newaliases: ${writtenBeside(database.databaseFile ?? file, written)}\n`);
  }
  process.stdout.write(`${file}: ${entries.length} aliases, longest ${longest} bytes, ${octets} bytes total\n`);
  return EX.OK;
}
