/** The macros of one delivery: $h, $u, $g (the sender as this mailer sees it), their long names, and {forwarded_from}. */
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { macroValue } from "../rewriting/macro-value.ts";
import { isPromise } from "../sys/maybe-promise.ts";
import type { Job } from "./agent.ts";
import { forwardedFrom } from "./forwarded.ts";

export type JobMacros =
  | {
      readonly kind: "ready";
      readonly scope: MacroScope;
      /** What stands in MAIL FROM:<>. */
      readonly sender: string;
    }
  | { readonly kind: "tempfail"; readonly reason: string };

/**
 * Rewrites the sender for the job's mailer and sets the macros of its delivery in a layer of its own. Reports about a
 * recipient from a list go to the list's owner, so the owner is the sender there.
 */
export async function jobMacros(job: Job): Promise<JobMacros> {
  const { envelope, mailer, recipients } = job;
  const first = recipients[0];
  const scope = job.scope.child([
    ["h", job.host],
    ["u", first.triple.user],
    ["mail_mailer", mailer.name],
    ["rcpt_mailer", mailer.name],
    ["rcpt_host", job.host],
    ["rcpt_addr", first.triple.user],
    ["forwarded_from", forwardedFrom(first, envelope.recipients)],
  ]);
  const origin = envelope.sender === "" ? "" : (first.recipient.owner ?? envelope.sender);
  if (origin === "") {
    // Rulesets of local mailers give the null sender a name, those of SMTP leave it: MAIL FROM:<> (RFC 5321 §4.5.5).
    const named = await job.addresses.rewrite(mailer, "", { role: "sender", part: "envelope" }, scope);
    if (named.kind !== "address") return named;
    // F=g: the name that rulesets give, if they do.
    const name = withoutBrackets(named.text);
    scope.set("g", name);
    return { kind: "ready", scope, sender: mailer.flags.has("g") ? name : "" };
  }
  const answer = job.addresses.rewrite(mailer, origin, { role: "sender", part: "envelope" }, scope);
  const rewritten = isPromise(answer) ? await answer : answer;
  if (rewritten.kind !== "address") return rewritten;
  const sender = withoutBrackets(rewritten.text);
  scope.set("g", sender);
  const isRouted = mailer.flags.has("p") && (await job.senderIsLocal?.()) !== true;
  return { kind: "ready", scope, sender: isRouted ? sourceRoute(sender, scope) : sender };
}

/** F=p: the way back to others leads through us (RFC 821 §3.6): `@us:joe@a.test`, `@us,@b.test:joe@a.test`. */
function sourceRoute(sender: string, scope: MacroScope): string {
  const own = macroValue("j", scope);
  if (own === "" || !sender.includes("@")) return sender;
  return `@${own}${sender.startsWith("@") ? "," : ":"}${sender}`;
}

function withoutBrackets(text: string): string {
  return text.startsWith("<") && text.endsWith(">") ? text.slice(1, -1) : text;
}
