/** The small commands: RSET NOOP QUIT HELP VERB, those that are none of SMTP, and those that RFC 5321 has given up. */
import type { Answer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";
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

export function help({ scope }: Conversation): Answer {
  return replies.noHelp(scope.get("v") ?? "");
}

export function verb({ features }: Conversation): Answer {
  return features.offersVerb ? replies.verbose : replies.verbRefused;
}

/** No mechanism is offered. */
export function auth(_session: Conversation, argument: string): Answer {
  const mechanism = argument.split(/[ \t]/, 1)[0];
  return mechanism === "" ? replies.argumentRequired : replies.noMechanism(mechanism);
}

/** A web browser or scanner that was talked into speaking to us: its next lines are not for us. */
export function openProxy({ settings, relay }: Conversation): Answer {
  return { last: replies.openProxy(settings.hostName, relay) };
}

export function notImplemented(_session: Conversation, _argument: string, line: string): Answer {
  return replies.notImplemented(line);
}
