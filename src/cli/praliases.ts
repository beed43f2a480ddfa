/**
 * `praliases`: prints alias databases, or the entries of some names.
 *
 *     praliases [-C cffile] [-f aliasfile] [key ...]
 */
import { closeSync, openSync } from "node:fs";
import {
  DATABASE_ENDINGS,
  databasePath,
  pathToRead,
  readDatabase,
  sourcePath,
  type Table,
} from "../maps/database-file.ts";
import { COMMON_FLAGS, parseFlags } from "../maps/flags.ts";
import { errorText } from "../sys/safe-file.ts";
import { EX } from "../sys/sysexits.ts";
import { octetsForTerminal } from "../sys/terminal-text.ts";
import { type CommandStreams, processStreams } from "./command-streams.ts";
import { optionValues } from "./option-lines.ts";
import { readShortOptions } from "./short-options.ts";
import { systemConfigFile } from "./config-file.ts";

const USAGE = "usage: praliases [-C cffile] [-f aliasfile] [key ...]";

/** @param words the words after the program's name. Resolves with the exit status. */
export function runPraliases(words: readonly string[], streams: CommandStreams = processStreams()): Promise<number> {
  const status = praliases(words, streams);
  streams.output.flush();
  streams.errors.flush();
  return Promise.resolve(status);
}

function praliases(words: readonly string[], streams: CommandStreams): number {
  const { options, operands, problem } = readShortOptions(words, "C:f:", "praliases");
  if (problem !== undefined) {
    streams.errors.line(`${problem}\n${USAGE}`);
    return EX.USAGE;
  }
  let files = options.get("f")?.slice(-1);
  if (files === undefined) {
    const config = systemConfigFile({ configFile: options.get("C")?.at(-1) });
    try {
      files = optionValues(config, "AliasFile", "A").flatMap((value) => value.split(","));
    } catch (error) {
      streams.errors.line(`praliases: ${config}: ${errorText(error)}`);
      return EX.NOINPUT;
    }
  }
  for (const file of files) printAliases(file.trim(), operands, streams);
  return EX.OK;
}

function printAliases(spec: string, keys: readonly string[], { output, errors }: CommandStreams): void {
  const [, mapClass, args] = /^([^:/\s]*):(.*)$/s.exec(spec) ?? [spec, "implicit", spec];
  if (!DATABASE_ENDINGS.has(mapClass)) {
    errors.line(`praliases: Skipping non-file based alias type ${mapClass}`);
    return;
  }
  const name = parseFlags(args, COMMON_FLAGS, "aliases", [], () => undefined).firstWord;
  const candidates = [pathToRead(databasePath(mapClass, name))];
  if (mapClass === "implicit") candidates.push(databasePath("cdb", sourcePath(name)));
  let fd: number | undefined;
  try {
    fd = openFirst(candidates);
    print(readDatabase(fd), keys, (text) => output.line(octetsForTerminal(text)));
  } catch (error) {
    errors.line(`praliases: ${name}: open: ${errorText(error)}`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function openFirst([path, ...others]: readonly string[]): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (others.length > 0 && (error as NodeJS.ErrnoException).code === "ENOENT") return openFirst(others);
    throw error;
  }
}

function print(table: Table, keys: readonly string[], line: (text: string) => void): void {
  if (keys.length === 0) {
    for (const [key, value] of table.entries()) line(`${withoutNul(key)}:${withoutNul(value)}`);
    return;
  }
  for (const key of keys) {
    const value = table.get(key) ?? table.get(`${key}\0`);
    line(value === undefined ? `${key}: No such key` : `${key}:${withoutNul(value)}`);
  }
}

function withoutNul(text: string): string {
  return text.endsWith("\0") ? text.slice(0, -1) : text;
}
