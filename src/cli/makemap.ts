/**
 * `makemap`: builds a database from the lines of standard input, or lists one (-u).
 *
 *     makemap hash /etc/mail/access < /etc/mail/access
 *
 * Wrong lines are reported and left out, the rest is built (exit status 65). The database is replaced as a whole.
 */
import { DatabaseBuilder, type DuplicatePolicy } from "../maps/build.ts";
import { DATABASE_ENDINGS } from "../maps/database-file.ts";
import { parseSourceLine, type SourceSyntax } from "../maps/source-text.ts";
import { EX } from "../sys/sysexits.ts";
import { type CommandStreams, linesOf, processStreams } from "./command-streams.ts";
import { CommandError, DatabaseTarget, readDatabaseSettings, runToStatus, withoutNul } from "./database-target.ts";
import { readShortOptions } from "./short-options.ts";

const USAGE = `Usage: makemap [-C cffile] [-N] [-c cachesize] [-D commentchar]
               [-d] [-e] [-f] [-i type] [-l] [-o] [-r] [-s] [-t delimiter]
               [-u] [-v] type mapname`;

interface Settings {
  readonly target: DatabaseTarget;
  readonly syntax: SourceSyntax;
  readonly duplicates: DuplicatePolicy;
  readonly append: boolean;
  readonly trailingNul: boolean;
  readonly verbose: boolean;
  readonly owner: number | undefined;
}

/** @param words the words after the program's name. Resolves with the exit status. */
export function runMakemap(words: readonly string[], streams: CommandStreams = processStreams()): Promise<number> {
  return runToStatus(streams, () => makemap(words, streams));
}

async function makemap(words: readonly string[], streams: CommandStreams): Promise<number> {
  const { options, operands, problem } = readShortOptions(words, "C:Nc:D:defi:lorst:uvx", "makemap");
  if (problem !== undefined) throw new CommandError(`${problem}\n${USAGE}`, EX.USAGE);
  const verbose = options.has("v");
  if (options.has("l")) {
    for (const [name, ending] of DATABASE_ENDINGS) {
      streams.output.line(verbose ? `${name}:${ending.slice(1)}` : name);
    }
    return EX.OK;
  }
  const given = (letter: string): string | undefined => options.get(letter)?.at(-1);
  const { dontBlame, owner } = await readDatabaseSettings("makemap", given("C"), streams);
  if (operands.length !== 2) throw new CommandError(USAGE, EX.USAGE);
  const settings: Settings = {
    target: new DatabaseTarget("makemap", operands[0], operands[1], given("i")),
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
    owner,
  };
  if (options.has("u")) return list(settings, streams);
  settings.target.checkWritable(options.has("s"), dontBlame, streams);
  return build(settings, streams);
}

async function build(settings: Settings, streams: CommandStreams): Promise<number> {
  const { input, output, errors } = streams;
  const { target, syntax, verbose } = settings;
  const builder = new DatabaseBuilder(settings.duplicates);
  if (settings.append && target.exists()) {
    target.read((table) => {
      for (const [key, value] of table.entries()) builder.add(key, value);
    });
  }
  const end = settings.trailingNul ? "\0" : "";
  let status: number = EX.OK;
  let number = 0;
  const complain = (text: string): void => {
    errors.line(`makemap: ${target.name}: line ${number}: ${text}`);
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
  target.write(builder, streams, settings.owner);
  return status;
}

function list({ target, syntax }: Settings, { output }: CommandStreams): number {
  target.read((table) => {
    for (const [key, value] of table.entries()) {
      output.line(`${withoutNul(key)}${syntax.delimiter ?? "\t"}${withoutNul(value)}`);
    }
  });
  return EX.OK;
}
