/** HELO and EHLO (RFC 5321 §4.1.1.1): who the client says it is, and what we offer. */
import type { Options } from "../config/config.ts";
import { reply } from "../mail/reply.ts";
import { judge } from "../reception/judges.ts";
import { whenReady } from "../sys/maybe-promise.ts";
import type { MaybeAnswer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";
import { offeredMechanisms, protocolName } from "./auth.ts";
import { deliverByKeyword } from "./deliver-by.ts";
import { isLmtp } from "./lmtp.ts";
import { replies } from "./replies.ts";
import { xclientKeyword } from "./xclient.ts";

export function helo(session: Conversation, argument: string): MaybeAnswer {
  return hello(session, "HELO", argument);
}

export function ehlo(session: Conversation, argument: string): MaybeAnswer {
  return hello(session, "EHLO", argument);
}

export function lhlo(session: Conversation, argument: string): MaybeAnswer {
  return hello(session, "LHLO", argument);
}

/** Names longer than this have no place in a Received: field. */
const LONGEST_NAME = 255;
/** No name has these; those that AllowBogusHELO lets in lose them, because the name goes into Received: and the log. */
const NO_NAME = /[\x00-\x20<>()\x7f-\xff]/;

function hello(session: Conversation, verb: "HELO" | "EHLO" | "LHLO", argument: string): MaybeAnswer {
  // RFC 2033 §4.1: each protocol has its own.
  if (isLmtp(session) !== (verb === "LHLO")) return replies.unrecognized(`${verb} ${argument}`.trimEnd());
  // Nobody can know what we offer before we said it: this client only throws its lines at us (transaction stuffing).
  if (session.hasMore && session.features.refusesStuffing) return { last: replies.protocolError };
  const bogusAllowed = session.site.config.options.flag("AllowBogusHELO");
  if (argument === "" && !bogusAllowed) return replies.heloNeedsName(verb);
  const said = bogusAllowed ? argument.split(/[ \t]/, 1)[0] : argument;
  const isBogus = NO_NAME.test(said);
  if (said.length > LONGEST_NAME || (isBogus && !bogusAllowed)) return replies.invalidName;
  const name = isBogus ? said.replaceAll(new RegExp(NO_NAME, "g"), "?") : said;
  return whenReady(judge(session.services, "helo", session.whole, { name }), (outcome) => {
    // Whoever is refused is greeted all the same, and may do nothing.
    if (outcome.kind === "out") {
      if (outcome.reply.code === 421) return outcome.reply;
      session.turnAway(outcome.reply);
    }
    session.introduced(name, verb !== "HELO");
    session.endTransaction();
    session.scope.set("s", name);
    session.scope.set("r", protocolName(session));
    const welcome = isBogus ? "accepting invalid domain name" : "pleased to meet you";
    const greeting = `${session.settings.hostName} Hello ${session.relay}, ${welcome}`;
    if (!session.isEsmtp) return reply(250, undefined, greeting);
    return whenReady(offeredMechanisms(session), (mechanisms) =>
      reply(250, undefined, greeting, ...offers(session, mechanisms)),
    );
  });
}

/** EightBitMode=strict offers none of it. */
export function takesEightBits(options: Pick<Options, "text">): boolean {
  return !/^s/i.test(options.text("EightBitMode"));
}

function offersTls(session: Conversation): boolean {
  return session.certificates !== undefined && !session.secure && session.features.offersTls;
}

function offers(session: Conversation, mechanisms: readonly string[]): string[] {
  const { features } = session;
  // A client that was turned away is offered nothing.
  if (features.isTemporary || session.refusal !== undefined) return ["ENHANCEDSTATUSCODES"];
  const { options } = session.site.config;
  const limit = options.number("MaxMessageSize");
  const recipients = options.number("MaxRecipientsPerMessage");
  const xclient = xclientKeyword(session);
  const deliverBy = deliverByKeyword(options);
  const keywords: string[] = [];
  const offer = (keyword: string, isOffered: boolean): void => {
    if (isOffered) keywords.push(keyword);
  };
  offer("ENHANCEDSTATUSCODES", true);
  offer("PIPELINING", features.offersPipelining);
  offer("EXPN", features.offersExpn);
  offer("VERB", features.offersVerb);
  offer("8BITMIME", takesEightBits(options));
  offer("CHUNKING", true);
  offer("BINARYMIME", takesEightBits(options));
  offer(limit > 0 ? `SIZE ${limit}` : "SIZE", true);
  offer("DSN", features.offersDsn);
  offer("SMTPUTF8", options.flag("SmtpUTF8"));
  offer("ETRN", features.offersEtrn);
  offer(`AUTH ${mechanisms.join(" ")}`, mechanisms.length > 0);
  offer("STARTTLS", offersTls(session));
  offer(deliverBy ?? "", deliverBy !== undefined);
  offer("REQUIRETLS", session.secure && options.flag("RequireTLS"));
  offer(`LIMITS RCPTMAX=${recipients}`, recipients > 0);
  offer(xclient ?? "", xclient !== undefined);
  offer("HELP", true);
  return keywords;
}
