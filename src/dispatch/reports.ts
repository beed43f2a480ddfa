/**
 * Sends the reports that an attempt gives rise to: dsn/ decides and composes, the intake takes them like any message.
 *
 * A report is in the queue before the failure it tells of is settled; when it cannot be queued the attempt is not
 * settled either, and both happen again.
 */
import { dontBlameOf, privacyOf } from "../config/policies.ts";
import type { Config } from "../config/config.ts";
import { composeReport } from "../dsn/compose.ts";
import {
  decideReports,
  type Outcomes,
  type ReportedRecipient,
  type ReportPlan,
  type ReportPolicy,
} from "../dsn/decide.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { MessageReader } from "../envelope/message.ts";
import type { Recipient, RecipientState } from "../envelope/recipient.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import type { Log } from "../log/log.ts";
import { addressSpans } from "../mail/address-list.ts";
import { formatField, isField, unfold } from "../mail/header.ts";
import { replyText } from "../mail/reply.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { macroValue } from "../rewriting/macro-value.ts";
import type { Claim } from "../queue/queue.ts";
import type { Expansion } from "../routing/expansion.ts";
import type { MailRules } from "../routing/mail-rules.ts";
import { readTrustedText } from "../mailbox/trusted-text.ts";
import type { Site } from "../site/site.ts";
import type { Clock } from "../sys/clock.ts";
import type { Intake } from "../reception/intake.ts";
import { bareAddress } from "../reception/submission-recipients.ts";
import { Transaction } from "../reception/transaction.ts";
import { queueTimeout } from "./queue-timeouts.ts";

export interface ReportSender {
  readonly intake: Intake;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Tells whoever has to hear of these outcomes. Throws when a report that is due cannot be queued.
 * @returns recipients of a report of ours that nobody can be told of any more
 */
export async function tellSenders(
  sender: ReportSender,
  site: Site,
  envelope: Envelope,
  outcomes: Outcomes,
  message: MessageReader,
): Promise<readonly ReportedRecipient[]> {
  const { failed, delayed, delivered } = outcomes;
  const isQuiet = envelope.deliverBy === undefined && delivered.every(({ recipient }) => !recipient.notify);
  if (failed.length === 0 && delayed.length === 0 && isQuiet) return [];
  const { plans, lost } = decideReports(envelope, outcomes, policyOf(site.config, envelope));
  for (const plan of plans) await send(sender, site, plan, envelope, message);
  return lost;
}

/**
 * Tells who wants to hear of success that an alias of several, or a list, has his message: there his wish ends (RFC 3461
 * §5.2.7). It has to be told before the expansion is written down.
 */
export async function tellExpanded(
  sender: ReportSender,
  site: Site,
  claim: Claim,
  { changes, added }: Expansion,
): Promise<void> {
  const { envelope } = claim.entry;
  const known = envelope.recipients;
  const named = changes.flatMap(({ index, state, status }) => reported(index, state, known[index], status));
  const members = added.flatMap((each, offset) => reported(known.length + offset, each.state, each, each.status));
  const delivered = [...named, ...members];
  if (delivered.length === 0) return;
  const expanded = members.length === 0 ? envelope : { ...envelope, recipients: [...known, ...added] };
  await tellSenders(sender, site, expanded, { failed: [], delayed: [], delivered }, claim.message());
}

function reported(
  index: number,
  state: RecipientState,
  recipient: Recipient,
  status: RecipientStatus | undefined,
): readonly ReportedRecipient[] {
  const isTold = state === "expanded" && status !== undefined && recipient.notify?.includes("SUCCESS") === true;
  return isTold ? [{ index, recipient, status }] : [];
}

function policyOf(config: Config, about: Envelope): ReportPolicy {
  const { options } = config;
  const privacy = privacyOf(options);
  return {
    doubleBounceAddress: options.text("DoubleBounceAddress"),
    postmasterCopy: options.text("PostmasterCopy"),
    noReceipts: privacy.has("noreceipts"),
    noBodyReturn: privacy.has("nobodyreturn"),
    errorsTo: options.flag("UseErrorsTo") ? errorsTo(about) : [],
  };
}

/** The addresses of Errors-To: fields (O UseErrorsTo). */
function errorsTo({ headers }: Envelope): string[] {
  return headers
    .filter((field) => isField(field, "Errors-To"))
    .flatMap(({ value }) => addressSpans(value).map(({ start, end }) => bareAddress(unfold(value.slice(start, end)))));
}

/** O ErrorHeader: text for the top of a report, or the name of a file that holds it. */
function siteText(config: Config): readonly string[] {
  const text = config.options.text("ErrorHeader");
  if (text === "") return [];
  if (!text.startsWith("/")) return [config.expand(text, config.macros)];
  const safety = { dontBlame: dontBlameOf(config.options) };
  const file = readTrustedText(text, "errorHeader", safety, LONGEST_SITE_TEXT);
  return file.kind === "read" ? file.text.trimEnd().split(/\r?\n/) : [];
}

const LONGEST_SITE_TEXT = 16_384;

async function send(
  sender: ReportSender,
  site: Site,
  plan: ReportPlan,
  about: Envelope,
  message: MessageReader,
): Promise<void> {
  const { intake, clock, log } = sender;
  const { config } = site;
  const scope = config.macros.child([
    ["f", ""],
    ["g", "<>"],
    ["_", "localhost"],
    ["r", undefined],
    ["s", "localhost"],
  ]);
  const recipients = await Promise.all(plan.to.map((address) => recipientOf(site.rules, address, scope)));
  const session = Transaction.ofSession(site, { relay: "localhost" }, scope);
  const transaction = session.message({
    sender: "",
    isReport: true,
    // Inside of the report other characters may stand anywhere; its way back needs SMTPUTF8 only when its address has some.
    smtputf8: about.smtputf8 && plan.to.some((to) => !/^[\x00-\x7f]*$/.test(to)),
    // What is returned of it must not be read on the way, either (RFC 8689 §5).
    ...(about.requireTls && { requireTls: about.requireTls }),
    ...(about.smtputf8 || (about.eightBit && !plan.headersOnly) ? { bodyType: "8BITMIME" as const } : {}),
  });
  transaction.recipients.push(...recipients);
  const incoming = await intake.begin(transaction);
  try {
    const now = clock.now();
    const report = composeReport({
      plan,
      envelope: about,
      message,
      id: incoming.id,
      now,
      host: macroValue("j", config.macros),
      daemonName: macroValue("n", config.macros) || "MAILER-DAEMON",
      warnAfter: queueTimeout(config, "queuewarn", about),
      giveUpAfter: queueTimeout(config, "queuereturn", about),
      siteText: siteText(config),
      plain: !config.options.flag("SendMimeErrors"),
      types: ({ resolved }) => (resolved === undefined ? undefined : config.mailers.get(resolved.mailer)?.types),
      hideActual: privacyOf(config.options).has("noactualrecipient"),
    });
    await incoming.write(Buffer.from(`${report.headers.map(formatField).join("")}\r\n`, "latin1"));
    for await (const chunk of report.body) await incoming.write(chunk);
    log.write(5, { priority: "info", id: about.id, text: `${incoming.id}: ${reasonOf(plan)}` });
  } catch (error) {
    incoming.abort();
    throw error;
  }
  const answer = await incoming.finish();
  if (answer.code !== 250) throw new Error(`cannot queue the report about ${about.id}: ${replyText(answer)}`);
}

/** A report goes to the reverse-path of the message, wherever that leads now. */
async function recipientOf(rules: MailRules, address: string, scope: MacroScope): Promise<Recipient> {
  const recipient: Recipient = { given: address, state: "todo", notify: ["NEVER"] };
  const resolution = await rules.resolve(address, scope);
  return resolution.kind === "triple" ? { ...recipient, resolved: resolution.triple } : recipient;
}

/** What the log says the report is about, in sendmail's words. */
function reasonOf({ kind, failed, delayed }: ReportPlan): string {
  const first = failed[0] ?? delayed[0];
  const what = first === undefined ? "return receipt" : first.status.text;
  if (kind === "postmaster-copy") return `postmaster notify: ${what}`;
  return kind === "double-bounce"
    ? `return to sender: ${what}`
    : `${failed.length > 0 ? "DSN" : "sender notify"}: ${what}`;
}
