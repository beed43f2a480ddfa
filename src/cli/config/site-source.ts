/** The .mc that a configuration was compiled from, and the way from the one to the other. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { compileMc, type CompileResult } from "../../mc/compile.ts";
import { readText, shippedLibrary } from "../../mc/library.ts";
import { compiledFrom, type CompiledWith, formatSourceMap, sourceMapPath } from "../../source/source-map.ts";
import { replaceFile } from "../../sys/atomic-file.ts";
import { errorText } from "../../sys/safe-file.ts";
import { EX } from "../../sys/sysexits.ts";
import { CommandError } from "../database-target.ts";
import { isMacroFile } from "../read-configuration.ts";

export interface SiteSource {
  readonly cf: string;
  readonly mc: string;
  /** Of the .mc, latin1. */
  readonly text: string;
  /** What the compiler was given beside it (-D, -U, -I). */
  readonly with: CompiledWith;
}

/** What `rulemail start` leaves beside a configuration that it makes anew at each start. */
const MADE_BY_START = ".sendmail.cf.from";

/**
 * @param given the .mc of --mc
 * @throws CommandError when nobody knows which file it is, or it cannot be read
 */
export function siteSource(command: string, cf: string, given: string | undefined): SiteSource {
  if (existsSync(join(dirname(cf), MADE_BY_START))) {
    const advice = "copy its .mc (cf/standalone.mc, or the one it was given), change the copy, and start with that";
    throw failure(command, `rulemail start makes ${cf} anew at each start: ${advice}`, EX.CONFIG);
  }
  const made = compiledFrom(cf);
  const mc = given ?? made?.source ?? besides(cf);
  if (mc === undefined) {
    throw failure(command, `${cf} does not say which .mc it was compiled from: name it with --mc FILE`, EX.NOINPUT);
  }
  const text = readText(mc);
  if (text === undefined) throw failure(command, `cannot read ${mc}`, EX.NOINPUT);
  if (!isMacroFile(mc)) throw failure(command, `${mc} is no macro file (.mc)`, EX.DATAERR);
  return { cf, mc: resolve(mc), text, with: made?.with ?? {} };
}

function failure(command: string, text: string, status: number): CommandError {
  return new CommandError(`rulemail config ${command}: ${text}`, status);
}

/** `/etc/mail/sendmail.mc`, `/etc/mail/site.mc` */
function besides(cf: string): string | undefined {
  const names = [cf.replace(/\.cf$/, ".mc"), join(dirname(cf), "site.mc")];
  return names.find((file) => file !== cf && existsSync(file));
}

/** Why what the .mc gives must not take the place of the configuration without a word; undefined when it may. */
export function notItsOwn({ cf, mc }: SiteSource): string | undefined {
  if (!existsSync(cf)) return undefined;
  const made = compiledFrom(cf);
  if (made?.source === mc) return undefined;
  const why =
    made === undefined
      ? "it was changed by hand, or compiled by another program"
      : `it was compiled from ${made.source}`;
  return `nobody knows whether ${cf} is what ${mc} gave: ${why}; look at rulemail config diff, then use --force`;
}

/**
 * Compiles, and writes configuration and source map, each as a whole.
 * @returns what the compiler had to say; nothing is written after an error
 */
export function compileSite(command: string, { cf, mc, text, with: given }: SiteSource): CompileResult {
  const result = compileMc({ file: mc, text }, given);
  if (!result.complete || result.diagnostics.some(({ severity }) => severity === "error")) return result;
  const map = formatSourceMap(result.text, result, shippedLibrary().root, { source: mc, with: given });
  writeWhole(command, cf, Buffer.from(result.text, "latin1"));
  writeWhole(command, sourceMapPath(cf), Buffer.from(map));
  return result;
}

/** Replaces a file, or makes it; readers see the old one or the new one. */
export function writeWhole(command: string, path: string, octets: Buffer): void {
  try {
    replaceFile(path, octets);
  } catch (error) {
    throw new CommandError(`rulemail config ${command}: ${path} cannot be written: ${errorText(error)}`, EX.CANTCREAT);
  }
}

/** Whether the .mc is still what was read: nobody else has changed it meanwhile. */
export function isUnchanged({ mc, text }: SiteSource): boolean {
  return readFileSync(mc, "latin1") === text;
}
