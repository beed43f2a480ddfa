/**
 * The story of one address: which rules fired, what maps were asked and answered, where the address goes, and what the
 * mailer would be sent. As data; explain-text.ts says it in plain words.
 *
 * Runs the same questions as mail does (routing/resolve.ts) over an interpreter that is watched. Nothing is delivered,
 * and macros that rules set are forgotten afterwards.
 */
import type { Config } from "../config/config.ts";
import type { Mailer } from "../config/mailer.ts";
import { printable } from "../rewriting/tokens.ts";
import type { RewriteWatcher } from "../rewriting/trace.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { Triple } from "../envelope/recipient.ts";
import { destinationText, parseDestinations } from "../routing/alias-list.ts";
import { type LocalAnswer, type LocalNames, locate, sameTriple } from "../routing/local-user.ts";
import { createMailRules } from "../routing/resolve.ts";
import type { Resolution, MailRules } from "../routing/mail-rules.ts";
import { RunRecorder, type RulesetRun } from "./record-runs.ts";

export interface Question {
  readonly address: string;
  readonly role: "sender" | "recipient";
  /** Name of the mailer to rewrite for; without it that of the address, or all of them for a sender. */
  readonly mailer?: string;
}

export interface Explanation {
  readonly address: string;
  readonly role: "sender" | "recipient";
  /** The address as ruleset 3 left it. */
  readonly canonical?: string;
  readonly outcome: Outcome;
  /** The rulesets that found the outcome, in order. */
  readonly rulesets: readonly RulesetRun[];
  /** For a recipient whose mailer looks names up: who that is here. */
  readonly local?: LocalStory;
  /** Hosts that a delivery would try, and what their owners have published about connections, where that is asked for. */
  readonly line?: readonly HostLine[];
  /** What mailers are sent for this address, and the rulesets that made it. */
  readonly sent: readonly Sent[];
  /** What rulesets had to complain about. */
  readonly messages: readonly string[];
  /** There was more than a story can hold: rules that call each other without end. */
  readonly truncated?: true;
}

export interface HostLine {
  readonly host?: string;
  /** "dane=3-1-1", "sts=enforce", "none" */
  readonly policy?: string;
  /** Why one is left alone. */
  readonly problem?: string;
}

export type Outcome =
  | { readonly kind: "mailer"; readonly mailer: string; readonly host: string; readonly user: string }
  /** `$#error`, or an address that cannot be read; "later": a look-up did not answer. */
  | {
      readonly kind: "error" | "later";
      readonly reply: { readonly code: number; readonly enhanced?: string; readonly text: string };
    }
  | { readonly kind: "discard" };

/** What becomes of the user of a triple behind rulesets 3 and 0. */
export interface LocalStory {
  /** "deliver": nobody is looked up by name; "unknown" is refused at RCPT. */
  readonly kind: "alias" | "user" | "deliver" | "unknown" | "error" | "later" | "discard";
  /** What the alias names, as it stands there. */
  readonly members?: readonly string[];
  /** Where ruleset 5 sent it, when that is another place. */
  readonly moved?: Triple;
  readonly reply?: { readonly code: number; readonly enhanced?: string; readonly text: string };
  /** Ruleset 5, each time it was asked. */
  readonly rulesets: readonly RulesetRun[];
}

export interface Sent {
  readonly part: "envelope" | "header";
  /** Several when they all get the same. */
  readonly mailers: readonly string[];
  /** Undefined when a look-up did not answer. */
  readonly text?: string;
  readonly rulesets: readonly RulesetRun[];
}

/** Switches the watching of the configuration's engine on and off; what it prints meanwhile is nobody's business. */
export type Watch = (watcher: RewriteWatcher | undefined) => void;

/** Who is local, when that is to be told too. */
export type Names = Pick<LocalNames, "aliases" | "users">;

/** @param config read with a trace that `watch` reaches: the compiled engine cannot be watched */
export async function explainAddress(
  config: Config,
  watch: Watch,
  question: Question,
  names?: Names,
): Promise<Explanation> {
  const story = new Story(config, watch, question, names);
  return story.tell();
}

/** The story under a configuration in force, whatever engine serves mail. */
export function explainInForce(config: Config, question: Question, names?: Names): Promise<Explanation> {
  let watcher: RewriteWatcher | undefined;
  const rewriter = config.traced({
    level: () => 0,
    testMode: false,
    print: () => undefined,
    get watcher() {
      return watcher;
    },
  });
  return explainAddress({ ...config, rewriter }, (next) => (watcher = next), question, names);
}

/** Different messages of one story. */
const MAX_MESSAGES = 100;

class Story {
  readonly #config: Config;
  readonly #watch: Watch;
  readonly #question: Question;
  readonly #names: Names | undefined;
  readonly #rules: MailRules;
  readonly #scope: MacroScope;
  readonly #messages = new Set<string>();
  #truncated = false;

  constructor(config: Config, watch: Watch, question: Question, names: Names | undefined) {
    this.#config = config;
    this.#watch = watch;
    this.#question = question;
    this.#names = names;
    this.#rules = createMailRules(config, (text) => this.#note(printable(text)));
    this.#scope = config.macros.child([["addr_type", `e ${question.role[0]}`]]);
  }

  #note(message: string): void {
    if (this.#messages.size < MAX_MESSAGES) this.#messages.add(message);
  }

  async tell(): Promise<Explanation> {
    const { address, role } = this.#question;
    const { answer, runs } = await this.#watched(() => this.#rules.resolve(address, this.#scope, undefined, role));
    const canonical = runs.find(({ number }) => number === 3)?.result;
    const triple = answer.kind === "triple" ? answer.triple : undefined;
    const local = triple === undefined ? undefined : await this.#local(triple);
    return {
      address,
      role,
      ...(canonical === undefined ? {} : { canonical }),
      outcome: outcomeOf(answer),
      rulesets: runs,
      ...(local === undefined ? {} : { local }),
      sent: await this.#sent(local?.moved ?? triple),
      messages: [...this.#messages],
      ...(this.#truncated ? { truncated: true } : {}),
    };
  }

  /** The questions that RCPT and delivery ask about a local name (routing/local-user.ts). */
  async #local(triple: Triple): Promise<LocalStory | undefined> {
    const names = this.#names;
    const flags = this.#config.mailers.get(triple.mailer)?.flags;
    if (names === undefined || this.#question.role === "sender") return undefined;
    if (flags === undefined || !["A", "5", "w"].some((flag) => flags.has(flag))) return undefined;
    const place = { config: this.#config, rules: this.#rules, ...names };
    const { answer, runs } = await this.#watched(() => locate(place, triple, false, this.#scope));
    return localStory(answer, triple, runs);
  }

  async #sent(triple: Triple | undefined): Promise<Sent[]> {
    const { role, mailer: wanted } = this.#question;
    const name = wanted ?? (role === "recipient" ? triple?.mailer : undefined);
    if (name === undefined && role === "recipient") return [];
    if (triple) {
      this.#scope.set("h", triple.host);
      this.#scope.set("u", triple.user);
    }
    const all = [...this.#config.mailers.values()];
    const mailers = name === undefined ? all.filter(handlesAddresses) : all.filter((each) => sameName(each.name, name));
    const sent: Sent[] = [];
    for (const part of ["envelope", "header"] as const) {
      // The envelope of a recipient is the user of its triple; the rulesets for it have run already.
      if (part === "envelope" && role === "recipient" && triple && sameName(triple.mailer, name ?? "")) {
        sent.push({ part, mailers: [triple.mailer], text: triple.user, rulesets: [] });
      } else for (const mailer of mailers) addSent(sent, await this.#rewritten(mailer, part));
    }
    return sent;
  }

  async #rewritten(mailer: Mailer, part: "envelope" | "header"): Promise<Sent> {
    const { address, role } = this.#question;
    this.#scope.set("addr_type", `${part[0]} ${role[0]}`);
    const { answer, runs } = await this.#watched(() =>
      this.#rules.rewrite(mailer, address, { role, part }, this.#scope),
    );
    const text = answer.kind === "address" ? { text: answer.text } : {};
    return { part, mailers: [mailer.name], ...text, rulesets: runs };
  }

  async #watched<T>(ask: () => T | Promise<T>): Promise<{ answer: T; runs: readonly RulesetRun[] }> {
    const { rewriter, originOf } = this.#config;
    const recorder = new RunRecorder((tokens) => rewriter.join(tokens), originOf);
    this.#watch(recorder);
    try {
      const answer = await ask();
      return { answer, runs: recorder.runs };
    } finally {
      this.#watch(undefined);
      this.#truncated ||= recorder.truncated;
    }
  }
}

/** Mailers for files and lists never see an address. */
function handlesAddresses({ name }: Mailer): boolean {
  return !name.startsWith("*");
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Mailers that get the same stand together, with the rulesets of the first. */
function addSent(sent: Sent[], more: Sent): void {
  const same = sent.findIndex(({ part, text }) => part === more.part && text === more.text);
  if (same === -1) sent.push(more);
  else sent[same] = { ...sent[same], mailers: [...sent[same].mailers, ...more.mailers] };
}

function localStory(answer: LocalAnswer, named: Triple, rulesets: readonly RulesetRun[]): LocalStory {
  switch (answer.kind) {
    case "discard":
      return { kind: "discard", rulesets };
    case "error":
    case "tempfail": {
      const { code, enhanced, lines } = answer.reply;
      const reply = { code, ...(enhanced === undefined ? {} : { enhanced }), text: lines.join(" ") };
      return { kind: answer.kind === "error" ? "error" : "later", reply, rulesets };
    }
    default: {
      const moved = sameTriple(answer.triple, named) ? {} : { moved: answer.triple };
      const members = answer.kind === "alias" ? { members: parseDestinations(answer.value).map(destinationText) } : {};
      return { kind: answer.kind, ...members, ...moved, rulesets };
    }
  }
}

function outcomeOf(resolution: Resolution): Outcome {
  switch (resolution.kind) {
    case "triple":
      return { kind: "mailer", ...resolution.triple };
    case "discard":
      return { kind: "discard" };
    default: {
      const { code, enhanced, lines } = resolution.reply;
      return {
        kind: resolution.kind === "tempfail" ? "later" : "error",
        reply: { code, ...(enhanced === undefined ? {} : { enhanced }), text: lines.join(" ") },
      };
    }
  }
}
