/** `rulemail lint FILE`: what is wrong or useless in a .cf or .mc. Exit 0: nothing or notes, 1: warnings, 2: errors. */
import yargs from "yargs";
import { exitOf, type Finding, lint, problemFinding } from "../analysis/lint.ts";
import type { ConfigEnvironment } from "../config/environment.ts";
import type { CompileOptions } from "../mc/compile.ts";
import { readText } from "../mc/library.ts";
import { diagnostic } from "../source/diagnostic.ts";
import { reportAll } from "../source/report.ts";
import { EX } from "../sys/sysexits.ts";
import { addDefine } from "./m4.ts";
import { Output } from "./output.ts";
import { analysisEnvironment, isMacroFile, readConfiguration } from "./read-configuration.ts";

function parser(words: readonly string[]) {
  return yargs([...words])
    .scriptName("rulemail lint")
    .usage("rulemail lint [options] FILE.cf|FILE.mc")
    .option("json", { type: "boolean", default: false, describe: "findings for programs" })
    .option("all", { type: "boolean", default: false, describe: "also what the macro library brings along unused" })
    .option("here", {
      type: "boolean",
      default: false,
      describe: "the configuration is for this machine: files, programs, users that it names must be there",
    })
    .option("D", { type: "string", array: true, nargs: 1, describe: "define a macro of an .mc: NAME=TEXT" })
    .option("I", { type: "string", array: true, nargs: 1, describe: "folder for include and for parts of your own" })
    .epilogue("Each code is explained in docs/lint.md.")
    .strictOptions()
    .version(false)
    .exitProcess(false);
}

/** All findings about one file. */
export async function lintFile(
  file: string,
  environment: ConfigEnvironment,
  options: CompileOptions & { readonly all?: boolean; readonly here?: boolean } = {},
): Promise<Finding[]> {
  const { subject, problems } = await readConfiguration(file, environment, options);
  const before = problems.map((problem) => problemFinding(problem, isMacroFile(file) ? "L002" : "L001"));
  if (subject === undefined) return before;
  try {
    return [...before, ...(await lint(subject, options.all))];
  } finally {
    subject.config.close();
  }
}

export async function runLint(words: readonly string[]): Promise<number> {
  let status: number = EX.OK;
  const options = await parser(words)
    .fail((message, error) => {
      process.stderr.write(`rulemail lint: ${message || error.message}; see rulemail lint --help\n`);
      status = EX.USAGE;
    })
    .parse();
  if (status !== EX.OK || options["help"] === true) return status;
  const [file, ...more] = options._.map(String);
  if (file === undefined || more.length > 0) {
    process.stderr.write("rulemail lint: name one .cf or .mc file; see rulemail lint --help\n");
    return EX.USAGE;
  }
  const defines: Record<string, string> = {};
  for (const word of options.D ?? []) addDefine(defines, word);
  const findings = await lintFile(file, analysisEnvironment({ anyName: true }), {
    defines,
    includePath: options.I,
    all: options.all,
    here: options.here,
  });
  const output = new Output();
  output.print(options.json ? `${JSON.stringify(findings, undefined, 2)}\n` : report(findings));
  output.flush();
  return exitOf(findings);
}

function report(findings: readonly Finding[]): string {
  if (findings.length === 0) return "";
  const shown = findings.map(({ code, severity, file, line, column, cfLine, source, text, help, also = [] }) => {
    const compiled = cfLine === undefined ? "" : ` (line ${cfLine} of the compiled file)`;
    const from = source === undefined ? "" : ` (from ${source})`;
    const at = { file, line, ...(column === undefined ? {} : { column }) };
    const found = diagnostic(severity, `${text}${otherLines(line, also)} [${code}]${compiled}${from}`, at);
    return help === undefined ? found : { ...found, help };
  });
  return `${reportAll(shown, readText)}\n`;
}

const MOST_LINES = 8;

/** " (3 more of this: 12, 14, 19)" */
function otherLines(line: number, also: readonly number[]): string {
  if (also.length === 0) return "";
  const lines = [...new Set(also)].filter((each) => each !== line && each > 0);
  const places = lines.length === 0 ? "" : `: ${lines.slice(0, MOST_LINES).join(", ")}`;
  return ` (${also.length} more of this${places}${lines.length > MOST_LINES ? " ..." : ""})`;
}
