/**
 * What judges and rulesets are asked and answer while a session is tried out (`rulemail session`): who was asked about what,
 * the verdict, the rule that decided and where it came from, tables and their answers, macros that rules set.
 *
 * A witness stands between a site and its rulesets, and between a court and its judges. It changes nothing of what they say.
 */
import { type Asked, firedIn, type FiredRule, RunRecorder, type RulesetRun } from "../analysis/record-runs.ts";
import type { Config } from "../config/config.ts";
import type { LookupMap } from "../rewriting/lookup-map.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { replyText } from "../mail/reply.ts";
import type { RewriteWatcher, Trace } from "../rewriting/trace.ts";
import type { MailRules, Resolution } from "../routing/mail-rules.ts";
import type { Verdict } from "../routing/verdict.ts";
import { formatLocation } from "../source/location.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { Judge, Judgement, JudgeTable, Stage } from "./judges.ts";

/** What was answered: a verdict, an address that leads somewhere, or words. */
export type Answered =
  | { readonly kind: Verdict["kind"]; readonly reply?: string; readonly reason?: string }
  | { readonly kind: "goes to"; readonly mailer: string; readonly host: string; readonly user: string }
  /** srv_features and the like; "" when they select nothing. */
  | { readonly kind: "says"; readonly text: string };

/** One question and its answer. */
export interface Testimony {
  /** Stage of the judge who asked; absent: the session itself wanted to know. */
  readonly stage?: Stage;
  /** The judge, where that is not the ruleset itself. */
  readonly judge?: string;
  /** "check_rcpt"; "address" for rulesets 3 and 0 over an address; absent for judges without one (mail filters). */
  readonly ruleset?: string;
  readonly asked: readonly string[];
  readonly answer: Answered;
  /** In the judge's own words. */
  readonly why?: string;
  /** The rule that decided, "sendmail.cf:915", both its sides as `=S` prints them, and where it came from. */
  readonly rule?: { readonly at: string; readonly text: string; readonly origin?: string };
  /** Tables in the order in which they were asked. */
  readonly lookups: readonly Asked[];
  /** Those of them that are not there, though they may be missing (-o): they know nothing. */
  readonly absent?: readonly string[];
  /** Macros that rules set; null: cleared. */
  readonly macros: Readonly<Record<string, string | null>>;
}

/** Classes of maps that compute, and know nothing. */
const NO_TABLES: ReadonlySet<string> = new Set(["macro", "arith", "dequote", "syslog"]);

/** The judge that asks mail filters (reception/filter-judges.ts). */
const FILTERS = "milter";

type Draft = { -readonly [Key in keyof Testimony]: Testimony[Key] };

export class Witness {
  #heard: Draft[] = [];
  #config: Config | undefined;
  #watcher: RewriteWatcher | undefined;

  /** For the engine of the site. */
  readonly trace: Trace;

  constructor() {
    const watcher = (): RewriteWatcher | undefined => this.#watcher;
    this.trace = {
      level: () => 0,
      testMode: false,
      print: () => undefined,
      get watcher() {
        return watcher();
      },
    };
  }

  /** To be told whose rulesets are asked, when that is known. */
  attend(config: Config): void {
    this.#config = config;
  }

  /** What was heard since the last time. */
  take(): readonly Testimony[] {
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  /** The rules of a site, each question to them noted. */
  rules(of: MailRules): MailRules {
    return {
      ...of,
      resolve: (address, scope, notes, role) =>
        this.#note({ ruleset: "address", asked: [address], scope }, answeredAddress, () =>
          of.resolve(address, scope, notes, role),
        ),
      check: (ruleset, args, scope) =>
        this.#note({ ruleset, asked: args, scope }, answeredVerdict, () => of.check(ruleset, args, scope)),
      checkText: (ruleset, text, how, scope) =>
        this.#note({ ruleset, asked: [text], scope }, answeredVerdict, () => of.checkText(ruleset, text, how, scope)),
      select: (ruleset, args, scope) =>
        this.#note({ ruleset, asked: args, scope }, answeredWords, () => of.select(ruleset, args, scope)),
      text: (ruleset, args, scope) =>
        this.#note({ ruleset, asked: args, scope }, answeredWords, () => of.text(ruleset, args, scope)),
    };
  }

  /** Judges, each verdict noted beside what rulesets said on the way. */
  judges(table: JudgeTable): JudgeTable {
    const noted = Object.entries(table).map(([stage, judges]) => [stage, judges.map((each) => this.#judge(each))]);
    return Object.fromEntries(noted) as JudgeTable;
  }

  #judge(judge: Judge): Judge {
    return {
      name: judge.name,
      ...(judge.hearsAccepted === undefined ? {} : { hearsAccepted: judge.hearsAccepted }),
      judge: (stage, transaction, subject) => {
        const before = this.#heard.length;
        return whenReady(judge.judge(stage, transaction, subject), (judgement) => {
          // Filters that there are none of have nothing to say.
          const isSilent = judge.name === FILTERS && transaction.filters === undefined;
          if (!isSilent) this.#judged(stage, judge.name, judgement, before);
          return judgement;
        });
      },
    };
  }

  /** @param before number of testimonies when the judge was asked */
  #judged(stage: Stage, name: string, judgement: Judgement, before: number): void {
    const testimonies = this.#heard.slice(before);
    for (const each of testimonies) {
      each.stage = stage;
      if (each.ruleset !== name) each.judge = name;
    }
    // A judge that only hands on what a ruleset says has nothing of its own to add.
    if (testimonies.some(({ ruleset }) => ruleset === (judgement.by ?? name)) && name !== "login_limits") return;
    if (judgement.kind === "ok" && name !== FILTERS && judgement.why === undefined) return;
    const why = judgement.why === undefined ? {} : { why: judgement.why };
    const asked = [...(judgement.about ?? [])];
    this.#heard.push({
      stage,
      judge: name,
      asked,
      answer: answeredVerdict(judgement),
      ...why,
      lookups: [],
      macros: setBy(judgement),
    });
  }

  #note<T>(
    { ruleset, asked, scope }: { ruleset: string; asked: readonly string[]; scope: MacroScope },
    answered: (answer: T) => Answered,
    ask: () => MaybePromise<T>,
  ): MaybePromise<T> {
    // One after the other: a question within another one would be told as part of it.
    const config = this.#watcher === undefined ? this.#config : undefined;
    const recorder = config && new RunRecorder((tokens) => config.rewriter.join(tokens), config.originOf);
    if (recorder !== undefined) this.#watcher = recorder;
    const before = new Map(scope.own());
    const done = (): void => {
      if (recorder !== undefined) this.#watcher = undefined;
    };
    const said = whenReady(ask(), (answer) => {
      done();
      const runs = recorder?.runs ?? [];
      // What there is no ruleset for was not asked.
      if (runs.length > 0)
        this.#tell({ ruleset, asked, answer: answered(answer) }, runs, changes(before, scope), answer);
      return answer;
    });
    if (said instanceof Promise) said.catch(done);
    return said;
  }

  #tell(
    said: Pick<Testimony, "ruleset" | "asked" | "answer">,
    runs: readonly RulesetRun[],
    macros: Testimony["macros"],
    answer: unknown,
  ): void {
    const fired = runs.flatMap(firedIn);
    const rule = decisive(runs, fired, said, answer);
    const maps = this.#config?.maps;
    const known = (map: string): LookupMap | undefined => maps?.get(map.toLowerCase());
    const lookups = fired
      .flatMap((each) => each.lookups)
      .filter(({ map }) => !NO_TABLES.has(known(map)?.mapClass ?? ""));
    const absent = [...new Set(lookups.map(({ map }) => map))].filter((map) => known(map)?.available?.() === false);
    this.#heard.push({
      ...said,
      ...(rule === undefined ? {} : { rule: told(rule) }),
      lookups,
      ...(absent.length === 0 ? {} : { absent }),
      macros,
    });
  }
}

/** The rule that decided; of those that hand on what another one has said (FEATURE(delay_checks)) the one that said it. */
function decisive(
  runs: readonly RulesetRun[],
  fired: readonly FiredRule[],
  said: Pick<Testimony, "ruleset" | "answer">,
  answer: unknown,
): FiredRule | undefined {
  const at = (answer as { readonly at?: { readonly file: string; readonly line: number } } | undefined)?.at;
  const isCheck = said.ruleset !== "address";
  // A table that does not answer, rules that loop: no rule has wanted that.
  if (at === undefined && isCheck && "reply" in said.answer) return undefined;
  if (at === undefined) return lastWord(runs, !isCheck);
  const output = runs.at(-1)?.output;
  return (
    fired.find(({ after }) => after === output) ??
    fired.findLast(({ file, line }) => file === at.file && line === at.line)
  );
}

/** The rule that had the last word: the last that fired, or the last of the ruleset that it called. */
function lastWord(runs: readonly RulesetRun[], isAddress: boolean): FiredRule | undefined {
  if (isAddress) return runs.flatMap(firedIn).findLast(({ rhs }) => /^(?:\$[@:] )?\$# /.test(`${rhs} `));
  let rule: FiredRule | undefined;
  for (let run = runs.at(-1); run !== undefined && run.rules.length > 0; run = rule.calls.at(-1))
    rule = run.rules.at(-1)!;
  return rule;
}

function told({ file, line, lhs, rhs, origin }: FiredRule): NonNullable<Testimony["rule"]> {
  const place = origin === undefined ? {} : { origin };
  return { at: formatLocation({ file, line }), text: `R${lhs}   ->   ${rhs}`, ...place };
}

/** Macros that a judge sets by itself. */
function setBy({ changes: changed }: Judgement): Testimony["macros"] {
  const macros: Record<string, string> = {};
  for (const [name, value] of changed?.macros ?? []) if (value !== undefined) macros[name] = value;
  return macros;
}

function changes(before: ReadonlyMap<string, string | undefined>, scope: MacroScope): Record<string, string | null> {
  const changed: Record<string, string | null> = {};
  for (const [name, value] of scope.own()) {
    if (name !== "addr_type" && before.get(name) !== value) changed[name] = value ?? null;
  }
  return changed;
}

function answeredVerdict(verdict: Verdict): Answered {
  switch (verdict.kind) {
    case "quarantine":
      return { kind: "quarantine", reason: verdict.reason };
    case "refuse":
    case "defer":
      return { kind: verdict.kind, reply: replyText(verdict.reply) };
    default:
      return { kind: verdict.kind };
  }
}

function answeredAddress(resolution: Resolution): Answered {
  switch (resolution.kind) {
    case "triple":
      return { kind: "goes to", ...resolution.triple };
    case "discard":
      return { kind: "discard" };
    default:
      return { kind: resolution.kind === "error" ? "refuse" : "defer", reply: replyText(resolution.reply) };
  }
}

function answeredWords(text: string | undefined): Answered {
  return { kind: "says", text: text ?? "" };
}
