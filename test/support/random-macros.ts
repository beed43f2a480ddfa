/** Macro programs at random, always the same for a seed: for comparing two macro processors with each other. */
import type { Random } from "./fuzz.ts";

const WORDS = [
  "a",
  "b",
  "abc",
  "x1",
  "foo",
  "the end",
  "A-Z",
  "a.b",
  "1",
  "12",
  "-3",
  "0",
  "",
  "a,b",
  "(a)",
  "f(b)",
  "\n",
];
const TEXTS = ["abcabc", "foo bar", "aabb", "x.y.z", "hello\nworld", "  lead", "a1b22", "", "banana", "(x)"];
const ATOMS = ["a", "b", ".", "[ab]", "[^a]", "\\w", "\\W", "x", "[a-c]", "1", "\\b", "\\<", "\\>", "o", "\\.", "n"];
const REPEATS = ["", "", "", "*", "+", "?"];
const QUOTES = [
  ["`", "'"],
  ["[", "]"],
  ["<<", ">>"],
  ["{", "}"],
  ["``", "''"],
] as const;
const OPERATORS = [
  "+",
  "-",
  "*",
  "/",
  "%",
  "<<",
  ">>",
  "<",
  "<=",
  ">",
  ">=",
  "==",
  "!=",
  "&",
  "|",
  "^",
  "&&",
  "||",
  "**",
  "=",
];
const FORMATS = [
  "%d",
  "%5d",
  "%-5d|",
  "%05d",
  "%+d",
  "% d",
  "%.3d",
  "%x",
  "%#x",
  "%X",
  "%o",
  "%#o",
  "%u",
  "%c",
  "%s",
  "%10s|",
];
const MORE_FORMATS = [
  "%-6s|",
  "%.2s",
  "%f",
  "%.2f",
  "%e",
  "%g",
  "%G",
  "%10.3e|",
  "%a",
  "%ld",
  "%hd",
  "%%",
  "%*d",
  "%q",
  "%i",
];
const NAMES = ["m0", "m1", "m2", "m3", "len", "incr", "nosuch", "define", "m1"];
const DEBUG = ["a", "e", "q", "ae", "aeq", "aeqc", "l", "fl", "x", "+l", "-q", "c", ""];

/** One program. Macros call only those of lower numbers, so that most programs come to an end. */
export function randomMacros(random: Random): string {
  return new Author(random).program();
}

class Author {
  readonly #random: Random;
  #quotes: readonly [string, string] = QUOTES[0];
  #macros = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  program(): string {
    return this.#many(3 + this.#random(12), () => this.#statement(), "");
  }

  #pick<Item>(list: readonly Item[]): Item {
    return list[this.#random(list.length)];
  }

  #many(count: number, make: () => string, between: string): string {
    return Array.from({ length: count }, make).join(between);
  }

  #quote(text: string): string {
    return this.#quotes[0] + text + this.#quotes[1];
  }

  #call(name: string, ...args: readonly string[]): string {
    const list = args.map((each) =>
      this.#random(5) > 0 ? this.#quote(each) : (this.#random(3) > 0 ? "" : " ") + each,
    );
    return `${name}(${list.join(",")})`;
  }

  #statement(): string {
    const kinds = [
      () => this.#define(),
      () => this.#define(),
      () => this.#use(2),
      () => this.#use(2),
      () => this.#use(3),
      () => this.#compute(),
      () => this.#compute(),
      () => this.#compute(),
      () => this.#compute(),
      () => this.#divert(),
      () => this.#names(),
      () => this.#names(),
      () => this.#quotesAndComments(),
      () => this.#watch(),
      () => this.#loose(),
      () => this.#wrap(),
    ];
    return this.#pick(kinds)() + this.#pick(["\n", "\n", " ", "", "dnl\n", "dnl gone `\n", "|"]);
  }

  #define(): string {
    const name = `m${Math.min(this.#macros++, 3)}`;
    const body = this.#many(1 + this.#random(4), () => this.#bodyPiece(), this.#pick(["", " ", ""]));
    return this.#call(this.#pick(["define", "define", "pushdef"]), name, body);
  }

  #bodyPiece(): string {
    const pieces = [
      "$1",
      "$2",
      "$#",
      "$*",
      "$@",
      "$11",
      "${1}",
      "$",
      "text",
      this.#quote("$1"),
      this.#quote("$@"),
      "[$1]",
    ];
    const kind = this.#random(6);
    if (kind < 4) return this.#pick(pieces);
    if (kind === 4) return this.#compute();
    return `ifelse($1,${this.#pick(WORDS.slice(0, 5))},${this.#quote("yes $2")},${this.#quote("no")})`;
  }

  #word(): string {
    return this.#pick(WORDS);
  }

  #use(depth: number): string {
    const name = `m${this.#random(4)}`;
    if (this.#random(8) === 0) return name;
    const inner = (): string => (depth > 0 && this.#random(3) === 0 ? this.#use(depth - 1) : this.#word());
    return this.#call(name, ...Array.from({ length: this.#random(5) }, inner));
  }

  #compute(): string {
    const kinds: readonly (() => string)[] = [
      () => this.#call("eval", this.#expression(3), ...this.#maybe(["16", "2", "1", "36", "37"], ["1", "8", "-1"])),
      () => this.#call("format", ...this.#formatting()),
      () =>
        this.#call("regexp", this.#pick(TEXTS), this.#pattern(), ...this.#maybe(["\\&", "<\\1>", "\\2x", "\\", "\\0"])),
      () => this.#call("patsubst", this.#pick(TEXTS), this.#pattern(), ...this.#maybe(["-", "(\\&)", "\\1", "\\\\"])),
      () => this.#call("translit", this.#pick(TEXTS), this.#set(), ...this.#maybe([this.#set(), this.#set()])),
      () =>
        this.#call(
          "substr",
          this.#pick(TEXTS),
          this.#pick(["0", "2", "-1", "9", "x", ""]),
          ...this.#maybe(["1", "3", "0", "-1"]),
        ),
      () => this.#call("index", this.#pick(TEXTS), this.#pick(["a", "b", "", "ba", "zz"])),
      () =>
        this.#call(
          this.#pick(["incr", "decr"]),
          this.#pick(["1", "-1", "", "abc", " 2", "2 ", "2147483647", "99999999999"]),
        ),
      () => this.#call("len", this.#word()),
      () => this.#call("shift", this.#word(), this.#word(), this.#word()),
      () =>
        this.#call("ifelse", ...Array.from({ length: 1 + this.#random(8) }, () => this.#pick(["a", "b", "", "m1"]))),
      () => this.#pick(["__line__", "__file__", "divnum", "sysval"]),
    ];
    return this.#pick(kinds)();
  }

  #maybe(...choices: readonly (readonly string[])[]): string[] {
    const args: string[] = [];
    for (const choice of choices) {
      if (this.#random(2) === 0) break;
      args.push(this.#pick(choice));
    }
    return args;
  }

  #expression(depth: number): string {
    const kind = depth === 0 ? this.#random(3) : this.#random(9);
    if (kind < 3)
      return this.#pick(["0", "1", "2", "7", "010", "0x1F", "0b101", "0r36:z", "2147483647", "-1", "99999999999", "x"]);
    if (kind === 3) return this.#pick(["-", "+", "~", "!", "- -"]) + this.#expression(depth - 1);
    if (kind === 4) return `(${this.#expression(depth - 1)}${this.#random(20) > 0 ? ")" : ""}`;
    const space = this.#pick(["", " "]);
    return this.#expression(depth - 1) + space + this.#pick(OPERATORS) + space + this.#expression(depth - 1);
  }

  #formatting(): string[] {
    const template = this.#many(
      1 + this.#random(3),
      () => this.#pick([...FORMATS, ...MORE_FORMATS]),
      this.#pick(["", " ", "x"]),
    );
    const values = ["1", "-1", "0", "65", "abc", "3.14159", "1e10", "70000", "", "4294967295", "0.0001", "2.5"];
    return [template, ...Array.from({ length: this.#random(4) }, () => this.#pick(values))];
  }

  #set(): string {
    return this.#pick(["a-z", "A-Z", "abc", "c-a", "-a", "a-", "ab", "0-9", "z", "a-b-c", "xyz"]);
  }

  #pattern(): string {
    const branch = (depth: number): string => this.#many(1 + this.#random(3), () => piece(depth), "");
    const piece = (depth: number): string => {
      if (depth === 0 || this.#random(4) > 0) return this.#pick(ATOMS) + this.#pick(REPEATS);
      // An empty match inside a repetition is where implementations of POSIX differ among themselves: none here.
      const inner = this.#many(
        1 + this.#random(2),
        () => `${this.#pick(["a", "b", "ab", "o", "n"])}${branch0(depth)}`,
        "\\|",
      );
      return `\\(${inner}\\)${this.#pick(["", "", "*", "+", "?"])}`;
    };
    const branch0 = (depth: number): string => (this.#random(2) > 0 ? "" : piece(depth - 1));
    const whole = this.#many(this.#random(6) > 0 ? 1 : 2, () => branch(1), "\\|");
    return (
      this.#pick(["", "", "", "^"]) +
      whole +
      this.#pick(["", "", "", "$", "\\(", "*", "[", "\\1"].slice(0, this.#random(10) > 0 ? 4 : 8))
    );
  }

  #divert(): string {
    const number = this.#pick(["0", "1", "2", "5", "-1", "", "abc", "10"]);
    const kinds = [
      () => `divert(${number})${this.#word()}`,
      () => "divert",
      () => `undivert(${number})`,
      () => "undivert",
      () => this.#call("undivert", "1", "2"),
    ];
    return this.#pick(kinds)();
  }

  #names(): string {
    const name = this.#pick(NAMES);
    const kinds = [
      () => this.#call("popdef", `m${this.#random(4)}`),
      () => this.#call("undefine", `m${this.#random(4)}`),
      () => this.#call("defn", name),
      () => `define(${this.#quote("m0")},${this.#call("defn", name)})`,
      () => this.#call("ifdef", name, "yes", "no"),
      () => this.#call("indir", name, this.#word(), this.#word()),
      () => this.#call("builtin", this.#pick(["len", "index", "nosuch", "shift", "eval"]), this.#word(), "2"),
      () => this.#call("dumpdef", name),
      () => this.#call("include", this.#pick(["part.m4", "part.m4", "nosuch.m4"])),
      () => this.#call("sinclude", this.#pick(["part.m4", "nosuch.m4"])),
    ];
    return this.#pick(kinds)();
  }

  #quotesAndComments(): string {
    const kind = this.#random(4);
    if (kind === 0) {
      const quotes = this.#pick(QUOTES);
      const text = `changequote(${this.#random(2) > 0 ? quotes.map((each) => this.#quote(each)).join(",") : quotes.join(",")})`;
      this.#quotes = quotes;
      return text;
    }
    if (kind === 1) {
      this.#quotes = QUOTES[0];
      return "changequote";
    }
    return this.#pick([
      "changecom",
      `changecom(${this.#quote("%")})`,
      `changecom(${this.#quote("/*")},${this.#quote("*/")})`,
      "changecom(#)",
      "# m1(x) comment\n",
    ]);
  }

  #watch(): string {
    const kinds = [
      () => this.#call("traceon", this.#pick(["m1", "m2", "len", "eval"])),
      () => this.#call("traceoff", this.#pick(["m1", "len"])),
      () => this.#call("debugmode", this.#pick(DEBUG)),
      () => this.#call("errprint", this.#word(), this.#word()),
      () => this.#call("traceon", "nosuch"),
    ];
    return this.#pick(kinds)();
  }

  /** Text that no plan stands behind. */
  #loose(): string {
    const pieces = [
      "(",
      ")",
      ",",
      "`",
      "'",
      "m1",
      "m0(",
      "len(",
      "#",
      "$1",
      " ",
      "\n",
      "x",
      "define(",
      "[",
      "]",
      "m1(a",
      "dnl",
      "%",
    ];
    return this.#random(3) > 0 ? this.#word() : this.#many(1 + this.#random(6), () => this.#pick(pieces), "");
  }

  #wrap(): string {
    return this.#call("m4wrap", this.#random(3) > 0 ? this.#compute() : this.#word());
  }
}
