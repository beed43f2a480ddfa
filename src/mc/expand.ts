/**
 * The macro processor itself: reads tokens, expands the names it knows, and gives the result back to be read again.
 * It knows nothing about mail; what the builtins do is in builtins.ts.
 */
import { type Diagnostic, diagnostic, type Severity } from "../source/diagnostic.ts";
import { Diversions } from "./diversions.ts";
import { InputTooLarge } from "./input.ts";
import { builtIn, locationOf, type Origin, outermost, story } from "./origin.ts";
import { OutputTooLarge } from "./diversions.ts";
import { Scanner, type TokenKind, UnterminatedText } from "./scanner.ts";
import { type Builtin, partsOf, type Symbol, SymbolTable } from "./symbols.ts";

/** An argument of a macro: text, or a builtin as defn() hands it over. */
export type Argument = string | Builtin;

/** One call of a builtin. */
export interface Call {
  readonly m4: Processor;
  readonly name: string;
  /** Without the name. */
  readonly args: readonly Argument[];
  /** Argument `index` as text; undefined when it was not given. */
  readonly text: (index: number) => string | undefined;
  /** Where the call stands. */
  readonly at: Origin;
}

/** Reads files for include and undivert; undefined when there is no such file. */
export interface FileSource {
  find(name: string, from: string): { readonly file: string; readonly text: string } | undefined;
  /** Says why `name` was not found, when more can be said than that it is missing. */
  explain?(name: string): string | undefined;
}

export interface ProcessorOptions {
  readonly files: FileSource;
  /** What `__program__` says. */
  readonly program?: string;
  /** syscmd and esyscmd run programs: only when the caller says so. */
  readonly allowSyscmd?: boolean;
  /** -P: the names of all builtins begin with m4_. */
  readonly prefixBuiltins?: boolean;
  /** -s: `#line` directives for a C preprocessor. */
  readonly syncLines?: boolean;
  readonly maxNesting?: number;
  readonly maxExpansions?: number;
}

const DEFAULT_NESTING = 1500;
const DEFAULT_EXPANSIONS = 10_000_000;

/** Ends the run: a limit was passed, or the input ended inside something. */
export class FatalError extends Error {
  readonly diagnostic: Diagnostic;
  constructor(problem: Diagnostic) {
    super(problem.message);
    this.diagnostic = problem;
  }
}

/** m4exit was called. */
export class Exit extends Error {
  readonly status: number;
  constructor(status: number) {
    super("m4exit");
    this.status = status;
  }
}

export class Processor {
  readonly symbols = new SymbolTable();
  readonly scanner = new Scanner();
  readonly diversions = new Diversions();
  readonly options: ProcessorOptions;
  readonly diagnostics: Diagnostic[] = [];
  /** What errprint, dumpdef and traces print: to standard error, in order. */
  onMessage: (text: string, at: Origin) => void = () => {};
  builtins: ReadonlyMap<string, Builtin> = new Map();
  /** Exit status of the last syscmd. */
  sysval = 0;
  /** Letters of debugmode. */
  debug = "";
  #wrapped: { text: string; origin: Origin }[] = [];
  #nesting = 0;
  #expansions = 0;
  #at: Origin = builtIn;
  #lastSync: { file: string; line: number } | undefined;

  constructor(options: ProcessorOptions) {
    this.options = options;
  }

  /** Where the call that is being expanded stands, or the text being read. */
  get at(): Origin {
    return this.#at;
  }

  report(severity: Severity, message: string, at = this.#at): void {
    this.diagnostics.push(this.#problem(severity, message, at));
  }

  fatal(message: string, at = this.#at): FatalError {
    return new FatalError(this.#problem("error", message, at));
  }

  /** The place in the user's own file comes first; how it got from there to here follows. */
  #problem(severity: Severity, message: string, at: Origin): Diagnostic {
    const place = outermost(at);
    return diagnostic(severity, message, locationOf(place), story(at, "while reading this"));
  }

  /** Expands a whole file (or text that stands for one). Throws FatalError or Exit. */
  processFile(file: string, text: string): void {
    this.scanner.input.pushFile(file, text, undefined);
    this.#run();
  }

  /** After the last file: m4wrap texts, the newest first, until there are no more; then all diversions. */
  finish(): void {
    for (let wrapped = this.#wrapped; wrapped.length > 0; wrapped = this.#wrapped) {
      this.#wrapped = [];
      for (const { text, origin } of wrapped) this.scanner.input.pushWith(text, origin);
      this.#run();
    }
    this.diversions.divert(0);
    this.diversions.undivertAll();
  }

  wrap(text: string, origin: Origin): void {
    this.#wrapped.push({ text, origin });
  }

  #run(): void {
    try {
      for (let kind = this.#next(); kind !== "eof"; kind = this.#next()) this.#copyOrExpand(kind, undefined);
    } catch (error) {
      throw this.#asFatal(error);
    }
  }

  #asFatal(error: unknown): unknown {
    if (error instanceof UnterminatedText) {
      const place = outermost(error.opened);
      return new FatalError(
        diagnostic(
          "error",
          `${error.message}: it opens here and is never closed`,
          locationOf(place),
          story(error.opened, "opened here"),
        ),
      );
    }
    if (error instanceof InputTooLarge || error instanceof OutputTooLarge) return this.fatal(error.message);
    if (error instanceof RangeError && /call stack/i.test(error.message)) {
      return this.fatal("macro calls are nested too deeply");
    }
    return error;
  }

  #next(): TokenKind {
    return this.scanner.next();
  }

  /** One token: to the argument being collected, or out. */
  #copyOrExpand(kind: TokenKind, into: string[] | undefined): void {
    const { scanner } = this;
    if (kind === "builtin") return; // only a whole argument can be a builtin
    if (kind === "word") {
      const name = scanner.text;
      const symbol = this.symbols.get(name);
      if (symbol !== undefined && !(symbol.builtin?.blind && scanner.input.peek() !== "(")) {
        this.#expand(name, symbol, scanner.origin!);
        return;
      }
    }
    if (into !== undefined) into.push(scanner.text);
    else this.#write(scanner.text, scanner.origin!);
  }

  #write(text: string, origin: Origin): void {
    if (this.options.syncLines && this.diversions.number === 0) this.#sync(origin);
    this.diversions.write(text, origin);
    if (this.#lastSync) for (const char of text) if (char === "\n") this.#lastSync.line++;
  }

  #sync(origin: Origin): void {
    const last = this.#lastSync;
    if (last !== undefined && last.file === origin.file && last.line === origin.line) return;
    const name = last?.file === origin.file ? "" : ` "${origin.file}"`;
    this.diversions.write(`#line ${origin.line}${name}\n`, origin);
    this.#lastSync = { file: origin.file, line: origin.line };
  }

  #expand(name: string, symbol: Symbol, at: Origin): void {
    const limit = this.options.maxNesting ?? DEFAULT_NESTING;
    if (++this.#nesting > limit) throw this.fatal(`macro calls are nested more than ${limit} deep in \`${name}'`, at);
    if (++this.#expansions > (this.options.maxExpansions ?? DEFAULT_EXPANSIONS)) {
      throw this.fatal(`more than ${this.#expansions - 1} macro calls: \`${name}' seems to expand for ever`, at);
    }
    const args = this.scanner.input.peek() === "(" ? this.#collect(name, at) : [];
    const before = this.#at;
    this.#at = at;
    this.call(name, symbol, args, at);
    this.#at = before;
    this.#nesting--;
  }

  /** Runs one definition with these arguments; the result is read next. */
  call(name: string, symbol: Symbol, args: readonly Argument[], at: Origin): void {
    symbol.read = true;
    const traced = this.symbols.isTraced(name);
    const result = symbol.builtin
      ? this.#callBuiltin(name, symbol.builtin, args, at)
      : this.substitute(symbol, name, args);
    if (traced) this.#trace(name, args, result);
    if (result) this.scanner.input.pushText(result, name, textOf(args[0]), symbol, at);
  }

  #trace(name: string, args: readonly Argument[], result: string | undefined): void {
    const { openQuote, closeQuote } = this.scanner;
    const quoted = (text: string): string => `${openQuote}${text}${closeQuote}`;
    const list = args.length === 0 ? "" : `(${args.map((each) => quoted(textOf(each) ?? "")).join(", ")})`;
    const to = result ? ` -> ${quoted(result)}` : "";
    this.onMessage(`m4trace: -${this.#nesting}- ${name}${list}${to}\n`, this.#at);
  }

  #callBuiltin(name: string, builtin: Builtin, args: readonly Argument[], at: Origin): string | undefined {
    if (args.length < builtin.min) {
      this.report("warning", `too few arguments to builtin \`${name}'`);
      // A name of its own says so: it may be a word of the text that happens to be a builtin.
      if (args.length === 0 && builtin.min > 0 && !builtin.blind) return undefined;
    } else if (args.length > builtin.max) this.report("warning", `excess arguments to builtin \`${name}' ignored`);
    return builtin.run({ m4: this, name, args, at, text: (index) => textOf(args[index]) }) ?? undefined;
  }

  /** The text of a definition with its parameters filled in. */
  substitute(symbol: Symbol, name: string, args: readonly Argument[]): string {
    const parts = (symbol.parts ??= partsOf(symbol.text));
    if (parts.length === 1 && typeof parts[0] === "string") return parts[0];
    let text = "";
    for (const part of parts) {
      if (typeof part === "string") text += part;
      else if (typeof part === "number") text += part === 0 ? name : (textOf(args[part - 1]) ?? "");
      else if (part.all === "#") text += args.length;
      else text += this.joined(args, part.all === "@");
    }
    return text;
  }

  /** `$*`, or with quotes around each argument `$@`. */
  joined(args: readonly Argument[], quoted: boolean): string {
    const { openQuote, closeQuote } = this.scanner;
    return args
      .map((each) => (quoted ? openQuote + (textOf(each) ?? "") + closeQuote : (textOf(each) ?? "")))
      .join(",");
  }

  /** The arguments of a call whose opening parenthesis comes next. */
  #collect(name: string, at: Origin): Argument[] {
    const { scanner } = this;
    scanner.next();
    const args: Argument[] = [];
    for (;;) {
      const more = this.#argument(args, name, at);
      if (!more) return args;
    }
  }

  /** One argument, without leading unquoted blanks; false when the closing parenthesis ended the list. */
  #argument(args: Argument[], name: string, at: Origin): boolean {
    const { scanner } = this;
    let kind = this.#next();
    while (kind === "text") {
      const trimmed = scanner.text.replace(/^[ \t\n\v\f\r]+/, "");
      if (trimmed !== "") {
        scanner.text = trimmed;
        break;
      }
      kind = this.#next();
    }
    const into: string[] = [];
    let builtin: Builtin | undefined;
    for (let depth = 0; ; kind = this.#next()) {
      if (kind === "eof") {
        throw new FatalError(
          diagnostic(
            "error",
            `end of file in the argument list of \`${name}': its ( is never closed`,
            locationOf(outermost(at)),
            story(at, "called here"),
          ),
        );
      }
      if (depth === 0 && (kind === "comma" || kind === "close")) {
        // Text behind the value of a builtin is dropped, as GNU m4 does.
        args.push(builtin ?? into.join(""));
        return kind === "comma";
      }
      if (kind === "open") depth++;
      else if (kind === "close") depth--;
      if (kind === "builtin") {
        if (into.length === 0) builtin = scanner.builtin;
      } else this.#copyOrExpand(kind, into);
    }
  }
}

export function textOf(argument: Argument | undefined): string | undefined {
  return argument === undefined || typeof argument === "string" ? argument : "";
}
