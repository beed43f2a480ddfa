/**
 * The mail filters of a session as judges: which of their answers means what at which stage, with the replies and log lines of
 * sendmail. They are asked last, and not at all about mail that is thrown away anyhow.
 */
import { harmless } from "../log/safe-text.ts";
import { type Reply, reply, replyText } from "../mail/reply.ts";
import type { FilterReply } from "../milter/filter.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { macroValue } from "../rewriting/macro-value.ts";
import { ACCEPTED, type Verdict } from "../routing/verdict.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { quoted } from "./filter-log.ts";
import { filterMessage } from "./filter-message.ts";
import type { Judge, Judgement, JudgeTable, Stage, Subjects } from "./judges.ts";
import { macroReader, placeOf, replyWords, type Said, type SessionFilters } from "./session-filters.ts";
import type { Transaction } from "./transaction.ts";

/** A session that a filter wants nothing to do with. */
export const COMMAND_REJECTED = reply(550, "5.0.0", "Command rejected");
const REJECTED = reply(550, "5.7.1", "Command rejected");
const MESSAGE_REJECTED = reply(554, "5.7.1", "Command rejected");
const TRY_LATER = reply(451, "4.3.2", "Please try again later");
const CLOSING = reply(421, "4.3.0", "closing connection");

type Work<At extends Stage> = (
  filters: SessionFilters,
  transaction: Transaction,
  subject: Subjects[At],
) => MaybePromise<Judgement>;

function filterJudge<At extends Stage>(work: Work<At>): Judge {
  return {
    name: "milter",
    hearsAccepted: true,
    judge(_stage, transaction, subject) {
      const { filters } = transaction;
      if (filters === undefined || transaction.fate.kind === "discard") return ACCEPTED;
      return work(filters, transaction, subject as unknown as Subjects[At]);
    },
  };
}

/** Replies that stand for what filters say where they give none of their own. */
interface Wording {
  readonly reject: Reply;
  readonly shutdown: (scope: MacroScope) => Reply;
  /** What the client is told in place of a filter's own reply. */
  readonly own?: (said: Reply, scope: MacroScope) => Reply;
}

function closing(scope: MacroScope): Reply {
  return reply(421, "4.7.0", `${macroValue("j", scope)} closing connection`);
}

/** At connect there is nobody to say a text to: the greeting is a plain one. */
const AT_CONNECT: Wording = {
  reject: COMMAND_REJECTED,
  shutdown: closing,
  own: ({ code }, scope) => (code === 421 ? closing(scope) : code < 500 ? TRY_LATER : COMMAND_REJECTED),
};
const AT_HELO: Wording = { reject: COMMAND_REJECTED, shutdown: closing };
const AT_COMMAND: Wording = { reject: REJECTED, shutdown: () => CLOSING };
const AT_MESSAGE: Wording = { reject: MESSAGE_REJECTED, shutdown: closing };

/** @returns undefined: go on */
function refusalOf(said: Said, { reject, shutdown, own }: Wording, scope: MacroScope): Reply | undefined {
  switch (said.kind) {
    case "reject":
      return reject;
    case "tempfail":
      return TRY_LATER;
    case "shutdown":
      return shutdown(scope);
    case "reply":
      return own === undefined ? replyOf(said) : own(replyOf(said), scope);
    default:
      return undefined;
  }
}

function replyOf({ code, enhanced, lines }: FilterReply): Reply {
  return { code, enhanced: enhanced ?? `${Math.floor(code / 100)}.0.0`, lines };
}

function verdictOf(refusal: Reply): Judgement & Verdict {
  return { kind: refusal.code >= 500 ? "refuse" : "defer", reply: refusal, isLogged: true };
}

/** @param about how the log names what was asked about: "from=<a@b>" */
function judgement(filters: SessionFilters, transaction: Transaction, about: string, said: Said): Judgement {
  if (said.kind === "continue") return ACCEPTED;
  const wording = about === "data" ? AT_MESSAGE : AT_COMMAND;
  const { id, scope } = transaction;
  if (said.kind === "discard") {
    filters.log.write("refusal", id, `Milter: ${about}, discard`);
    return { kind: "discard", isLogged: true };
  }
  const refusal = refusalOf(said, wording, scope) ?? TRY_LATER;
  const told = said.kind === "reply" ? replyWords(said) : harmless(replyText(refusal));
  const words = said.kind === "shutdown" && wording === AT_COMMAND ? "421, errormode=4" : told;
  filters.log.write("refusal", id, `Milter: ${about}, reject=${words}`);
  if (about === "data") filters.refusal = refusal;
  return verdictOf(refusal);
}

const atConnect = filterJudge<"connect">(async (filters, { scope }, { name, address }) => {
  const macros = macroReader(scope);
  const place = placeOf(address, scope.get("client_port") ?? "0");
  const { said, opened } = await filters.connect((connection) => connection.connect(macros, name, place));
  const refusal = refusalOf(said, AT_CONNECT, scope);
  if (refusal === undefined) return ACCEPTED;
  if (!opened) return verdictOf(refusal);
  const what = refusal.code === 421 ? "shutdown" : refusal.code < 500 ? "temp failing commands" : "rejecting commands";
  filters.log.write("refusal", undefined, `Milter: connect: host=${quoted(name)}, addr=${quoted(address)}, ${what}`);
  return verdictOf(refusal);
});

const atHelo = filterJudge<"helo">((filters, { scope }, { name }) => {
  // A new beginning: of what was said before nothing more is told.
  filters.abort();
  const asked = filters.ask("helo", undefined, (connection) => connection.helo(macroReader(scope), name));
  return whenReady(asked, (said): Judgement => {
    const refusal = refusalOf(said, AT_HELO, scope);
    if (refusal === undefined) return ACCEPTED;
    filters.log.write("refusal", undefined, `Milter: helo=${quoted(name)}, reject=${harmless(replyText(refusal))}`);
    return verdictOf(refusal);
  });
});

const atMail = filterJudge<"mail">((filters, transaction, { path, parameters = [] }) => {
  const { id, scope } = transaction;
  filters.log.write("sender", id, `Milter: sender: ${quoted(path)}`);
  filters.begin(id);
  const macros = macroReader(scope);
  const asked = filters.ask("mail", id, (connection) => connection.mail(macros, path, parameters));
  return whenReady(asked, (said) => {
    if (said.kind !== "continue") filters.abort();
    return judgement(filters, transaction, `from=${quoted(path)}`, said);
  });
});

/** Asked when it is known where the recipient goes; told of those that are refused, where a filter wants that. */
const atRecipient = filterJudge<"recipient">((filters, transaction, { path, parameters, refusal }) => {
  const { id } = transaction;
  if (refusal !== undefined) return tellRefused(filters, transaction, { path, parameters, refusal });
  filters.log.write("sender", id, `Milter: rcpts: ${quoted(path)}`);
  const macros = macroReader(transaction.scope);
  const asked = filters.ask("rcpt", id, (connection) => connection.rcpt(macros, path, parameters));
  return whenReady(asked, (said) => {
    if (said.kind === "discard") filters.abort();
    return judgement(filters, transaction, `to=${quoted(path)}`, said);
  });
});

/** SMFIP_RCPT_REJ: {rcpt_mailer} is "error", {rcpt_host} the enhanced code, {rcpt_addr} the text. What they say to it is not asked. */
async function tellRefused(
  filters: SessionFilters,
  { id, scope }: Transaction,
  { path, parameters, refusal }: Subjects["recipient"] & { readonly refusal: Reply },
): Promise<Judgement> {
  const macros = macroReader(
    scope.child([
      ["rcpt_mailer", "error"],
      ["rcpt_host", refusal.enhanced ?? ""],
      ["rcpt_addr", refusal.lines.join(" ")],
    ]),
  );
  for (const member of filters.members) {
    if (member.connection?.negotiated.rejectedRecipients !== true) continue;
    await filters.askOne(member, "rcpt", id, (connection) => connection.rcpt(macros, path, parameters));
  }
  return ACCEPTED;
}

const atData = filterJudge<"data">((filters, transaction) => {
  const { id, scope } = transaction;
  const asked = filters.ask("data", id, (connection) => connection.data(macroReader(scope)));
  return whenReady(asked, (said) => {
    if (said.kind === "discard") filters.abort();
    return judgement(filters, transaction, "cmd=data", said);
  });
});

const atUnknown = filterJudge<"unknown">((filters, transaction, { line }) => {
  const { id } = transaction;
  const asked = filters.ask("unknown", id, (connection) => connection.unknown(line));
  return whenReady(asked, (said) =>
    said.kind === "discard" ? ACCEPTED : judgement(filters, transaction, `unknown=${quoted(line)}`, said),
  );
});

const atMessage = filterJudge<"message">(async (filters, transaction, message) => {
  const { id, recipients } = transaction;
  const said = await filters.whileOpen(() => filterMessage(filters, transaction, message));
  if (said.kind !== "continue") filters.abort();
  filters.end();
  if (said.kind === "continue") filters.log.write("session", id, "Milter accept: message");
  // A message whose recipients were all taken away goes to nobody.
  if (said.kind === "continue" && recipients.length > 0 && transaction.recipients.length === 0) {
    return { kind: "discard", isLogged: true };
  }
  return judgement(filters, transaction, "data", said);
});

/** Which judges come last where there may be filters. */
export const filterJudges = {
  connect: [atConnect],
  helo: [atHelo],
  mail: [atMail],
  recipient: [atRecipient],
  data: [atData],
  unknown: [atUnknown],
  message: [atMessage],
} as const satisfies JudgeTable;
