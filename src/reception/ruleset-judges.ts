/** The check rulesets as judges (manual §5.1.4): which is asked at which stage, and with which words. */
import type { HeaderField } from "../mail/header.ts";
import { printable } from "../mail/printable.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { checkField } from "./header-checks.ts";
import type { Judge, Judgement, JudgeTable, Stage, Subjects } from "./judges.ts";
import type { Transaction } from "./transaction.ts";

/** A ruleset that is asked with these arguments, joined by `$|`. */
function ruleset<At extends Stage>(name: string, argumentsOf: (subject: Subjects[At]) => readonly string[]): Judge {
  return {
    name,
    judge(_stage, transaction, subject) {
      return askRuleset(transaction, name, argumentsOf(subject as unknown as Subjects[At]));
    },
  };
}

/** Asks a check ruleset; one that is not there accepts. */
export function askRuleset(
  { site, scope }: Transaction,
  name: string,
  args: readonly string[],
): MaybePromise<Judgement> {
  return whenReady(site.rules.check(name, args, scope), (verdict) =>
    verdict.kind === "ok" ? verdict : { ...verdict, by: name, about: args.map(printable) },
  );
}

/** The rulesets that H lines name for single fields: `HSubject: $>x`, `H*: $>x`. */
const headerRulesets: Judge = {
  name: "header",
  judge(_stage, transaction, subject) {
    return checkField(transaction, (subject as { readonly field: HeaderField }).field);
  },
};

export const rulesetJudges: JudgeTable = {
  connect: [ruleset<"connect">("check_relay", ({ name, address }) => [name, address])],
  tls: [ruleset<"tls">("tls_client", ({ verify }) => [verify, "STARTTLS"])],
  mail: [ruleset<"mail">("check_mail", ({ path }) => [path])],
  rcpt: [ruleset<"rcpt">("check_rcpt", ({ path }) => [path])],
  data: [ruleset<"data">("check_data", ({ recipients }) => [String(recipients)])],
  header: [headerRulesets],
  eoh: [ruleset<"eoh">("check_eoh", ({ fields, octets }) => [String(fields), String(octets)])],
  eom: [ruleset<"eom">("check_eom", ({ size }) => [String(size)])],
};
