/** The judges of a server: the check rulesets, and what logins may do. */
import type { Clock } from "../sys/clock.ts";
import type { Judge, JudgeTable } from "./judges.ts";
import { LoginLimits } from "./login-limits.ts";
import { askRuleset, rulesetJudges } from "./ruleset-judges.ts";

/** FEATURE(sender_login): which senders a login may use. Clients without AUTH are not asked. */
const senderLogin: Judge = {
  name: "sender_login",
  judge: (_stage, transaction, subject) =>
    transaction.scope.get("auth_type")
      ? askRuleset(transaction, "sender_login", [(subject as { readonly path: string }).path])
      : { kind: "ok" },
};

export function standardJudges(clock: Pick<Clock, "now">): JudgeTable {
  const limits = new LoginLimits(clock);
  const { mail = [], rcpt = [], data = [] } = rulesetJudges;
  return {
    ...rulesetJudges,
    auth: [limits],
    mail: [...mail, senderLogin, limits],
    rcpt: [...rcpt, limits],
    data: [...data, limits],
  };
}
