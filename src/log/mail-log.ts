/**
 * The lines that log analysers and fail2ban read: from=, to=, ruleset=. Their wording, order and punctuation are
 * sendmail's and must not be improved.
 *
 * Foreign text is cut to a length here; what is dangerous in it is made harmless where lines are written.
 */
import { logDuration } from "../mail/date.ts";
import type { Log } from "./log.ts";
import { shorten } from "./safe-text.ts";

/** Levels at which these lines are written (LogLevel). */
const FROM_LEVEL = 5;
const REJECT_LEVEL = 4;

/** The part of an envelope that a from= line shows. */
export interface LoggedEnvelope {
  readonly id: string;
  readonly sender: string;
  readonly messageClass: number;
  readonly arrived: number;
  readonly recipients: readonly unknown[];
  readonly bodyType?: string;
}

export interface FromFacts {
  readonly envelope: LoggedEnvelope;
  /** Octets of the message. */
  readonly size: number;
  readonly messageId: string;
  /** $r: SMTP, ESMTP, ESMTPS ...; absent for messages from the command line. */
  readonly protocol?: string;
  /** Name= of the daemon port. */
  readonly daemon?: string;
  readonly relay: string;
  /** {verify} of a session with TLS. */
  readonly tlsVerify?: string;
  /** {auth_type} of an authenticated session. */
  readonly auth?: string;
  /** Recipients that count; all of the envelope when absent. */
  readonly recipientCount?: number;
}

/** One line for every message that is accepted. */
export function logFrom(log: Log, facts: FromFacts): void {
  if (!log.enabled(FROM_LEVEL)) return;
  const { envelope, size, protocol, daemon, relay, tlsVerify, auth } = facts;
  const count = facts.recipientCount ?? envelope.recipients.length;
  let text = `from=${path(envelope.sender, protocol)}, size=${size}, class=${envelope.messageClass}, nrcpts=${count}`;
  if (facts.messageId !== "") text += `, msgid=${shorten(facts.messageId)}`;
  if (envelope.bodyType) text += `, bodytype=${envelope.bodyType}`;
  if (protocol) text += `, proto=${protocol}`;
  if (daemon) text += `, daemon=${daemon}`;
  if (tlsVerify) text += `, tls_verify=${tlsVerify}`;
  if (auth) text += `, auth=${auth}`;
  text += `, relay=${shorten(relay)}`;
  log.write(FROM_LEVEL, {
    priority: "info",
    id: envelope.id,
    text,
    fields: () => ({
      event: "from",
      from: envelope.sender,
      size,
      class: envelope.messageClass,
      nrcpts: count,
      msgid: facts.messageId,
      bodytype: envelope.bodyType,
      proto: protocol,
      daemon,
      tls_verify: tlsVerify,
      auth,
      relay,
    }),
  });
}

/** SMTP senders are shown as they came, in angle brackets; a user of this machine by name. */
function path(address: string, protocol: string | undefined): string {
  return protocol === undefined && address !== "" ? shorten(address) : `<${shorten(address)}>`;
}

/** What a to= line shows of one recipient. */
export interface LoggedRecipient {
  readonly recipient: {
    readonly given: string;
    readonly parent?: number;
    readonly rights?: { readonly user: string; readonly uid: number; readonly gid: number; readonly alias?: string };
  };
}

export interface ToFacts {
  readonly envelope: Pick<LoggedEnvelope, "id" | "arrived"> & {
    readonly recipients: readonly { readonly given: string }[];
  };
  /** Recipients with the same outcome. */
  readonly recipients: readonly LoggedRecipient[];
  /** "" when no mailer was found. */
  readonly mailer: string;
  readonly priority: number;
  /** When this attempt began, and now: milliseconds since the epoch. */
  readonly started: number;
  readonly now: number;
  readonly status: {
    readonly action: string;
    readonly status: string;
    readonly text: string;
    readonly relay?: string;
    readonly line?: string;
  };
}

/** LogLevel of a to= line: failures are more interesting than deliveries, those more than deferrals. */
const TO_LEVELS: Readonly<Record<string, number>> = { failed: 7, delayed: 9 };
const DELIVERED_LEVEL = 8;

/** A list of recipients and what became of them share so many octets: more are told in further lines, as sendmail has it. */
const LONGEST_TO_LINE = 924;

/** One line for every outcome of an attempt; several when it is that of many: `to=<a@b>,<c@d>, [more], delay=...`. */
export function logTo(log: Log, facts: ToFacts): void {
  const { envelope, status } = facts;
  const level = TO_LEVELS[status.action] ?? DELIVERED_LEVEL;
  if (!log.enabled(level)) return;
  const controlling = controllingAddress(facts);
  const rest = whatBecame(facts, controlling);
  const write = (first: number, end: number, names: string): void =>
    log.write(level, {
      priority: "info",
      id: envelope.id,
      text: `to=${names}${rest}`,
      fields: () => ({
        event: "to",
        to: facts.recipients.slice(first, end).map(({ recipient }) => recipient.given),
        ctladdr: controlling,
        delay: (facts.now - envelope.arrived) / 1000,
        xdelay: (facts.now - facts.started) / 1000,
        mailer: facts.mailer,
        pri: facts.priority,
        relay: status.relay,
        line: status.line,
        dsn: status.status,
        stat: status.text,
      }),
    });
  const most = LONGEST_TO_LINE - rest.length;
  let first = 0;
  let names = "";
  facts.recipients.forEach(({ recipient }, at) => {
    const name = shorten(bracketed(recipient.given));
    if (at > first && names.length + 1 + name.length >= most) {
      write(first, at, `${names}, [more]`);
      first = at;
      names = name;
    } else names = at > first ? `${names},${name}` : name;
  });
  write(first, facts.recipients.length, names);
}

/** All of a to= line but the recipients. */
function whatBecame({ envelope, status, now, started, mailer, priority }: ToFacts, controlling?: string): string {
  let text = controlling === undefined ? "" : `, ctladdr=${controlling}`;
  text += `, delay=${logDuration(now - envelope.arrived)}, xdelay=${logDuration(now - started)}`;
  if (mailer !== "") text += `, mailer=${mailer}`;
  text += `, pri=${priority}`;
  if (status.relay) text += `, relay=${shorten(status.relay)}`;
  if (status.line !== undefined) text += `, ${status.line}`;
  // Of who was not tried at all there is no status.
  if (status.status !== "") text += `, dsn=${status.status}`;
  return `${text}, stat=${shorten(status.text)}`;
}

/**
 * Recipients of one transaction in the order of their lines: those with the same outcome together, whom somebody refused each
 * by himself, so that refusals can be counted.
 */
export function sameOutcomes<Each extends LoggedRecipient & { readonly status: ToFacts["status"] }>(
  recipients: readonly Each[],
): Iterable<readonly Each[]> {
  const groups = new Map<string, Each[]>();
  let last: Each[] | undefined;
  for (const each of recipients) {
    const { recipient, status } = each;
    if (last !== undefined && isLike(last[0], each)) {
      last.push(each);
      continue;
    }
    const { action, text, relay = "", line = "" } = status;
    const { parent = "", rights } = recipient;
    const who = rights === undefined ? "" : `${rights.uid}/${rights.gid}/${rights.alias ?? rights.user}`;
    const alone = action === "failed" ? groups.size : "";
    const key = [alone, action, status.status, text, relay, line, parent, who].join("\n");
    const known = groups.get(key);
    if (known === undefined) groups.set(key, (last = [each]));
    else (last = known).push(each);
  }
  return groups.values();
}

/** True for what is mostly so: one has the very outcome of the other, and both were named by the client. */
function isLike<Each extends LoggedRecipient & { readonly status: ToFacts["status"] }>(
  one: Each,
  other: Each,
): boolean {
  if (one.status !== other.status || one.status.action === "failed") return false;
  const [a, b] = [one.recipient, other.recipient];
  return a.parent === undefined && b.parent === undefined && a.rights === undefined && b.rights === undefined;
}

/** Addresses are shown in angle brackets, files, programs and names of users as they are. */
function bracketed(given: string): string {
  return given.includes("@") && !/^(?:[<|/:]|"[|/:])/.test(given) ? `<${given}>` : given;
}

/** In whose name a recipient from an alias or a .forward file is served: `<list@x> (1001/100)`. */
function controllingAddress({ recipients, envelope }: ToFacts): string | undefined {
  const [{ recipient }] = recipients;
  const { parent, rights } = recipient;
  if (parent === undefined && rights === undefined) return undefined;
  const name = parent === undefined ? (rights!.alias ?? rights!.user) : (envelope.recipients[parent]?.given ?? "");
  const shown = shorten(bracketed(name));
  return rights === undefined ? shown : `${shown} (${rights.uid}/${rights.gid})`;
}

export interface VerdictFacts {
  /** Queue id, when there is one already. */
  readonly id?: string;
  /** "check_rcpt", "check_mail", the name of a header check ... */
  readonly ruleset: string;
  readonly arg1: string;
  readonly arg2?: string;
  /** `$_`: "mail.example.test [192.0.2.1]". */
  readonly relay: string;
  /** What became of it: "reject=550 5.7.1 <a@b>... Relaying denied", "discard", "quarantine=reason". */
  readonly outcome: string;
  /** The rule that decided, and where it came from: asked for when somebody wants to read it. */
  readonly rule?: () => { readonly rule: string; readonly origin?: string } | undefined;
}

/** From here on the rule that decided has a line of its own. */
const RULE_LEVEL = 10;

/** One line for everything a ruleset refuses, throws away or puts aside. */
export function logVerdict(log: Log, facts: VerdictFacts): void {
  if (!log.enabled(REJECT_LEVEL)) return;
  const { id, ruleset, arg1, arg2, relay, outcome } = facts;
  const second = arg2 === undefined || arg2 === "" ? "" : `, arg2=${shorten(arg2)}`;
  const text = `ruleset=${ruleset}, arg1=${shorten(arg1)}${second}, relay=${shorten(relay)}, ${shorten(outcome, 512)}`;
  const equals = outcome.indexOf("=");
  const rule = facts.rule?.();
  log.write(REJECT_LEVEL, {
    priority: "notice",
    id,
    text,
    fields: () => ({
      event: "ruleset",
      ruleset,
      arg1,
      arg2,
      relay,
      ...(equals === -1 ? { [outcome]: true } : { [outcome.slice(0, equals)]: outcome.slice(equals + 1) }),
      ...rule,
    }),
  });
  if (rule === undefined || !log.enabled(RULE_LEVEL)) return;
  const origin = rule.origin === undefined ? "" : `, origin=${rule.origin}`;
  log.write(RULE_LEVEL, { priority: "info", id, text: `ruleset=${ruleset}, rule=${rule.rule}${origin}` });
}
