/**
 * All rulesets of a configuration by number and by name.
 *
 * Numbers 0 to 99 are given in the configuration; a name without a number gets 199, 198 ... when it is first mentioned
 * (in an S line or in S= and R= of a mailer; `$>name` in a rule is looked up when the rule runs). The messages are those
 * of sendmail, without file and line.
 */
import type { LateRule, Rule, Ruleset } from "./rule.ts";

/** Rulesets that have their number from the configuration: 0 to 99. */
const NUMBERED = 100;
/** How many rulesets can live by name alone. */
const NAMED = 100;

/** Names of calls that are kept. */
const KEPT = 4_096;

export interface RulesetReading {
  /** Undefined when the text names no ruleset that may be used. */
  readonly number: number | undefined;
  /** Index after what was read: a name ends at the first character that names cannot hold. */
  readonly end: number;
  readonly problems: readonly RulesetProblem[];
}

export interface RulesetProblem {
  readonly text: string;
  /** A warning is printed without file and line and spoils nothing. */
  readonly severity: "error" | "warning";
}

class Entry implements Ruleset {
  readonly number: number;
  name?: string;
  size = 0;
  #rules: (Rule | LateRule)[] = [];
  #isCompiled = true;

  constructor(number: number) {
    this.number = number;
  }

  get rules(): readonly Rule[] {
    if (!this.#isCompiled) this.#rules = this.#rules.map((rule) => ("compile" in rule ? rule.compile() : rule));
    this.#isCompiled = true;
    return this.#rules as readonly Rule[];
  }

  add(rule: Rule | LateRule): void {
    this.#rules.push(rule);
    this.size++;
    if ("compile" in rule) this.#isCompiled = false;
  }

  /** The literals of all left sides, folded, once for each place where one stands. */
  *literals(): Generator<string> {
    for (const rule of this.#rules) {
      if ("compile" in rule) yield* rule.literals();
      else for (const each of rule.lhs) if (each.kind === "literal") yield each.folded;
    }
  }
}

/** Digits, a name with or without a number, or nothing usable; blanks around count for nothing. */
const FORM =
  /^[ \t\n\v\f\r]*(?:(?<digits>[0-9]+)|(?<name>[A-Za-z][A-Za-z0-9_]*)(?:(?<gap>[ \t]*)=[ \t\n\v\f\r]*(?<value>[0-9]*))?)/;

export class RulesetTable {
  readonly #entries = new Map<number, Entry>();
  readonly #numbers = new Map<string, number>();
  /** Names that rules call, read once. */
  readonly #called = new Map<string, number>();
  #nextNamed = NUMBERED + NAMED - 1;
  /** Names that were mentioned with a number that cannot be: who asks for one gets an empty ruleset. */
  readonly #unnumbered = new Set<string>();

  /** What stands after the letter S of an S line; a ruleset that had rules before is continued. */
  define(text: string): RulesetReading {
    const problems: RulesetProblem[] = [];
    const reading = this.#read(text, "define", problems);
    if (reading.number !== undefined && this.get(reading.number)?.size) {
      problems.push({ text: `WARNING: Ruleset ${text.trimEnd()} has multiple definitions`, severity: "warning" });
    }
    return reading;
  }

  /** A ruleset that something refers to (S= and R= of a mailer): a new name gets its number here. */
  mention(text: string): RulesetReading {
    return this.#read(text, "mention", []);
  }

  /** A ruleset as test mode and `$>` ask for it; an unknown name has no number and is no problem of this table. */
  find(text: string): RulesetReading {
    return this.#read(text, "find", []);
  }

  /** The ruleset that `$>name` calls; undefined when there is none (`find` says why). */
  called(name: string): number | undefined {
    const known = this.#called.get(name);
    if (known !== undefined) return known;
    const { number } = this.find(name);
    // What rules are made to call at run time may be anything.
    if (number !== undefined && this.#called.size < KEPT) this.#called.set(name, number);
    return number;
  }

  /** The number that goes with exactly this name or these digits. */
  number(name: string): number | undefined {
    return this.#numbers.get(name) ?? (/^[0-9]{1,3}$/.test(name) && Number(name) < NUMBERED ? Number(name) : undefined);
  }

  /** The ruleset of a number; undefined when nothing has mentioned it. */
  get(number: number): Ruleset | undefined {
    return this.#entries.get(number);
  }

  /** The name as traces show it: the number in digits when there is none. */
  nameOf(number: number): string {
    return this.#entries.get(number)?.name ?? String(number);
  }

  add(number: number, rule: Rule | LateRule): void {
    this.#entry(number).add(rule);
  }

  /** The literals of all left sides, folded, once for each place where one stands, in the order of the rulesets' numbers. */
  literals(): readonly string[] {
    return this.#inOrder().flatMap((entry) => [...entry.literals()]);
  }

  /** All rulesets in the order of their numbers. */
  all(): readonly Ruleset[] {
    return this.#inOrder();
  }

  #inOrder(): readonly Entry[] {
    return [...this.#entries.values()].toSorted((a, b) => a.number - b.number);
  }

  #entry(number: number): Entry {
    let entry = this.#entries.get(number);
    if (!entry) this.#entries.set(number, (entry = new Entry(number)));
    return entry;
  }

  #read(text: string, use: "define" | "mention" | "find", problems: RulesetProblem[]): RulesetReading {
    const found = FORM.exec(text);
    const end = found?.[0].length ?? 0;
    const failed = (message: string): RulesetReading => {
      problems.push({ text: message, severity: "error" });
      return { number: undefined, end, problems };
    };
    if (!found?.groups) return failed(`invalid ruleset name: "${text.replace(/^[ \t\n\v\f\r]+/, "").slice(0, 20)}"`);
    const { digits, name, gap, value } = found.groups;
    if (digits !== undefined) {
      const number = toInt(digits);
      if (number < 0 || number >= NUMBERED) return failed(`bad ruleset ${number} (${NUMBERED} max)`);
      if (use !== "find") this.#entry(number);
      return { number, end, problems };
    }
    if (value !== undefined && use !== "find") {
      const shown = gap === "" ? text.trim() : name;
      const number = toInt(value === "" ? "-1" : value);
      if (number < 0 || number >= NUMBERED) {
        if (!this.#numbers.has(name)) this.#unnumbered.add(name);
        if (value === "") return failed(`bad ruleset definition "${shown}" (number required after \`=')`);
        return failed(`bad ruleset number ${number} in "${shown}" (${NUMBERED} max)`);
      }
      const old = this.#numbers.get(name);
      if (old !== undefined && old !== number) {
        problems.push({ text: `${shown}: ruleset changed value (old ${old}, new ${number})`, severity: "error" });
        return { number: old, end, problems };
      }
      return { number: this.#link(name, number), end, problems };
    }
    const known = this.#numbers.get(name);
    if (known !== undefined) {
      if (use !== "find") this.#entry(known).name = name;
      return { number: known, end, problems };
    }
    if (this.#nextNamed < NUMBERED) return failed(`${name}: too many named rulesets (${NAMED} max)`);
    if (use === "find") {
      if (!this.#unnumbered.has(name)) return { number: undefined, end, problems };
      const number = this.#nextNamed--;
      this.#numbers.set(name, number);
      this.#entry(number);
      return { number, end, problems };
    }
    return { number: this.#link(name, this.#nextNamed--), end, problems };
  }

  /** The name that was read last is the one that is shown for a number; the others still find it. */
  #link(name: string, number: number): number {
    this.#numbers.set(name, number);
    this.#entry(number).name = name;
    return number;
  }
}

/** Digits as a C program reads them into an int: larger ones wrap around. */
function toInt(digits: string): number {
  return digits.length < 10 ? Number(digits) : Number(BigInt.asIntN(32, BigInt(digits.slice(0, 40))));
}
