/**
 * `mailstats`: the counts of the statistics file, as sendmail's program prints them.
 *
 *     mailstats [-C cffile] [-c] [-P] [-f stfile] [-o] [-p]
 *
 * -c: of the submission program (submit.cf); -f: another file than StatusFile of the configuration; -o: without the names of
 * mailers; -P: for programs; -p: the same, and the file is emptied.
 */
import { readFileSync, truncateSync } from "node:fs";
import { decodeStatistics, type StatisticsRecord, VERSION } from "../log/statistics-record.ts";
import { type MailerCounts, noMessages } from "../log/statistics.ts";
import { errorText } from "../sys/safe-file.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import { type CommandStreams, processStreams } from "./command-streams.ts";
import { systemConfigFile } from "./config-file.ts";
import { optionValues } from "./option-lines.ts";
import { readShortOptions } from "./short-options.ts";

const USAGE = "usage: mailstats [-C cffile] [-c] [-P] [-f stfile] [-o] [-p]";
const HEAD = " M   msgsfr  bytes_from   msgsto    bytes_to  msgsrej msgsdis msgsqur";
const RULE = "=".repeat(69);

/** @param words the words after the program's name. Resolves with the exit status. */
export function runMailstats(words: readonly string[], streams: CommandStreams = processStreams()): Promise<number> {
  const status = mailstats(words, streams);
  streams.output.flush();
  streams.errors.flush();
  return Promise.resolve(status);
}

function mailstats(words: readonly string[], { output, errors }: CommandStreams): ExitCode {
  const { options, operands, problem } = readShortOptions(words, "C:cf:opP", "mailstats");
  if (problem !== undefined || operands.length > 0) {
    errors.line(problem === undefined ? USAGE : `${problem}\n${USAGE}`);
    return EX.USAGE;
  }
  const variant = options.has("c") ? { variant: "c" as const } : {};
  const config = systemConfigFile({ configFile: options.get("C")?.at(-1), ...variant });
  const read = readAbout(config);
  if ("unreadable" in read) {
    errors.line(`mailstats: ${config}: ${read.unreadable}`);
    return EX.NOINPUT;
  }
  const file = options.get("f")?.at(-1) ?? read.file;
  if (file === undefined) {
    errors.line("mailstats: no statistics file located");
    return EX.OSFILE;
  }
  const now = Math.floor(Date.now() / 1000);
  const record = readRecord(file, now);
  if ("exit" in record) {
    errors.line(record.problem);
    return record.exit;
  }
  const empties = options.has("p");
  const form: Form = {
    names: options.has("o") ? undefined : read.mailers,
    forPrograms: empties || options.has("P"),
  };
  for (const line of form.forPrograms ? [`${record.since} ${now}`] : heading(record, form)) output.line(line);
  for (const line of counted(record, form)) output.line(line);
  if (empties) empty(file);
  return EX.OK;
}

interface About {
  /** StatusFile. */
  readonly file: string | undefined;
  /** Names of the mailers, by their numbers. */
  readonly mailers: readonly string[];
}

/** What the configuration says, line by line: it need not be one that a server could use. */
function readAbout(config: string): About | { readonly unreadable: string } {
  try {
    const mailers = ["prog", "*file*", "*include*"];
    for (const [, name] of readFileSync(config, "latin1").matchAll(/^M[ \t]*([^,\s]+)/gm)) {
      if (!mailers.includes(name)) mailers.push(name);
    }
    return { file: optionValues(config, "StatusFile", "S").at(-1)?.trim(), mailers };
  } catch (error) {
    return { unreadable: errorText(error) };
  }
}

function readRecord(
  file: string,
  now: number,
): StatisticsRecord | { readonly problem: string; readonly exit: ExitCode } {
  let octets: Buffer;
  try {
    octets = readFileSync(file);
  } catch (error) {
    return { problem: `mailstats: ${file}: ${errorText(error)}`, exit: EX.NOINPUT };
  }
  const record = decodeStatistics(octets, now);
  if (!("misfit" in record)) return record;
  const problem =
    record.misfit === "magic"
      ? `mailstats: incorrect magic number in ${file}`
      : record.misfit === "size"
        ? "mailstats: file size changed."
        : `mailstats version (${VERSION}) incompatible with ${file} version (${record.version})`;
  return { problem, exit: EX.OSERR };
}

interface Form {
  /** By number; absent: names are not shown. */
  readonly names: readonly string[] | undefined;
  readonly forPrograms: boolean;
}

function heading({ since }: StatisticsRecord, { names }: Form): string[] {
  return [`Statistics from ${asCtime(new Date(since * 1000))}`, names === undefined ? HEAD : `${HEAD}  Mailer`];
}

/** Of mailers that something was counted for. */
function* counted({ mailers, connections }: StatisticsRecord, { names, forPrograms }: Form): Generator<string> {
  const total = noMessages();
  for (const [number, counts] of mailers.entries()) {
    const { from, to, rejected, discarded, quarantined } = counts;
    if ([from, to, rejected, discarded, quarantined].every((count) => count === 0)) continue;
    for (const key of Object.keys(total) as (keyof MailerCounts)[]) total[key] += counts[key];
    const name = names === undefined ? "" : `  ${names[number] ?? ""}`;
    yield `${right(number, 2)}${columns(counts, forPrograms)}${name}`;
  }
  if (!forPrograms) yield RULE;
  yield ` T${columns(total, forPrograms)}`;
  const [from, to, rejected] = [connections.from, connections.to, connections.rejected];
  yield forPrograms
    ? ` C ${right(from, 8)} ${right(to, 8)} ${right(rejected, 6)}`
    : ` C ${right(from, 8)} ${right("", 11)} ${right(to, 8)} ${right("", 11)}   ${right(rejected, 6)}`;
}

function columns(counts: MailerCounts, forPrograms: boolean): string {
  const k = forPrograms ? "" : "K";
  const { from, fromKilobytes, to, toKilobytes, rejected, discarded, quarantined } = counts;
  const came = ` ${right(from, 8)} ${right(fromKilobytes, 10)}${k}`;
  const went = ` ${right(to, 8)} ${right(toKilobytes, 10)}${k}`;
  return `${came}${went}   ${right(rejected, 6)}  ${right(discarded, 6)}  ${right(quarantined, 6)}`;
}

const right = (value: number | string, width: number): string => String(value).padStart(width);

/** "Tue Nov 14 22:13:20 2023", local time, as ctime(3) has it. */
function asCtime(at: Date): string {
  const [day, month, date, year, clock] = at.toString().split(" ");
  return `${day} ${month} ${date.replace(/^0/, " ")} ${clock} ${year}`;
}

/** Whoever may not has read it all the same. */
function empty(file: string): void {
  try {
    truncateSync(file);
  } catch {
    // As sendmail's.
  }
}
