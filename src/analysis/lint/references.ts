/**
 * What the lines of a configuration refer to: rulesets, maps, mailers, classes, each with the line that does.
 *
 * A rule may put a name together when it runs (`$>$1`, `$#$1`); then anything of that kind may be meant, unless the
 * value can only be a word of a class.
 */
import { parseMapDeclaration } from "../../cf/parse-line.ts";
import type { Config } from "../../config/config.ts";
import type { Pattern, Replacement, Rule } from "../../rewriting/rule.ts";
import { CALL, CANON_HOST, CANON_MAILER, CANON_USER, HOST_BEGIN, LOOKUP_BEGIN } from "../../rewriting/tokens.ts";
import type { Subject } from "../subject.ts";

export interface Reference {
  readonly name: string;
  readonly line: number;
  /** Number of the ruleset that a rule is in. */
  readonly from?: number;
  readonly rule?: Rule;
}

export interface References {
  readonly rulesets: readonly Reference[];
  readonly maps: readonly Reference[];
  readonly mailers: readonly Reference[];
  readonly classes: readonly Reference[];
  /** True when any name may be meant as well. */
  readonly any: { readonly rulesets: boolean; readonly maps: boolean; readonly mailers: boolean };
}

/** Map classes whose arguments name other maps. */
const COMPOSED = /^(?:sequence|switch)$/i;

export function isWildcard({ kind }: Pattern): boolean {
  return kind !== "literal" && kind !== "nothing" && kind !== "macro";
}

/** A name in a rule may stand in quotes. */
export function unquoted(text: string): string {
  return text.replace(/^"(.*)"$/s, "$1");
}

export function referencesOf(subject: Subject): References {
  const collector = new Collector(subject.config);
  for (const { number, rules } of subject.config.rulesets.all()) for (const rule of rules) collector.rule(rule, number);
  for (const { node, first } of subject.statements) {
    if (node.kind !== "map") continue;
    const { mapClass, args } = parseMapDeclaration(node.body);
    if (!COMPOSED.test(mapClass)) continue;
    for (const name of args.split(/\s+/)) if (/^\w/.test(name)) collector.maps.push({ name, line: first });
  }
  return collector;
}

class Collector implements References {
  readonly rulesets: Reference[] = [];
  readonly maps: Reference[] = [];
  readonly mailers: Reference[] = [];
  readonly classes: Reference[] = [];
  readonly any = { rulesets: false, maps: false, mailers: false };
  readonly #config: Config;

  constructor(config: Config) {
    this.#config = config;
  }

  rule(rule: Rule, from: number): void {
    const { line } = rule.at;
    for (const pattern of rule.lhs) {
      if (pattern.kind === "class" || pattern.kind === "not-class") {
        this.classes.push({ name: pattern.name, line, from, rule });
      }
    }
    rule.rhs.forEach((replacement, index) => {
      if (replacement.kind !== "token") return;
      const next = rule.rhs[index + 1];
      if (replacement.text === CALL) this.#name("rulesets", next, rule, from);
      else if (replacement.text === LOOKUP_BEGIN) this.#name("maps", next, rule, from);
      else if (replacement.text === HOST_BEGIN) this.maps.push({ name: "host", line, from, rule });
      else if (replacement.text === CANON_MAILER) this.#mailer(next, rule, from);
    });
  }

  #name(kind: "rulesets" | "maps" | "mailers", named: Replacement | undefined, rule: Rule, from: number): void {
    const { line } = rule.at;
    if (named?.kind === "token") {
      const name = unquoted(named.text);
      if (/^\w/.test(name)) this[kind].push({ name, line, from, rule });
      return;
    }
    const bound = named?.kind === "argument" ? rule.lhs.filter(isWildcard)[named.index - 1] : undefined;
    if (bound?.kind !== "class") this.any[kind] = true;
    else for (const name of this.#config.classWords(bound.name).words()) this[kind].push({ name, line, from, rule });
  }

  /** `$#$1` only passes on what another ruleset has chosen when the left side looks for `$#`. */
  #mailer(named: Replacement | undefined, rule: Rule, from: number): void {
    if (named?.kind !== "token") {
      const passedOn = rule.lhs.some((pattern) => pattern.kind === "literal" && pattern.text === CANON_MAILER);
      if (!passedOn) this.any.mailers = true;
      return;
    }
    // Without `$@` and `$:` it is an answer of a policy ruleset (`$#OK`), not a triple.
    const isTriple = rule.rhs.some(
      ({ kind, ...rest }) => kind === "token" && "text" in rest && isTriplePart(rest.text),
    );
    if (isTriple) this.#name("mailers", named, rule, from);
  }
}

function isTriplePart(text: string): boolean {
  return text === CANON_HOST || text === CANON_USER;
}
