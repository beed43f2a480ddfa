/** `=Sruleset` and `=M`: the rules of a ruleset, the mailers. */
import type { Mailer, RulesetPair } from "../../config/mailer.ts";
import { printable } from "../../rewriting/tokens.ts";
import { printRule } from "../../rewriting/trace.ts";
import type { TestSession } from "./session.ts";

export function list(session: TestSession, line: string): void {
  switch (line[1]) {
    case undefined:
      return session.say("Usage: =Sruleset or =M");
    case "S":
      return listRules(session, line.slice(2));
    case "M":
      for (const mailer of session.config.mailers.values()) session.say(printMailer(session, mailer));
      return;
    default:
      session.say(`Unknown "=" command ${line}`);
  }
}

function listRules(session: TestSession, name: string): void {
  const { rulesets } = session.config;
  const { number, problems } = rulesets.find(name);
  for (const { text } of problems) session.complain(text);
  if (number === undefined) return session.say(`Undefined ruleset ${/^[ \t]*[^ \t]*/.exec(name)?.[0]}`);
  for (const rule of rulesets.get(number)?.rules ?? []) {
    const { lhs, rhs } = printRule(rule);
    session.say(`R${lhs.map((token) => `${token} `).join("")}\t\t${rhs.map((token) => `${token} `).join("")}`);
  }
}

function printMailer(session: TestSession, mailer: Mailer): string {
  const { rulesets } = session.config;
  // No ruleset is number 0, and shown by its name if 0 has one.
  const pair = ({ envelope, header }: RulesetPair): string => `${rulesets.nameOf(envelope)}/${rulesets.nameOf(header)}`;
  const { user, types } = mailer;
  return [
    `mailer ${mailer.number} (${mailer.name}):`,
    `P=${mailer.path}`,
    `S=${pair(mailer.sender)}`,
    `R=${pair(mailer.recipient)}`,
    `M=${mailer.maxSize}`,
    `U=${user?.uid ?? -1}:${user?.gid ?? -1}`,
    `F=${[...mailer.flags].toSorted().join("")}`,
    `L=${mailer.lineLimit}`,
    `E=${printable(mailer.eol)}`,
    ...(mailer.charset === undefined ? [] : [`C=${mailer.charset}`]),
    `T=${[types.mta, types.address, types.diagnostic].map((type) => type || "<undefined>").join("/")}`,
    `r=${mailer.maxRecipients}`,
    `A=${mailer.argv.map(printable).join(" ")}`,
  ].join(" ");
}
