/**
 * The difference of two configurations in meaning: not which lines changed, but which options, mailers, classes, maps,
 * macros, headers and rules are others, and which addresses go elsewhere.
 */
import { createMailRules } from "../routing/resolve.ts";
import type { Resolution } from "../routing/mail-rules.ts";
import { replyText } from "../mail/reply.ts";
import {
  classFilesOf,
  classNamesOf,
  headersOf,
  macrosOf,
  mailerOf,
  mapsOf,
  optionsOf,
  othersOf,
  rulesOf,
} from "./describe.ts";
import { diffLines, diffTables, type LineChange, type ValueChange } from "./diff-lists.ts";
import type { Subject } from "./subject.ts";

export interface Difference {
  readonly options: readonly ValueChange[];
  /** With the equates that differ; none for a mailer that only one side has. */
  readonly mailers: readonly (NamedChange & { readonly equates: readonly ValueChange[] })[];
  /** Words of classes; `files` are F lines. */
  readonly classes: readonly { readonly name: string; readonly words: readonly LineChange[] }[];
  readonly classFiles: readonly LineChange[];
  readonly maps: readonly ValueChange[];
  readonly macros: readonly ValueChange[];
  readonly headers: readonly ValueChange[];
  readonly rulesets: readonly (NamedChange & { readonly rules: readonly LineChange[] })[];
  /** Queue groups, filters, precedences, environment. */
  readonly others: readonly ValueChange[];
  /** Addresses whose way differs. */
  readonly probes: readonly ValueChange[];
}

export interface NamedChange {
  readonly name: string;
  readonly kind: "removed" | "added" | "changed";
}

/** Addresses of every shape that rules tell apart; `${j}` stands for the name of this host. */
const PROBES: readonly string[] = [
  "user",
  "root",
  "postmaster",
  "MAILER-DAEMON",
  "user+detail",
  "user@${j}",
  "root@${j}",
  "user@localhost",
  "user@[127.0.0.1]",
  "user@sub.${j}",
  "user@example.com",
  "user@mail.example.org",
  "User.Name@Example.COM",
  "user@[192.0.2.1]",
  "user@[IPv6:2001:db8::1]",
  "user@singlename",
  "user%example.com@${j}",
  "user%example.com",
  "@${j}:user@example.com",
  "example!user",
  "example!user@${j}",
  "example.com!user@example.org",
  "user@example.UUCP",
  '"quoted user"@example.com',
  "user@example.com.REDIRECT",
  "user@",
  "@example.com",
  "|program",
  "/dev/null",
];

export interface DiffQuestion {
  /** Further addresses to follow. */
  readonly probes?: readonly string[];
  /** False: rules, and the names of the rulesets that mailers rewrite with, are not compared. */
  readonly rules?: boolean;
}

export async function diffConfigurations(
  before: Subject,
  after: Subject,
  { probes = [], rules = true }: DiffQuestion = {},
): Promise<Difference> {
  const both = <T>(describe: (subject: Subject) => T): [T, T] => [describe(before), describe(after)];
  const addresses = [...new Set([...PROBES, ...probes])];
  const oldWays = await ways(before, addresses);
  const newWays = await ways(after, addresses);
  return {
    options: diffTables(...both(({ config }) => optionsOf(config))),
    mailers: diffMailers(before, after, rules ? [] : REWRITING),
    classes: diffClasses(before, after),
    classFiles: diffLines(...both(classFilesOf)),
    maps: diffTables(...both(mapsOf)),
    macros: diffTables(...both(({ config }) => macrosOf(config))),
    headers: diffTables(...both(({ config }) => headersOf(config))),
    rulesets: rules ? diffRulesets(before, after) : [],
    others: diffTables(...both(({ config }) => othersOf(config))),
    probes: diffTables(oldWays, newWays),
  };
}

export function isSame(difference: Difference): boolean {
  return Object.values(difference).every((changes: readonly unknown[]) => changes.length === 0);
}

function kindOf(before: unknown, after: unknown): NamedChange["kind"] {
  if (before === undefined) return "added";
  return after === undefined ? "removed" : "changed";
}

/** Equates that name rulesets. */
const REWRITING: readonly string[] = ["S", "R"];

function diffMailers(before: Subject, after: Subject, without: readonly string[]): Difference["mailers"] {
  const names = new Set([...before.config.mailers.keys(), ...after.config.mailers.keys()]);
  return [...names].flatMap((name) => {
    const old = before.config.mailers.get(name);
    const now = after.config.mailers.get(name);
    const kind = kindOf(old, now);
    const changes = old && now ? diffTables(mailerOf(old, before.config), mailerOf(now, after.config)) : [];
    const equates = changes.filter((each) => !without.includes(each.name));
    return kind === "changed" && equates.length === 0 ? [] : [{ name, kind, equates }];
  });
}

function diffClasses(before: Subject, after: Subject): Difference["classes"] {
  const names = new Set([...classNamesOf(before), ...classNamesOf(after)]);
  return [...names].flatMap((name) => {
    // The order in which words were put in means nothing.
    const words = diffLines(
      [...before.config.classWords(name).words()].toSorted(),
      [...after.config.classWords(name).words()].toSorted(),
    );
    return words.length === 0 ? [] : [{ name, words }];
  });
}

function diffRulesets(before: Subject, after: Subject): Difference["rulesets"] {
  const old = rulesOf(before.config);
  const now = rulesOf(after.config);
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const rules = diffLines(old.get(name) ?? [], now.get(name) ?? []);
    return rules.length === 0 ? [] : [{ name, kind: kindOf(old.get(name), now.get(name)), rules }];
  });
}

/** Where each address goes. */
async function ways({ config }: Subject, addresses: readonly string[]): Promise<Map<string, string>> {
  const rules = createMailRules(config);
  const host = config.expand(config.macros.get("j") ?? "", config.macros);
  const table = new Map<string, string>();
  for (const address of addresses) {
    const shown = address.replaceAll("${j}", host);
    table.set(shown, wayText(await rules.resolve(shown, config.macros.child())));
  }
  return table;
}

function wayText(resolution: Resolution): string {
  switch (resolution.kind) {
    case "triple": {
      const { mailer, host, user } = resolution.triple;
      return `mailer ${mailer}, ${host === "" ? "" : `host ${host}, `}user ${user}`;
    }
    case "discard":
      return "discarded";
    default:
      return `${resolution.kind === "error" ? "refused" : "deferred"}: ${replyText(resolution.reply)}`;
  }
}
