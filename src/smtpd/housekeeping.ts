/** The small commands: RSET NOOP QUIT HELP VERB, those that are none of SMTP, and those that RFC 5321 has given up. */
import { readHelp } from "../site/help-file.ts";
import type { Answer, MaybeAnswer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";
import { answerToOther } from "./policy.ts";
import { replies } from "./replies.ts";

export function rset(session: Conversation): Answer {
  session.endTransaction();
  return replies.reset;
}

export function noop(): Answer {
  return replies.ok;
}

export function quit({ settings }: Conversation): Answer {
  return { last: replies.goodbye(settings.hostName) };
}

/** HELP (RFC 5321 §4.1.1.8): without an argument the topic "smtp" of the help file. */
export function help({ scope, site, refusal }: Conversation, argument: string): Answer {
  if (refusal !== undefined) return refusal;
  const topic = argument === "" ? "smtp" : argument.toLowerCase();
  const text = readHelp(site.config, topic, scope);
  if (text === undefined) return replies.noHelp(scope.get("v") ?? "");
  if (text.lines.length === 0) return replies.helpUnknown(topic);
  // What every file of the first version left out.
  const head = argument === "" && text.version < 2 ? [`This is Sendmail version ${scope.get("v") ?? ""}`] : [];
  return replies.help([...head, ...text.lines]);
}

/** From now on EXPN tells how it came to its answer. */
export function verb(session: Conversation): Answer {
  if (session.refusal !== undefined) return session.refusal;
  if (!session.features.offersVerb) return replies.verbRefused;
  session.isVerbose = true;
  return replies.verbose;
}

/** A web browser or scanner that was talked into speaking to us: its next lines are not for us. */
export function openProxy({ settings, relay }: Conversation): Answer {
  return { last: replies.openProxy(settings.hostName, relay) };
}

export function notImplemented(session: Conversation, _argument: string, line: string): MaybeAnswer {
  return session.refusal ?? answerToOther(session, line, replies.notImplemented(line));
}
