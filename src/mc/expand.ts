/**
 * The macro processor itself: reads tokens, expands the names it knows, and gives the result back to be read again.
 * It knows nothing about mail; what the builtins do is in builtins.ts.
 *
 * A call whose arguments are being read is a frame on a stack of our own: however deep macros are nested, it costs memory
 * only.
 */
import { Debugging, type TracedCall } from "./debugging.ts";
import { Diversions, OutputTooLarge } from "./diversions.ts";
import { InputTooLarge } from "./input.ts";
import { builtIn, type Origin } from "./origin.ts";
import { FatalError, type Problem } from "./problem.ts";
import { endless } from "./self-definition.ts";
import { Scanner, type TokenKind, UnterminatedText } from "./scanner.ts";
import { type Builtin, partsOf, type Symbol, SymbolTable } from "./symbols.ts";
import { SyncLines } from "./sync-lines.ts";

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

/** What a builtin does. Returns the text to be read next, if any. */
export type Action = (call: Call) => string | void;

/** Reads files for include and undivert; undefined when there is no such file. */
export interface FoundFile {
  readonly file: string;
  readonly text: string;
  /** What the file says does not come from the line that includes it, as if it had been named in front. */
  readonly byItself?: boolean;
}

export interface FileSource {
  find(name: string, from: string): FoundFile | undefined;
  /** Says why `name` was not found, when more can be said than that it is missing. */
  explain?(name: string): string | undefined;
}

export interface ProcessorOptions {
  readonly files: FileSource;
  /** What `__program__` says. */
  readonly program?: string;
  /** syscmd and esyscmd run programs: only when the caller says so. */
  readonly allowSyscmd?: boolean;
  /** Where text came from is of no interest beyond file and line. */
  readonly plainOrigins?: boolean;
  /** -s: `#line` directives for a C preprocessor. */
  readonly syncLines?: boolean;
  /** -G: `$10` is `$1` and a 0. */
  readonly traditional?: boolean;
  /** -Q: nothing about the number of arguments and the like. */
  readonly quiet?: boolean;
  /** -E -E: ends at the first warning. */
  readonly stopAtWarning?: boolean;
  /** --warn-macro-sequence: finds what is doubtful in the text of a definition. */
  readonly doubtful?: (text: string) => readonly string[];
  readonly maxNesting?: number;
  readonly maxExpansions?: number;
}

const DEFAULT_NESTING = 250_000;
const DEFAULT_EXPANSIONS = 10_000_000;

/** A call whose arguments are being read. */
interface Frame {
  readonly name: string;
  readonly symbol: Symbol;
  readonly at: Origin;
  readonly args: Argument[];
  readonly traced: TracedCall | undefined;
  /** The argument that is being read. */
  text: string;
  builtin: Builtin | undefined;
  /** Nothing but blanks of it was read. */
  blank: boolean;
  /** Open parentheses in it. */
  parentheses: number;
  argumentAt: Origin;
}

export class Processor {
  readonly symbols = new SymbolTable();
  readonly scanner = new Scanner();
  readonly diversions = new Diversions();
  readonly options: ProcessorOptions;
  /** What errprint prints and programs write to standard error. */
  onMessage: (text: string, at: Origin) => void = () => {};
  onProblem: (problem: Problem) => void = () => {};
  readonly debugging = new Debugging((text) => this.onMessage(text, this.#at));
  /** By plain name. */
  builtins: ReadonlyMap<string, Builtin & { readonly run: Action }> = new Map();
  /** Exit status of the last syscmd. */
  sysval = 0;
  #wrapped: { text: string; origin: Origin }[] = [];
  #frames: Frame[] = [];
  #calls = 0;
  #at: Origin = builtIn;
  /** The macro that was called last. */
  #name: string | undefined;
  readonly #sync: SyncLines | undefined;
  readonly #maxNesting: number;
  readonly #maxExpansions: number;

  constructor(options: ProcessorOptions) {
    this.options = options;
    this.#maxNesting = options.maxNesting ?? DEFAULT_NESTING;
    this.#maxExpansions = options.maxExpansions ?? DEFAULT_EXPANSIONS;
    this.scanner.input.plain = options.plainOrigins ?? false;
    if (options.syncLines) this.#sync = new SyncLines();
    this.diversions.onDivert = () => this.#sync?.restart();
    this.scanner.input.onFile = (text, at) => {
      this.#sync?.restart();
      if (this.debugging.shows("i")) this.debugging.note(text, at);
    };
  }

  /** Where the call stands that is being run. */
  get at(): Origin {
    return this.#at;
  }

  /** A mistake that does no harm; GNU m4 writes "Warning: " before it. */
  warn(message: string, at = this.#at): void {
    this.#report({ severity: "warning", mark: "Warning: ", message, at });
  }

  /** A warning that a user can silence (-Q). */
  warnUnlessQuiet(message: string): void {
    if (!this.options.quiet) this.warn(message);
  }

  /** A call that does nothing because of its arguments. */
  complain(message: string): void {
    this.#report({ severity: "warning", mark: "", message, at: this.#at });
  }

  /** The run goes on, but has failed. */
  error(message: string, plainly?: string): void {
    this.#report({ severity: "error", mark: "", message, plainly, at: this.#at });
  }

  #report(problem: Problem): void {
    if (this.options.stopAtWarning) throw new FatalError(problem);
    this.onProblem(problem);
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

  quoted(text: string): string {
    return this.scanner.openQuote + text + this.scanner.closeQuote;
  }

  #run(): void {
    try {
      for (let kind = this.scanner.next(); kind !== "eof"; kind = this.scanner.next()) {
        const frame = this.#frames.at(-1);
        if (kind === "word") this.#word(frame);
        else if (frame === undefined) {
          if (kind !== "builtin") this.#write(this.scanner.text, this.scanner.origin!);
        } else this.#collect(frame, kind);
      }
      const frame = this.#frames.at(-1);
      if (frame !== undefined) throw unfinishedCall(frame);
    } catch (error) {
      throw this.#asFatal(error);
    }
  }

  #asFatal(error: unknown): unknown {
    if (error instanceof UnterminatedText) {
      const { what, opened: at } = error;
      const plainly = `end of file in ${PLAIN_WORDS[what]}: it opens here and is never closed`;
      return new FatalError({
        severity: "error",
        mark: "ERROR: ",
        message: `end of file in ${what}`,
        at,
        plainly,
        placeName: "opened here",
      });
    }
    if (error instanceof InputTooLarge || error instanceof OutputTooLarge) return this.#limit(error.message, this.#at);
    return error;
  }

  /** Something went on for too long; in plain words, the name that is defined by itself is to blame, where it was defined. */
  #limit(message: string, at: Origin): FatalError {
    const blamed = this.#name === undefined ? undefined : endless(this.symbols, this.#name);
    const plain = blamed && { plainly: `${blamed.message} (${message})`, plainAt: blamed.symbol.definedAt };
    return new FatalError({ severity: "error", mark: "", message, at, ...plain });
  }

  /** A name: expanded, or text. */
  #word(frame: Frame | undefined): void {
    const { scanner } = this;
    const name = scanner.text;
    if (frame !== undefined) frame.blank = false;
    const symbol = this.symbols.get(name);
    if (symbol === undefined) {
      if (frame === undefined) this.#write(name, scanner.origin!);
      else frame.text += name;
      return;
    }
    const origin = scanner.origin!;
    const hasArguments = scanner.seesOpen();
    if (hasArguments || !symbol.builtin?.blind) this.#begin(name, symbol, origin, hasArguments);
    else if (frame === undefined) this.#write(name, origin);
    else frame.text += name;
  }

  #write(text: string, origin: Origin): void {
    this.diversions.write(this.#sync === undefined ? text : this.#sync.mark(text, origin), origin);
  }

  #begin(name: string, symbol: Symbol, at: Origin, hasArguments: boolean): void {
    const depth = this.#frames.length + 1;
    this.#name = name;
    if (depth > this.#maxNesting) {
      throw this.#limit(`recursion limit of ${this.#maxNesting} exceeded, use -L<N> to change it`, at);
    }
    if (++this.#calls > this.#maxExpansions) {
      throw this.#limit(`more than ${this.#maxExpansions} macro calls: \`${name}' seems to expand for ever`, at);
    }
    const isTraced = this.symbols.isTraced(name) || this.debugging.shows("t");
    const traced = isTraced ? { name, at, depth, number: this.#calls } : undefined;
    if (traced !== undefined) this.debugging.beforeArguments(traced);
    if (!hasArguments) {
      this.#finishCall(name, symbol, at, [], traced);
      return;
    }
    this.scanner.next();
    this.#frames.push({
      name,
      symbol,
      at,
      args: [],
      traced,
      text: "",
      builtin: undefined,
      blank: true,
      parentheses: 0,
      argumentAt: this.scanner.origin!,
    });
  }

  /** One token of an argument. */
  #collect(frame: Frame, kind: TokenKind): void {
    const { scanner } = this;
    if (frame.parentheses === 0 && (kind === "comma" || kind === "close")) {
      // Text behind the value of a builtin is dropped, as GNU m4 does.
      frame.args.push(frame.builtin ?? frame.text);
      if (kind === "close") {
        this.#frames.pop();
        this.#finishCall(frame.name, frame.symbol, frame.at, frame.args, frame.traced);
        return;
      }
      frame.text = "";
      frame.builtin = undefined;
      frame.blank = true;
      frame.argumentAt = scanner.origin!;
      return;
    }
    if (kind === "builtin") {
      if (frame.text === "") frame.builtin = scanner.builtin;
    } else if (kind === "text" && frame.blank) {
      // Unquoted blanks before an argument do not belong to it.
      frame.text = scanner.text.replace(/^[ \t\n\v\f\r]+/, "");
      if (frame.text === "") return;
    } else {
      if (kind === "open") frame.parentheses++;
      else if (kind === "close") frame.parentheses--;
      frame.text += scanner.text;
    }
    frame.blank = false;
  }

  #finishCall(
    name: string,
    symbol: Symbol,
    at: Origin,
    args: readonly Argument[],
    traced: TracedCall | undefined,
  ): void {
    this.#at = at;
    const result = traced === undefined ? this.call(name, symbol, args, at) : this.#tracedCall(traced, symbol, args);
    if (result) this.scanner.input.pushText(result, name, textOf(args[0]), symbol, at);
    this.#at = at;
  }

  #tracedCall(traced: TracedCall, symbol: Symbol, args: readonly Argument[]): string | undefined {
    const quote = (text: string): string => this.quoted(text);
    const shown = args.map(shownText);
    this.debugging.beforeCall(traced, shown, quote);
    const result = this.call(traced.name, symbol, args, traced.at);
    this.debugging.afterCall(traced, shown, result, quote);
    return result;
  }

  /** Runs one definition with these arguments; what it returns is to be read next. */
  call(name: string, symbol: Symbol, args: readonly Argument[], at: Origin): string | undefined {
    symbol.read = true;
    return symbol.builtin ? this.#callBuiltin(name, symbol.builtin, args, at) : this.substitute(symbol, name, args);
  }

  #callBuiltin(name: string, builtin: Builtin, args: readonly Argument[], at: Origin): string | undefined {
    if (args.length < builtin.min) {
      this.warnUnlessQuiet(`too few arguments to builtin \`${name}'`);
      const { whenTooFew } = builtin;
      if (whenTooFew !== "run") return whenTooFew?.(args.map(shownText));
    } else if (args.length > builtin.max) this.warnUnlessQuiet(`excess arguments to builtin \`${name}' ignored`);
    return (
      this.builtins.get(builtin.name)?.run({ m4: this, name, args, at, text: (index) => textOf(args[index]) }) ??
      undefined
    );
  }

  /** The text of a definition with its parameters filled in. */
  substitute(symbol: Symbol, name: string, args: readonly Argument[]): string {
    const parts = (symbol.parts ??= partsOf(symbol.text, this.options.traditional));
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
}

/** What UnterminatedText is about, in words for somebody who has not asked for m4. */
const PLAIN_WORDS: Readonly<Record<UnterminatedText["what"], string>> = { string: "quoted text", comment: "comment" };

function unfinishedCall({ name, at, argumentAt }: Frame): FatalError {
  const plainly = `end of file in the argument list of \`${name}': its ( is never closed`;
  const message = "end of file in argument list";
  const plain = { plainly, plainAt: at, placeName: "called here" };
  return new FatalError({ severity: "error", mark: "ERROR: ", message, at: argumentAt, ...plain });
}

export function textOf(argument: Argument | undefined): string | undefined {
  return argument === undefined || typeof argument === "string" ? argument : "";
}

/** As a trace shows it. */
function shownText(argument: Argument): string {
  return typeof argument === "string" ? argument : `<${argument.name}>`;
}
