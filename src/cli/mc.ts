/**
 * `rulemail mc [options] -o FILE.cf FILE.mc`: compiles a site file with the macro library. What is wrong is said on standard
 * error, with the line of the site file. After an error nothing is written, or with -k what m4 would print, with its status.
 */
import { resolve } from "node:path";
import yargs from "yargs";
import { compileMc } from "../mc/compile.ts";
import { describePart, libraryParts, partNames } from "../mc/describe.ts";
import { folderLibrary, type Library, nearest, readText, shippedLibrary } from "../mc/library.ts";
import { reportAll } from "../source/report.ts";
import { formatSourceMap, sourceMapPath } from "../source/source-map.ts";
import { replaceFile } from "../sys/atomic-file.ts";
import { errorText } from "../sys/safe-file.ts";
import { EX } from "../sys/sysexits.ts";
import { alreadyCompiled, kindOfFile } from "./configuration-kind.ts";
import { addDefine } from "./m4.ts";
import { Output } from "./output.ts";

/** Options of m4 whose value may follow without a blank: yargs wants it as a word of its own. */
function separateValues(words: readonly string[]): string[] {
  return words.flatMap((word) => (/^-[DUI]./.test(word) ? [word.slice(0, 2), word.slice(2)] : [word]));
}

function parser(words: readonly string[]) {
  return yargs(separateValues(words))
    .scriptName("rulemail mc")
    .usage("rulemail mc [options] -o FILE.cf FILE.mc\n       rulemail mc --diff [options] OLD NEW")
    .option("D", { type: "string", array: true, nargs: 1, describe: "define a macro: NAME=TEXT" })
    .option("U", { type: "string", array: true, nargs: 1, describe: "forget a macro" })
    .option("I", { type: "string", array: true, nargs: 1, describe: "folder for include and for parts of your own" })
    .option("o", { type: "string", nargs: 1, describe: "write to this file, and FILE.map beside it" })
    .option("cf-dir", { type: "string", nargs: 1, describe: "another macro library (a folder)" })
    .option("allow-syscmd", { type: "boolean", describe: "let syscmd and esyscmd run programs" })
    .option("k", { alias: "keep-going", type: "boolean", describe: "after errors, write what can be made, as m4 does" })
    .option("diff", { type: "boolean", describe: "compare two files (.mc or .cf) in meaning" })
    .option("rules", { type: "boolean", default: true, describe: "with --diff: compare rules (--no-rules: do not)" })
    .option("probe", { type: "string", array: true, nargs: 1, describe: "with --diff: an address to follow" })
    .option("json", { type: "boolean", default: false, describe: "with --diff: for programs" })
    .option("help-feature", {
      type: "string",
      describe: "explain a FEATURE, MAILER, OSTYPE or DOMAIN; without a name: which there are",
    })
    .strictOptions()
    .version(false)
    .exitProcess(false);
}

export async function runMc(words: readonly string[]): Promise<number> {
  let status: number = EX.OK;
  const options = await parser(words)
    .fail((message, error) => {
      process.stderr.write(`rulemail mc: ${message || error.message}; see rulemail mc --help\n`);
      status = EX.USAGE;
    })
    .parse();
  if (status !== EX.OK || options["help"] === true) return status;
  const library = options.cfDir === undefined ? shippedLibrary() : folderLibrary(options.cfDir);
  if (options.helpFeature !== undefined) return explain(library, options.helpFeature);
  const files = options._.map(String);
  const defines: Record<string, string> = {};
  for (const word of options.D ?? []) addDefine(defines, word);
  const compiling = {
    library,
    defines,
    undefines: options.U,
    includePath: options.I?.map((folder) => resolve(folder)),
    allowSyscmd: options.allowSyscmd,
  };
  if (options.diff === true) {
    const { runDiff } = await import("./diff.ts");
    const { json, rules, probe = [] } = options;
    return runDiff(files, { ...compiling, json, rules, probes: probe });
  }
  const [file, ...more] = files;
  if (file === undefined || more.length > 0) {
    process.stderr.write("rulemail mc: name one .mc file; see rulemail mc --help\n");
    return EX.USAGE;
  }
  if (kindOfFile(file) === "cf") {
    const use = `use it as it is: sendmail -C ${file} ..., or rulemail lint ${file}`;
    process.stderr.write(`rulemail mc: ${alreadyCompiled(file, use)}\n`);
    return EX.DATAERR;
  }
  const result = compileMc({ file }, compiling);
  if (result.diagnostics.length > 0) process.stderr.write(`${reportAll(result.diagnostics, readText)}\n`);
  const failed = !result.complete || result.diagnostics.some(({ severity }) => severity === "error");
  if (failed && options.k !== true) {
    process.stderr.write("rulemail mc: nothing is written after errors; -k (--keep-going) writes what can be made\n");
    return result.status > 1 ? result.status : EX.DATAERR;
  }
  if (options.o === undefined) {
    const output = new Output();
    output.print(result.text);
    output.flush();
    return result.status;
  }
  try {
    const { library: _library, allowSyscmd: _allowed, ...given } = compiling;
    const made = { source: resolve(file), with: given };
    replaceFile(options.o, Buffer.from(result.text, "latin1"));
    replaceFile(sourceMapPath(options.o), Buffer.from(formatSourceMap(result.text, result, library.root, made)));
  } catch (error) {
    process.stderr.write(`rulemail mc: ${options.o} cannot be written: ${errorText(error)}\n`);
    return EX.CANTCREAT;
  }
  return result.status;
}

function explain(library: Library, name: string): number {
  if (name === "") {
    process.stdout.write(
      libraryParts(library)
        .map(({ kind, name: part }) => `${kind.toUpperCase()}(${part})\n`)
        .join(""),
    );
    return EX.OK;
  }
  const text = describePart(library, name);
  if (text !== undefined) {
    process.stdout.write(text);
    return EX.OK;
  }
  const close = nearest(name, partNames(library));
  process.stderr.write(
    `rulemail mc: the library has no part called ${name}${close === undefined ? "" : `; did you mean ${close}?`}\n`,
  );
  return EX.USAGE;
}
