/** The judges of a server: the check rulesets, what logins may do, mail filters. */
import { filterJudges } from "./filter-judges.ts";
import type { Judge, JudgeTable } from "./judges.ts";
import type { LoginLimits } from "./login-limits.ts";
import { type SenderCheckEnvironment, senderJudges } from "./sender-checks.ts";
import { askRuleset, rulesetJudges } from "./ruleset-judges.ts";

/** FEATURE(sender_login): which senders a login may use. Clients without AUTH are not asked. */
const senderLogin: Judge = {
  name: "sender_login",
  judge: (_stage, transaction, subject) =>
    transaction.scope.get("auth_type")
      ? askRuleset(transaction, "sender_login", [(subject as { readonly path: string }).path])
      : { kind: "ok" },
};

/** @param senders what those need who ask who has sent a message */
export function standardJudges(limits: LoginLimits, senders: SenderCheckEnvironment): JudgeTable {
  const { connect = [], mail = [], rcpt = [], data = [] } = rulesetJudges;
  const filters = filterJudges;
  const asked = senderJudges(senders);
  return {
    ...rulesetJudges,
    ...filters,
    connect: [...connect, ...filters.connect],
    auth: [limits],
    mail: [...mail, senderLogin, limits, ...asked.mail, ...filters.mail],
    sender: asked.sender,
    rcpt: [...rcpt, limits],
    data: [...data, limits, ...filters.data],
  };
}
