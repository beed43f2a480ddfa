/**
 * `makemap`: builds a database from the lines of standard input, or lists one (-u).
 *
 *     makemap hash /etc/mail/access < /etc/mail/access
 *
 * Wrong lines are reported and left out, the rest is built (exit status 65). The database is replaced as a whole.
 */
import { accessSync, closeSync, constants, lstatSync, openSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseBuilder, type DuplicatePolicy } from "../maps/build.ts";
import { DATABASE_ENDINGS, databasePath, isForeignDatabase, readDatabase, type Table } from "../maps/database-file.ts";
import { parseSourceLine, type SourceSyntax } from "../maps/source-text.ts";
import { checkFolderFor, errorText } from "../sys/safe-file.ts";
import { EX } from "../sys/sysexits.ts";
import { type CommandStreams, linesOf, processStreams } from "./command-streams.ts";
import { optionValues } from "./option-lines.ts";
import { readShortOptions } from "./short-options.ts";

const USAGE = `Usage: makemap [-C cffile] [-N] [-c cachesize] [-D commentchar]
               [-d] [-e] [-f] [-i type] [-l] [-o] [-r] [-s] [-t delimiter]
               [-u] [-v] type mapname`;

/** Ends the program with a message and a status. */
class MakemapError extends Error {
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

interface Settings {
  readonly mapClass: string;
  /** As typed, for messages. */
  readonly name: string;
  readonly path: string;
  readonly syntax: SourceSyntax;
  readonly duplicates: DuplicatePolicy;
  readonly append: boolean;
  readonly trailingNul: boolean;
  readonly verbose: boolean;
}

/** @param words the words after the program's name. Resolves with the exit status. */
export async function runMakemap(
  words: readonly string[],
  streams: CommandStreams = processStreams(),
): Promise<number> {
  try {
    return await makemap(words, streams);
  } catch (error) {
    if (!(error instanceof MakemapError)) throw error;
    streams.errors.line(error.message);
    return error.status;
  } finally {
    streams.output.flush();
    streams.errors.flush();
  }
}

async function makemap(words: readonly string[], streams: CommandStreams): Promise<number> {
  const { options, operands, problem } = readShortOptions(words, "C:Nc:D:defi:lorst:uvx", "makemap");
  if (problem !== undefined) throw new MakemapError(`${problem}\n${USAGE}`, EX.USAGE);
  const verbose = options.has("v");
  if (options.has("l")) {
    for (const [name, ending] of DATABASE_ENDINGS) {
      streams.output.line(verbose ? `${name}:${ending.slice(1)}` : name);
    }
    return EX.OK;
  }
  const given = (letter: string): string | undefined => options.get(letter)?.at(-1);
  const dontBlame = readDontBlame(given("C"));
  if (operands.length !== 2) throw new MakemapError(USAGE, EX.USAGE);
  const mapClass = supportedClass(operands[0], given("i"), operands[1]);
  const settings: Settings = {
    mapClass,
    name: operands[1],
    path: databasePath(mapClass, operands[1]),
    syntax: {
      delimiter: given("t")?.[0],
      comment: given("D")?.[0] ?? "#",
      emptyValues: options.has("e"),
      keepCase: options.has("f"),
    },
    duplicates: options.has("d") ? "keep" : options.has("r") ? "replace" : "refuse",
    append: options.has("o"),
    trailingNul: options.has("N"),
    verbose,
  };
  if (options.has("u")) return list(settings, streams);
  checkTarget(settings, options.has("s"), dontBlame, streams);
  return build(settings, streams);
}

function readDontBlame(configFile: string | undefined): ReadonlySet<string> {
  if (configFile === undefined) return new Set();
  try {
    return new Set(optionValues(configFile, "DontBlameSendmail").flatMap((value) => value.split(/[\s,]+/)));
  } catch (error) {
    throw new MakemapError(`makemap: ${configFile}: ${errorText(error)}`, EX.NOINPUT);
  }
}

function supportedClass(wanted: string, fallback: string | undefined, name: string): string {
  const found = [wanted, fallback].find((each) => each !== undefined && DATABASE_ENDINGS.has(each));
  if (found === undefined) throw cannotOpen(wanted, name, "Unknown database type");
  return found;
}

function cannotOpen(mapClass: string, name: string, problem: string): MakemapError {
  return new MakemapError(`makemap: error opening type ${mapClass} map ${name}: ${problem}`, EX.CANTCREAT);
}

/** Refuses to write through links and to what is no file; warns of folders that others may write. */
function checkTarget(
  { mapClass, name, path }: Settings,
  anyLink: boolean,
  dontBlame: ReadonlySet<string>,
  { errors }: CommandStreams,
): void {
  const allowed = new Set([...dontBlame].map((each) => each.toLowerCase()));
  const refuse = (problem: string): never => {
    throw cannotOpen(mapClass, name, problem);
  };
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isSymbolicLink() && !anyLink && !allowed.has("writemaptosymlink")) refuse("Symbolic links not allowed");
    if (stats?.isFile() && stats.nlink > 1 && !anyLink && !allowed.has("writemaptohardlink")) {
      refuse("Hard links not allowed");
    }
    if (stats !== undefined && !statSync(path).isFile()) refuse("Regular files only");
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof MakemapError) throw error;
    refuse(errorText(error));
  }
  const unsafe = checkFolderFor(dirname(path), "map", { dontBlame });
  if (unsafe?.kind === "unsafe") errors.line(`WARNING: ${unsafe.problem} ${unsafe.component}`);
}

async function build(settings: Settings, { input, output, errors }: CommandStreams): Promise<number> {
  const { mapClass, name, path, syntax, verbose } = settings;
  const builder = new DatabaseBuilder(settings.duplicates);
  if (settings.append) for (const [key, value] of oldEntries(settings)) builder.add(key, value);
  const end = settings.trailingNul ? "\0" : "";
  let status: number = EX.OK;
  let number = 0;
  const complain = (text: string): void => {
    errors.line(`makemap: ${name}: line ${number}: ${text}`);
    status = EX.DATAERR;
  };
  for await (const line of linesOf(input)) {
    number++;
    const entry = parseSourceLine(line, syntax);
    if (entry === undefined) continue;
    if ("problem" in entry) complain(entry.problem);
    else {
      if (verbose) output.line(`key=\`${entry.key}', val=\`${entry.value}'`);
      if (!builder.add(entry.key + end, entry.value + end)) complain(`key ${entry.key}: duplicate key`);
    }
  }
  try {
    // A link that -s allows stays a link: its target is replaced.
    const target = statSync(path, { throwIfNoEntry: false }) ? realpathSync(path) : path;
    builder.write(target, { sorted: mapClass === "btree" });
  } catch (error) {
    throw cannotOpen(mapClass, name, errorText(error));
  }
  return status;
}

function oldEntries({ mapClass, name, path }: Settings): (readonly [string, string])[] {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return [];
  return withTable(mapClass, name, path, (table) => [...table.entries()]);
}

function list({ mapClass, name, path, syntax }: Settings, { output }: CommandStreams): number {
  withTable(mapClass, name, path, (table) => {
    for (const [key, value] of table.entries()) {
      output.line(`${withoutNul(key)}${syntax.delimiter ?? "\t"}${withoutNul(value)}`);
    }
  });
  return EX.OK;
}

function withTable<T>(mapClass: string, name: string, path: string, action: (table: Table) => T): T {
  let fd: number | undefined;
  try {
    fd = openSync(path, "r");
    if (isForeignDatabase(path)) throw new Error("Berkeley database, which is not read here");
    return action(readDatabase(fd));
  } catch (error) {
    throw cannotOpen(mapClass, name, errorText(error));
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function withoutNul(text: string): string {
  return text.endsWith("\0") ? text.slice(0, -1) : text;
}
