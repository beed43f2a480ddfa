/**
 * The judges that ask who has sent a message (docs/sender.md): SPF at MAIL, DKIM, ARC and DMARC at the end of its data. They
 * find out and tell (macros, Authentication-Results, log); whether somebody is refused is decided by the rulesets check_spf and
 * check_auth, which are asked behind them.
 *
 * What does it is loaded with the first message that it is for.
 */
import type { FairQuestions } from "../authentication/fair-resolver.ts";
import type { SenderEvidence } from "../authentication/evidence.ts";
import type { Told } from "../authentication/results-field.ts";
import type { SenderCheck, SenderCheckSettings } from "../config/sender-checks.ts";
import type { Log } from "../log/log.ts";
import type { HeaderField } from "../mail/header.ts";
import { reply } from "../mail/reply.ts";
import { shorten } from "../log/safe-text.ts";
import { whenReady, type MaybePromise } from "../sys/maybe-promise.ts";
import type { Clock } from "../sys/clock.ts";
import { isLoopback } from "../sys/ip-address.ts";
import type { HeaderEdit } from "./changes.ts";
import type { Judge, Judgement, JudgeTable, Stage, Subjects } from "./judges.ts";
import { askRuleset } from "./ruleset-judges.ts";
import { macrosOfMail, macrosOfMessage, resultWords } from "./sender-macros.ts";
import type { Transaction } from "./transaction.ts";

export interface SenderCheckEnvironment {
  readonly clock: Clock;
  /** Absent: nothing is logged. */
  readonly log?: Log;
  /** From 0 to 1, for pct= of DMARC. */
  readonly random?: () => number;
  /** Hears what was known of each message that was looked at, when it is decided what becomes of it. */
  readonly heard?: (evidence: SenderEvidence, at: Date) => void;
}

const OK: Judgement = { kind: "ok" };
/** Whoever floods us with questions must not be let in because they have no answers. */
const CROWDED = reply(451, "4.7.24", "Too much of your mail has senders that are still being looked up");
const RESULTS_LEVEL = 9;
/** Not that of the ruleset: people see both. */
const NAME = "senders";

type Machinery = typeof import("../authentication/examination.ts") &
  typeof import("../authentication/fair-resolver.ts") &
  typeof import("../authentication/iprev.ts") &
  typeof import("../authentication/results-field.ts") &
  typeof import("./gateway-results.ts");
let machinery: MaybePromise<Machinery> | undefined;

function load(): MaybePromise<Machinery> {
  return (machinery ??= Promise.all([
    import("../authentication/examination.ts"),
    import("../authentication/fair-resolver.ts"),
    import("../authentication/iprev.ts"),
    import("../authentication/results-field.ts"),
    import("./gateway-results.ts"),
  ]).then((parts) => (machinery = Object.assign({}, ...parts) as Machinery)));
}

export function senderJudges(environment: SenderCheckEnvironment): Pick<Required<JudgeTable>, "mail" | "sender"> {
  return { mail: [atMail(environment), checkSpf], sender: [atEnd(environment), checkAuth(environment)] };
}

type FairShare = (loaded: Machinery) => FairQuestions;

function atMail(environment: SenderCheckEnvironment): Judge {
  // One resolver serves all configurations of a process; so does what shares it out.
  let questions: FairQuestions | undefined;
  const fair: FairShare = ({ FairQuestions }) => (questions ??= new FairQuestions(environment.clock));
  return {
    name: NAME,
    judge(_stage, transaction) {
      const settings = transaction.site.senderChecks;
      if (settings === undefined) return OK;
      return whenReady(checksFor(transaction, settings), (checks) =>
        checks.size === 0 ? OK : lookAtSender(transaction, settings, checks, { ...environment, fair }),
      );
    },
  };
}

const NO_CHECKS: ReadonlySet<SenderCheck> = new Set();

/** None for whoever may send in the name of others: logins, hosts of ours, programs of this machine, other ports. */
function checksFor(
  { client, scope, site }: Transaction,
  { checks, gateways }: SenderCheckSettings,
): MaybePromise<ReadonlySet<SenderCheck>> {
  const address = clientAddress(scope.get("client_addr"));
  if (client.fromAnywhere !== true || scope.get("auth_type") || address === undefined) return NO_CHECKS;
  if (isLoopback(address) || gateways.has(address)) return NO_CHECKS;
  const asked = [scope.get("client_name") ?? "", scope.get("client_addr") ?? ""];
  return whenReady(site.rules.select("sender_checks", asked, scope), (text) => {
    if (text === undefined || text.trim() === "") return checks;
    const words = new Set(text.toLowerCase().split(/[\s,]+/));
    return new Set([...checks].filter((check) => words.has(check)));
  });
}

function clientAddress(written: string | undefined): string | undefined {
  const address = written?.replace(/^IPv6:/i, "") ?? "";
  return /^[0-9.]{7,}$|^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(address) ? address : undefined;
}

async function lookAtSender(
  transaction: Transaction,
  { hostName, timeLimit }: SenderCheckSettings,
  checks: ReadonlySet<SenderCheck>,
  { clock, random = Math.random, fair }: SenderCheckEnvironment & { readonly fair: FairShare },
): Promise<Judgement> {
  const { scope, site, announced } = transaction;
  const loaded = await load();
  const { Examination, iprevOf } = loaded;
  const address = clientAddress(scope.get("client_addr")) ?? "";
  const introduction = {
    client: address,
    helo: scope.get("s") ?? "",
    mailFrom: announced.sender,
    iprev: iprevOf(address, scope.get("client_resolve") ?? "", scope.get("client_ptr") ?? ""),
  };
  const resolver = fair(loaded).share(site.hosts.resolver, address, timeLimit);
  const hasWaited = (): boolean => resolver.hasWaited;
  const examination = new Examination(introduction, checks, {
    resolver,
    hasWaited,
    clock,
    timeLimit,
    hostName,
    random,
  });
  const told = await examination.sender();
  transaction.examination = examination;
  if (told.spf?.result === "temperror" && resolver.hasWaited) {
    return { kind: "defer", reply: CROWDED, why: resultWords(told) };
  }
  return { kind: "ok", why: resultWords(told), changes: { macros: macrosOfMail(told) } };
}

/** Behind the results of SPF: is the sender let in? */
const checkSpf: Judge = {
  name: "check_spf",
  judge(_stage, transaction) {
    const { scope, examination } = transaction;
    const result = scope.get("spf");
    if (examination === undefined || result === undefined) return OK;
    return askRuleset(transaction, "check_spf", [result, scope.get("spf_domain") ?? ""]);
  },
};

function atEnd(environment: SenderCheckEnvironment): Judge {
  return {
    name: NAME,
    judge<S extends Stage>(_stage: S, transaction: Transaction, subject: Subjects[S]) {
      const settings = transaction.site.senderChecks;
      if (settings === undefined) return OK;
      const { fields } = subject as Subjects["sender"];
      return whenReady(load(), (loaded) => lookAtMessage(loaded, transaction, settings, fields, environment));
    },
  };
}

async function lookAtMessage(
  { falseResults, resultsField, macrosOfGateway }: Machinery,
  transaction: Transaction,
  { authservId, hostName, gateways }: SenderCheckSettings,
  fields: readonly HeaderField[],
  { log }: SenderCheckEnvironment,
): Promise<Judgement> {
  const { examination, scope } = transaction;
  const address = clientAddress(scope.get("client_addr"));
  const isTrusted = address !== undefined && gateways.has(address);
  if (isTrusted && examination === undefined) {
    // A gateway has $j of its own, but may share a name that was given to both.
    return toldByGateway(transaction, authservId === hostName ? [] : [authservId], fields, macrosOfGateway);
  }
  const isUnwanted = falseResults(authservId);
  const header: HeaderEdit[] = !isTrusted && fields.some(isUnwanted) ? [{ kind: "remove", isUnwanted }] : [];
  if (examination === undefined) return header.length === 0 ? OK : { kind: "ok", changes: { header } };
  examination.begin(fields);
  const { evidence, told, crowded } = await examination.finish();
  header.push({ kind: "add", field: resultsField(authservId, told), before: 0 });
  const why = resultWords(told);
  logResults(log, transaction, why, told);
  if (crowded) return { kind: "defer", reply: CROWDED, why };
  return { kind: "ok", why, changes: { macros: macrosOfMessage(told), header, evidence } };
}

/** It has decided, and check_auth is not asked again: rules behind it, and mailers, know what it found. */
function toldByGateway(
  { client, scope }: Transaction,
  shared: readonly string[],
  fields: readonly HeaderField[],
  macrosOfGateway: Machinery["macrosOfGateway"],
): Judgement {
  // As with strangers: of logins, and at ports for submission, nothing is told.
  if (client.fromAnywhere !== true || scope.get("auth_type")) return OK;
  const name = scope.get("client_resolve") === "OK" ? scope.get("client_name") : undefined;
  const macros = macrosOfGateway(fields, name === undefined || name === "" ? shared : [name, ...shared]);
  const why = macros.map(([macro, value]) => `${macro}=${value}`).join(", ");
  return macros.length === 0 ? OK : { kind: "ok", why: `told by the gateway: ${why}`, changes: { macros } };
}

/** One line for each message that was looked at. */
function logResults(log: Log | undefined, { id, client: { relay } }: Transaction, words: string, told: Told): void {
  if (log?.enabled(RESULTS_LEVEL) !== true) return;
  log.write(RESULTS_LEVEL, {
    priority: "info",
    ...(id === undefined ? {} : { id }),
    text: `sender: ${words}, relay=${shorten(relay)}`,
    fields: () => ({
      event: "sender",
      ...Object.fromEntries([...macrosOfMail(told), ...macrosOfMessage(told)]),
      relay,
    }),
  });
}

/** Behind all results: is the message let in? Then whoever collects evidence hears of it. */
function checkAuth({ clock, heard }: SenderCheckEnvironment): Judge {
  return {
    name: "check_auth",
    judge(_stage, transaction) {
      const { scope } = transaction;
      const evidence = transaction.evidence(NAME) as Omit<SenderEvidence, "disposition"> | undefined;
      if (evidence === undefined) return OK;
      const asked = [scope.get("dmarc") ?? "", scope.get("dmarc_policy") ?? "", scope.get("dmarc_domain") ?? ""];
      return whenReady(askRuleset(transaction, "check_auth", asked), (judgement) => {
        // What comes again later is told of when it is decided.
        if (judgement.kind === "defer") return judgement;
        heard?.({ ...evidence, disposition: dispositionOf(judgement) }, new Date(clock.now()));
        return judgement;
      });
    },
  };
}

function dispositionOf({ kind }: Judgement): SenderEvidence["disposition"] {
  if (kind === "refuse" || kind === "discard") return "reject";
  return kind === "quarantine" ? "quarantine" : "none";
}
