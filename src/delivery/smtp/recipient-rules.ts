/**
 * Recipients and the session that is there for them: the ruleset tls_rcpt, asked for each before RCPT (manual §5.1.4), and
 * what a wrong password means for mail.
 */
import type { Log } from "../../log/log.ts";
import { replyText } from "../../mail/reply.ts";
import type { MacroScope } from "../../rewriting/macro-scope.ts";
import type { MailRules } from "../../routing/mail-rules.ts";
import type { Verdict as RuleVerdict } from "../../routing/verdict.ts";
import { isPromise, type MaybePromise } from "../../sys/maybe-promise.ts";
import type { Job } from "../agent.ts";
import { deferred, type Outcome } from "../outcome.ts";
import type { SmtpClient } from "./client.ts";
import { outcomeOfRules, refusalOf } from "./session-opening.ts";
import type { Place } from "./socket.ts";
import type { Verdict } from "./transaction.ts";

const NOBODY: ReadonlyMap<number, Outcome> = new Map();

/**
 * Recipients that rules keep away from this server, by index.
 * @param scope macros of the delivery
 */
export function refusedByRules(
  rules: Pick<MailRules, "check"> | undefined,
  job: Job,
  client: SmtpClient,
  place: Place,
  scope: MacroScope,
  log: Log,
): MaybePromise<ReadonlyMap<number, Outcome>> {
  if (rules === undefined) return NOBODY;
  let refused: Map<number, Outcome> | undefined;
  const session = scope.sharing(client.macros);
  const judge = (index: number, address: string, verdict: RuleVerdict): void => {
    const reply = refusalOf(verdict);
    if (reply === undefined) return;
    const text = `ruleset=tls_rcpt, arg1=${address}, relay=${place.peer.relay}, reject=${replyText(reply)}`;
    log.write(4, { priority: "notice", id: job.envelope.id, text });
    (refused ??= new Map()).set(index, outcomeOfRules(reply, place));
  };
  // Most answers come at once: one that does not leads on to the others.
  const askFrom = (first: number): MaybePromise<ReadonlyMap<number, Outcome>> => {
    for (let at = first; at < job.recipients.length; at++) {
      const { index, triple } = job.recipients[at];
      const address = triple.user.startsWith("<") ? triple.user.replace(/^<([^]*)>$/, "$1") : triple.user;
      const asked = rules.check("tls_rcpt", [address], session);
      if (isPromise(asked)) {
        return asked.then((verdict) => {
          judge(index, address, verdict);
          return askFrom(at + 1);
        });
      }
      judge(index, address, asked);
    }
    return refused ?? NOBODY;
  };
  return askFrom(0);
}

/** "530 5.7.0 Authentication required" and its kin (RFC 4954 §6), and relaying that is denied to strangers. */
const WANTS_PASSWORD = /^(?:530|534|535|538)[ -]|^55[04][ -]5\.7\.\d/;

/**
 * The server has refused our password and now says no to mail of somebody it does not know: the mail waits until somebody
 * has put the password right. (sendmail returns it.)
 */
export function waitsForPassword(verdict: Verdict): Verdict {
  const { outcome } = verdict;
  const answer = outcome.diagnostic?.text ?? "";
  if (outcome.action !== "failed" || !WANTS_PASSWORD.test(answer)) return verdict;
  const { relay, remoteMta, diagnostic } = outcome;
  const details = {
    ...(relay === undefined ? {} : { relay }),
    ...(remoteMta === undefined ? {} : { remoteMta }),
    ...(diagnostic === undefined ? {} : { diagnostic }),
  };
  return { ...verdict, outcome: deferred("4.7.8", `AUTH was refused: ${answer}`, details) };
}
