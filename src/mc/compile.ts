/**
 * The entry of the macro compiler: an .mc file in, the text of a configuration (.cf) and what there is to say about it
 * out. It joins the processor, the search path and the library; it writes no files and prints nothing.
 */
import { dirname } from "node:path";
import { type Diagnostic, diagnostic, type Severity } from "../source/diagnostic.ts";
import { builtins, defineBuiltins } from "./builtins.ts";
import { asExpected } from "./expected-files.ts";
import { Processor, type ProcessorOptions } from "./expand.ts";
import { Exit, FatalError, type Problem } from "./problem.ts";
import type { Location } from "../source/location.ts";
import { searchPath } from "./files.ts";
import { type Library, readText, shippedLibrary } from "./library.ts";
import { locationOf, type Origin, outermost, story } from "./origin.ts";
import { checkCalls, checkLines, checkUnread, isWrongQuote } from "./site-check.ts";
import { checkStrayText, withoutIdleBlanks } from "./stray-text.ts";
import type { SymbolTable } from "./symbols.ts";

export interface CompileOptions {
  /** The macro library; default is the one shipped with the program. */
  readonly library?: Library;
  /** Macros set before anything is read (-D). */
  readonly defines?: Readonly<Record<string, string>>;
  /** Builtins and defines to be forgotten (-U). */
  readonly undefines?: readonly string[];
  /** Folders for include (-I). */
  readonly includePath?: readonly string[];
  /** Lets syscmd and esyscmd run programs. */
  readonly allowSyscmd?: boolean;
  /** Calls of macros, after which something seems to expand for ever; default 10 million. */
  readonly maxExpansions?: number;
}

/** What only the bare macro processor can be told. */
export interface M4Options extends CompileOptions {
  readonly prefixBuiltins?: boolean;
  readonly syncLines?: boolean;
  readonly traditional?: boolean;
  readonly quiet?: boolean;
  /** -E: 1 lets the run fail after a warning, 2 ends it there. */
  readonly fatalWarnings?: number;
  readonly doubtful?: ProcessorOptions["doubtful"];
  /** -L: 0 for no limit. */
  readonly maxNesting?: number;
  /** -d, -l, -t, -o. */
  readonly debug?: string;
  readonly longestTrace?: number;
  readonly traced?: readonly string[];
  readonly debugFile?: string;
  /** What `__program__` and messages call this program. */
  readonly program?: string;
}

/** A file, or text that stands for one (its name is used in messages and for relative includes). */
export interface SourceText {
  readonly file: string;
  readonly text?: string;
}

export interface CompileResult {
  /** The output, latin1; as far as it came when a fatal error is among the diagnostics. */
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
  /** For each output line (index 0 is line 1) where it came from. */
  readonly origins: readonly (Origin | undefined)[];
  /** For lines of the library: the place in the site's file because of which they were written, when there is one. */
  readonly causes: readonly (Origin | undefined)[];
  /** False after an error that ended the run: `text` is not complete. */
  readonly complete: boolean;
  /** What errprint, dumpdef and traces wrote, in order; for the bare macro processor also what it has to say itself. */
  readonly messages: string;
  /** Status given to m4exit, or 1 after an error. */
  readonly status: number;
}

/** Compiles an .mc file with the macro library. */
export function compileMc(source: SourceText, given: CompileOptions = {}): CompileResult {
  const options = withoutOtherLibrary(given);
  const library = options.library ?? shippedLibrary();
  const text = source.text ?? readText(source.file);
  if (text === undefined) return unreadable(source.file);
  // A last line without an end would run into the first one of the library.
  const site = { file: source.file, text: text.endsWith("\n") ? text : `${text}\n` };
  if (includesFrame(source.file, text, { ...options, library })) {
    return process([site], { ...options, library }, site);
  }
  const frame = { file: `${library.root}m4/cf.m4`, text: library.read("m4/cf.m4")! };
  return process([frame, site], { ...options, library }, site);
}

/** -D_CF_DIR_=FOLDER, as callers of m4 name the library of the original: parts that ours has not may be found there. */
function withoutOtherLibrary(options: CompileOptions): CompileOptions {
  const { _CF_DIR_: folder, ...defines } = options.defines ?? {};
  if (folder === undefined) return options;
  return { ...options, defines, includePath: [...(options.includePath ?? []), folder] };
}

/** Runs the bare macro processor over files, as GNU m4 does; the library only helps out when cf.m4 is asked for. */
export function processM4(sources: readonly SourceText[], options: M4Options = {}): CompileResult {
  const loaded = sources.map(({ file, text = readText(file) }) => ({ file, text }));
  return process(loaded, options, undefined);
}

function unreadable(file: string): CompileResult {
  const problem = diagnostic("error", `cannot open \`${file}': no such file, or not readable`, { file, line: 1 });
  return { text: "", diagnostics: [problem], origins: [], causes: [], complete: false, messages: "", status: 1 };
}

/**
 * Whether the file loads the frame by itself. What stands above that include is read with m4's own comment rules, so the
 * frame must not be put in front; only running the file without it can tell.
 */
function includesFrame(file: string, text: string, options: CompileOptions): boolean {
  if (!/include/.test(text)) return false;
  let seen = false;
  const found = new Error("frame found");
  const files = searchPath({
    library: options.library,
    includePath: options.includePath ?? [],
    onFrame: () => {
      seen = true;
      throw found;
    },
  });
  const { maxExpansions } = options;
  const m4 = prepare(options, { files, ...(maxExpansions === undefined ? {} : { maxExpansions }) });
  try {
    m4.processFile(file, text);
  } catch {
    // Whatever else is wrong will be found, and reported, by the real run.
  }
  return seen;
}

function prepare(options: M4Options, own: ProcessorOptions): Processor {
  const m4 = new Processor(own);
  const { prefixBuiltins: prefixed, traditional } = options;
  m4.builtins = builtins;
  defineBuiltins(m4.symbols, { prefixed, traditional });
  if (options.library) m4.symbols.define("_CF_DIR_", { text: options.library.root });
  for (const [name, text] of Object.entries(options.defines ?? {})) m4.symbols.define(name, { text });
  for (const name of options.undefines ?? []) m4.symbols.undefine(name);
  return m4;
}

function prepareDebugging(
  { debugging, symbols }: Processor,
  { debug, longestTrace, traced, debugFile }: M4Options,
): void {
  if (debug !== undefined) debugging.set(debug);
  debugging.longest = longestTrace ?? 0;
  for (const name of traced ?? []) symbols.trace(name, true);
  if (debugFile !== undefined) debugging.redirect(debugFile);
}

interface LoadedText {
  readonly file: string;
  readonly text: string;
}

/** @param site the .mc file, when the library is at work: what there is to say is said about its lines */
function process(sources: readonly SourceText[], options: M4Options, site: LoadedText | undefined): CompileResult {
  const { library, includePath = [], fatalWarnings = 0, program = "m4" } = options;
  const files = searchPath({
    library,
    includePath,
    home: site && dirname(site.file),
    fromHere: library === undefined,
    onFound: (name, file) => {
      if (m4.debugging.shows("p")) m4.debugging.note(`path search for \`${name}' found \`${file}'`, m4.at);
    },
  });
  const m4 = prepare(options, {
    ...options,
    maxNesting: options.maxNesting || undefined,
    files,
    plainOrigins: library === undefined,
    stopAtWarning: fatalWarnings > 1,
  });
  const found = collect(m4, program, site !== undefined);
  prepareDebugging(m4, options);
  let complete = true;
  let status = 0;
  try {
    for (const { file, text } of sources) {
      if (text === undefined) found.problem(cannotOpen(file));
      else m4.processFile(file, text);
    }
    m4.finish();
  } catch (error) {
    if (error instanceof Exit) {
      status = error.status;
      complete = status === 0;
    } else if (error instanceof FatalError) {
      found.problem(error.problem);
      complete = false;
      status = 1;
    } else throw error;
  }
  m4.debugging.close();
  if (found.failed || (fatalWarnings > 0 && found.diagnostics.length > 0)) status ||= 1;
  const { text, origins } = m4.diversions.output();
  const diagnostics = site
    ? withoutConsequences(found.diagnostics, checkLines(site.file, site.text))
    : found.diagnostics;
  if (site && complete) {
    const source = sourcesOf(site, library!);
    const calls = checkCalls(site.file, site.text, m4.symbols);
    const stray = checkStrayText({
      text,
      origins,
      source,
      isMacro: (name) => m4.symbols.get(name) !== undefined,
    }).filter(({ at }) => !calls.some((each) => isSamePlace(each.at, at)));
    diagnostics.push(...calls, ...stray, ...checkUnread(site.file, m4.symbols));
  }
  return {
    text: site ? withoutIdleBlanks(text) : text,
    origins,
    causes: site ? origins.map((origin) => origin && causeOf(origin, site.file, m4.symbols)) : [],
    diagnostics: site ? inSite(diagnostics, site, library!.root) : diagnostics,
    complete,
    messages: found.messages,
    status,
  };
}

/** Lines of the site's file and of those that it includes, but not of the library. */
function sourcesOf(site: LoadedText, library: Library): (file: string) => readonly string[] | undefined {
  const known = new Map<string, readonly string[] | undefined>([[site.file, site.text.split("\n")]]);
  return (file) => {
    if (!known.has(file)) {
      known.set(file, file.startsWith(library.root) ? undefined : readText(file)?.split("\n"));
    }
    return known.get(file);
  };
}

function isSamePlace(one: Location, other: Location): boolean {
  return one.file === other.file && one.line === other.line;
}

/** What the lines say by themselves, in front of the rest; what the processor stumbled over in those lines follows from it. */
function withoutConsequences(found: readonly Diagnostic[], lines: readonly Diagnostic[]): Diagnostic[] {
  const explained = new Set(lines.filter(isWrongQuote).map(({ at }) => `${at.file}:${at.line}`));
  return [...lines, ...found.filter(({ at }) => !explained.has(`${at.file}:${at.line}`))];
}

function cannotOpen(file: string): Problem {
  const at = { file: "", line: 0 };
  return { severity: "error", mark: "", message: `cannot open \`${file}': No such file or directory`, at };
}

interface Collected {
  readonly diagnostics: Diagnostic[];
  messages: string;
  failed: boolean;
  readonly problem: (problem: Problem) => void;
}

/**
 * Gathers what is wrong and what is printed. For the bare processor everything is text, in order, as GNU m4 prints it; for
 * a configuration everything is a diagnostic, also what the library says with errprint.
 */
function collect(m4: Processor, program: string, plain: boolean): Collected {
  const found: Collected = {
    diagnostics: [],
    messages: "",
    failed: false,
    problem: (told) => {
      const problem = plain ? asExpected(told) : told;
      found.diagnostics.push(inPlainWords(problem));
      if (problem.severity === "error") found.failed = true;
      if (plain) return;
      const { file, line } = problem.at;
      found.messages += `${program}:${line > 0 ? `${file}:${line}:` : ""} ${problem.mark}${problem.message}\n`;
    },
  };
  m4.onProblem = found.problem;
  m4.onMessage = (text, at) => {
    found.messages += text;
    if (plain) found.diagnostics.push(...fromMessage(text, at));
  };
  return found;
}

/** The place in the user's own file comes first; how it got from there to here follows. */
function inPlainWords({ severity, message, at, plainly, plainAt = at, placeName }: Problem): Diagnostic {
  const notes = story(plainAt, placeName ?? "while reading this");
  return diagnostic(severity, plainly ?? message, locationOf(outermost(plainAt)), notes);
}

/**
 * Why the library wrote a text of its own: the nearest condition around it (`ifdef(`_ACCESS_TABLE_', ...)`) or value in
 * it that the site's file has set.
 */
function causeOf(origin: Origin, site: string, symbols: SymbolTable): Origin | undefined {
  if (outermost(origin).file === site) return undefined;
  for (let at: Origin | undefined = origin; at; at = at.parent) {
    const condition = at.macro === "ifdef" && at.argument !== undefined ? symbols.get(at.argument) : undefined;
    const cause = condition?.definedAt ?? at.definedAt;
    if (cause && outermost(cause).file === site) return cause;
  }
  return undefined;
}

/** What is found at the end of all reading is about the site file as a whole, not about the library. In the order of lines. */
function inSite(found: readonly Diagnostic[], site: LoadedText, library: string): Diagnostic[] {
  const last = site.text.split("\n").length - Number(site.text.endsWith("\n"));
  return found
    .map((each) => (each.at.file.startsWith(library) ? { ...each, at: { file: site.file, line: last } } : each))
    .toSorted((a, b) => (a.at.file === b.at.file ? a.at.line - b.at.line : 0));
}

const severities: readonly (readonly [RegExp, Severity])[] = [
  [/^\*+\s*ERROR:?\s*/i, "error"],
  [/^\*+\s*(?:WARNING|MISSING):?\s*/i, "warning"],
  [/^WARNING:?\s*/i, "warning"],
];

/** What the library says with errprint, as a diagnostic at the line of the user's file that led to it. */
function fromMessage(text: string, at: Origin): Diagnostic[] {
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => {
      const [mark, severity] = severities.find(([pattern]) => pattern.test(line)) ?? [/^/, "note" as const];
      const place = outermost(at);
      return diagnostic(severity, line.replace(mark, "").trim(), locationOf(place));
    });
}
