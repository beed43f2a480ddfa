/** `rulemail m4 [options] FILE...`: the bare macro processor, with the options of GNU m4. */
import { type M4Options, processM4, type SourceText } from "../mc/compile.ts";
import { RegexError, sequenceFinder } from "../mc/emacs-regexp.ts";
import { Output } from "./output.ts";

const USAGE = `usage: rulemail m4 [-EGPQs] [-D NAME[=TEXT]] [-U NAME] [-I FOLDER] [-L LIMIT] [-d[FLAGS]] [-t NAME]
       [-l LENGTH] [--debugfile=FILE] [--allow-syscmd] [FILE | -]...
`;

/** "NAME=TEXT" or "NAME" of a -D option. */
export function addDefine(defines: Record<string, string>, word: string): void {
  const equals = word.indexOf("=");
  if (equals < 0) defines[word] = "";
  else defines[word.slice(0, equals)] = word.slice(equals + 1);
}

/** What GNU m4 answers to wrong options; scripts may look at it. */
const FAILED = 1;

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

interface Arguments {
  readonly options: Writable<M4Options>;
  readonly defines: Record<string, string>;
  readonly undefines: string[];
  readonly includePath: string[];
  readonly traced: string[];
  readonly files: string[];
  /** About options that will go. */
  readonly warnings: string[];
}

interface Option {
  readonly letter?: string;
  readonly long: string;
  /** Whether a value belongs to it; an optional one stands in the same word. */
  readonly value: "none" | "wanted" | "optional";
  readonly apply: (found: Arguments, value: string) => void;
  /** What GNU m4 says when it is used. */
  readonly deprecated?: string;
}

function debug({ options: each, warnings }: Arguments, letters: string): void {
  if (/^[-+]?[aeqtcxflipV]*$/.test(letters)) each.debug = letters;
  else warnings.push(`bad debug flags: \`${letters}'`);
}

/** -D and -U count in the order in which they stand. */
function define({ defines, undefines }: Arguments, value: string): void {
  addDefine(defines, value);
  const at = undefines.indexOf(value.split("=", 1)[0]);
  if (at >= 0) undefines.splice(at, 1);
}

function undefine({ defines, undefines }: Arguments, name: string): void {
  delete defines[name];
  undefines.push(name);
}

/** Options about the memory and the terminal of GNU m4: read, so that command lines go on working. */
const nothing = (): void => undefined;

const GOING = "may be removed in a future release";

const options: readonly Option[] = [
  { letter: "D", long: "define", value: "wanted", apply: define },
  { letter: "U", long: "undefine", value: "wanted", apply: undefine },
  { letter: "I", long: "include", value: "wanted", apply: ({ includePath }, value) => includePath.push(value) },
  { letter: "s", long: "synclines", value: "none", apply: ({ options: each }) => (each.syncLines = true) },
  { letter: "P", long: "prefix-builtins", value: "none", apply: ({ options: each }) => (each.prefixBuiltins = true) },
  { letter: "G", long: "traditional", value: "none", apply: ({ options: each }) => (each.traditional = true) },
  { letter: "g", long: "gnu", value: "none", apply: ({ options: each }) => (each.traditional = false) },
  { letter: "Q", long: "quiet", value: "none", apply: ({ options: each }) => (each.quiet = true) },
  { long: "silent", value: "none", apply: ({ options: each }) => (each.quiet = true) },
  {
    letter: "E",
    long: "fatal-warnings",
    value: "none",
    apply: ({ options: each }) => (each.fatalWarnings = (each.fatalWarnings ?? 0) + 1),
  },
  {
    letter: "L",
    long: "nesting-limit",
    value: "wanted",
    apply: ({ options: each }, value) => (each.maxNesting = Number.parseInt(value, 10) || 0),
  },
  { letter: "d", long: "debug", value: "optional", apply: debug },
  {
    letter: "l",
    long: "arglength",
    value: "wanted",
    apply: ({ options: each }, value) => (each.longestTrace = Number.parseInt(value, 10) || 0),
  },
  { letter: "t", long: "trace", value: "wanted", apply: ({ traced }, value) => traced.push(value) },
  { letter: "o", long: "error-output", value: "wanted", apply: ({ options: each }, value) => (each.debugFile = value) },
  { long: "debugfile", value: "optional", apply: ({ options: each }, value) => (each.debugFile = value) },
  {
    long: "warn-macro-sequence",
    value: "optional",
    apply: ({ options: each }, value) => (each.doubtful = sequenceFinder(value)),
  },
  { long: "allow-syscmd", value: "none", apply: ({ options: each }) => (each.allowSyscmd = true) },
  { letter: "i", long: "interactive", value: "none", apply: nothing },
  { letter: "e", long: "interactive", value: "none", apply: nothing, deprecated: "is deprecated, use `-i' instead" },
  { letter: "H", long: "hashsize", value: "wanted", apply: nothing },
  { letter: "B", long: "buffers", value: "wanted", apply: nothing, deprecated: GOING },
  { letter: "N", long: "diversions", value: "wanted", apply: nothing, deprecated: "is deprecated" },
  { letter: "S", long: "statistics", value: "wanted", apply: nothing, deprecated: GOING },
  { letter: "T", long: "tables", value: "wanted", apply: nothing, deprecated: GOING },
];

class UsageError extends Error {}

function read(words: readonly string[]): Arguments {
  const found: Arguments = {
    options: {},
    defines: {},
    undefines: [],
    includePath: [],
    traced: [],
    files: [],
    warnings: [],
  };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") found.files.push(...rest.splice(0));
    else if (word.startsWith("--")) readLong(word.slice(2), rest, found);
    else if (word.length > 1 && word.startsWith("-")) readShort(word.slice(1), rest, found);
    else found.files.push(word);
  }
  return found;
}

function readLong(word: string, rest: string[], found: Arguments): void {
  const [, name, value] = /^([^=]*)(?:=([^]*))?$/.exec(word)!;
  const option = options.find(({ long }) => long === name);
  if (option === undefined) throw new UsageError(`unrecognized option '--${name}'`);
  if (option.value === "none" && value !== undefined) {
    throw new UsageError(`option '--${name}' doesn't allow an argument`);
  }
  const given = option.value === "wanted" ? (value ?? rest.shift()) : (value ?? "");
  if (given === undefined) throw new UsageError(`option '--${name}' requires an argument`);
  use(option, found, given, `--${name}`);
}

function readShort(letters: string, rest: string[], found: Arguments): void {
  for (let at = 0; at < letters.length; at++) {
    const option = options.find(({ letter }) => letter === letters[at]);
    if (option === undefined) throw new UsageError(`invalid option -- '${letters[at]}'`);
    if (option.value === "none") {
      use(option, found, "", `-${letters[at]}`);
      continue;
    }
    const inWord = letters.slice(at + 1);
    const given = inWord !== "" || option.value === "optional" ? inWord : rest.shift();
    if (given === undefined) throw new UsageError(`option requires an argument -- '${letters[at]}'`);
    use(option, found, given, `-${letters[at]}`);
    return;
  }
}

function use({ apply, deprecated }: Option, found: Arguments, value: string, typed: string): void {
  if (deprecated !== undefined) found.warnings.push(`warning: \`m4 ${typed}' ${deprecated}`);
  apply(found, value);
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString("latin1");
}

/** Folders of the environment come behind those of -I. */
function foldersOf(path: string | undefined): string[] {
  return (path ?? "").split(":").filter((folder) => folder !== "");
}

/** What words of a command line ask for. Throws UsageError or RegexError. */
export function readM4Words(words: readonly string[]): {
  readonly options: M4Options;
  readonly files: readonly string[];
  readonly warnings: readonly string[];
} {
  const { files, options: given, includePath, warnings, ...macros } = read(words);
  const path = [...includePath, ...foldersOf(process.env["M4PATH"])];
  return { files, warnings, options: { ...given, ...macros, includePath: path } };
}

export async function runM4(words: readonly string[]): Promise<number> {
  if (words.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  let asked: ReturnType<typeof readM4Words>;
  try {
    asked = readM4Words(words);
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof RegexError)) throw error;
    process.stderr.write(`m4: ${error.message}\n${USAGE}`);
    return FAILED;
  }
  for (const warning of asked.warnings) process.stderr.write(`m4: ${warning}\n`);
  const sources: SourceText[] = [];
  for (const file of asked.files.length === 0 ? ["-"] : asked.files) {
    sources.push(file === "-" ? { file: "stdin", text: await standardInput() } : { file });
  }
  const result = processM4(sources, asked.options);
  const output = new Output();
  output.print(result.text);
  output.flush();
  process.stderr.write(Buffer.from(result.messages, "latin1"));
  return result.status;
}
