/**
 * What a line of a mail log says, behind its queue id: the `key=value, key=value` lines of mail-log.ts and of a genuine
 * sendmail, and the few others that a message's story needs.
 *
 * Nothing in such a line is escaped: a sender may be `"a, size=1"@x`, a Message-Id and a reply may hold `, relay=y`. So each
 * kind is read by what can stand where: addresses in angle brackets are walked over with their quotes, fields of our own
 * words are looked for from the side on which strangers have nothing to say, and `stat=` and `reject=` reach to the end.
 */

export type Facts =
  | FromFacts
  | ToFacts
  | RulesetFacts
  | FilterFacts
  | LinkFacts
  | { readonly kind: "quarantine"; readonly reason: string }
  | { readonly kind: "discarded" }
  /** Words only: `lost input channel from ...`. */
  | { readonly kind: "other" };

export interface FromFacts {
  readonly kind: "from";
  /** Without angle brackets; "" for the null reverse-path. */
  readonly from: string;
  readonly size: number;
  readonly nrcpts: number;
  readonly msgid?: string;
  readonly bodytype?: string;
  readonly proto?: string;
  readonly daemon?: string;
  readonly tlsVerify?: string;
  readonly auth?: string;
  readonly relay: string;
}

/** What became of recipients at one attempt. */
export type Outcome = "sent" | "queued" | "deferred" | "bounced";

export interface ToFacts {
  readonly kind: "to";
  /** Without angle brackets. */
  readonly to: readonly string[];
  /** In whose name: an alias or a user, with "(uid/gid)" as it stands there. */
  readonly ctladdr?: string;
  /** Seconds since the message came, and of the attempt. */
  readonly delay: number;
  readonly xdelay: number;
  readonly mailer?: string;
  readonly relay?: string;
  /** What the owner of the next host has published about connections: "dane=3-1-1". */
  readonly line?: string;
  readonly dsn?: string;
  readonly stat: string;
  readonly outcome: Outcome;
}

export interface RulesetFacts {
  readonly kind: "ruleset";
  readonly ruleset: string;
  readonly arg1: string;
  readonly arg2?: string;
  readonly relay: string;
  readonly verdict: "reject" | "discard" | "quarantine";
  /** The reply, or the reason; "" of what is discarded. */
  readonly text: string;
}

/** A mail filter's refusal. */
export interface FilterFacts {
  readonly kind: "filter";
  readonly filter?: string;
  readonly text: string;
}

/** The message has to do with another one. */
export interface LinkFacts {
  readonly kind: "link";
  readonly id: string;
  /** report: `id` tells the sender about this message; part: `id` has some of its recipients; origin: this one was `id`. */
  readonly how: "report" | "part" | "origin";
  readonly text: string;
}

const BEGINNINGS: readonly (readonly [string, (text: string) => Facts | undefined])[] = [
  ["from=", readFrom],
  ["to=", readTo],
  ["ruleset=", readRuleset],
  ["Milter: ", readFilter],
  ["milter=", readNamedFilter],
  ["split: ", readSplit],
  ["quarantine=", (text) => ({ kind: "quarantine", reason: text.slice("quarantine=".length) })],
  ["discarded", (text) => (text === "discarded" ? { kind: "discarded" } : undefined)],
  ["taken over from the client queue", readTakenOver],
];

/** The longest text that is looked into; of more only words are known. */
const LONGEST = 16_384;

/** @param text of a line, behind its queue id */
export function readFacts(text: string): Facts {
  if (text.length > LONGEST) return { kind: "other" };
  const row = BEGINNINGS.find(([beginning]) => text.startsWith(beginning));
  return (row === undefined ? readLink(text) : row[1](text)) ?? { kind: "other" };
}

const SIZES = /, size=(\d+), class=(-?\d+)(?:, pri=-?\d+)?, nrcpts=(\d+)/g;
/** Fields behind msgid=, from the last to the first: what they may be. */
const BEHIND_MESSAGE_ID = [
  ["auth", /^[^, ]+$/],
  ["tls_verify", /^[A-Z_]+$/],
  ["daemon", /^[^,=]+$/],
  ["proto", /^\w+$/],
  ["bodytype", /^[\w-]+$/],
] as const;

/** `from=<a@b>, size=331, class=0, nrcpts=1, msgid=<1@b>, proto=ESMTP, daemon=MTA, relay=host.b [192.0.2.1]` */
function readFrom(text: string): FromFacts | undefined {
  const sizes = firstMatch(SIZES, text, endOfPaths(text, "from=".length));
  if (sizes === undefined) return undefined;
  const from = withoutBrackets(text.slice("from=".length, sizes.index));
  const known = { kind: "from", from, size: Number(sizes[1]), nrcpts: Number(sizes[3]) } as const;
  let rest = text.slice(sizes.index + sizes[0].length);
  const relayAt = rest.lastIndexOf(", relay=");
  const relay = relayAt === -1 ? "" : rest.slice(relayAt + ", relay=".length);
  if (relayAt !== -1) rest = rest.slice(0, relayAt);
  const fields: Partial<Record<(typeof BEHIND_MESSAGE_ID)[number][0] | "msgid", string>> = {};
  for (const [key, shape] of BEHIND_MESSAGE_ID) {
    const at = rest.lastIndexOf(", ");
    const prefix = `, ${key}=`;
    if (at === -1 || !rest.startsWith(prefix, at)) continue;
    const value = rest.slice(at + prefix.length);
    if (!shape.test(value)) continue;
    fields[key] = value;
    rest = rest.slice(0, at);
  }
  if (rest.startsWith(", msgid=")) fields.msgid = rest.slice(", msgid=".length);
  const { tls_verify: tlsVerify, ...others } = fields;
  return { ...known, ...others, ...(tlsVerify !== undefined && { tlsVerify }), relay };
}

const DELAYS = /, delay=((?:\d+\+)?\d\d:\d\d:\d\d)(?:, xdelay=((?:\d+\+)?\d\d:\d\d:\d\d))?(?=,)/g;
const CONTROLLING = ", ctladdr=";

/** `to=<c@d>, ctladdr=<l@b> (8/8), delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1, relay=x, dsn=2.0.0, stat=Sent (ok)` */
function readTo(text: string): ToFacts | undefined {
  const paths = endOfPaths(text, "to=".length);
  const afterOwner = text.startsWith(CONTROLLING, paths) ? endOfPaths(text, paths + CONTROLLING.length) : paths;
  const delays = firstMatch(DELAYS, text, afterOwner);
  if (delays === undefined) return undefined;
  const head = text.slice("to=".length, delays.index);
  // Where an address does not show its end: from behind, whose name it is hardly holds a comma.
  const hasEnd = paths > "to=".length;
  const named = text.startsWith(CONTROLLING, paths) ? paths - "to=".length : -1;
  const split = hasEnd ? named : head.lastIndexOf(CONTROLLING);
  const to = pathsOf(split === -1 ? head : head.slice(0, split));
  const fields: Record<string, string> = {};
  let at = delays.index + delays[0].length;
  while (text.startsWith(", ", at)) {
    const equals = text.indexOf("=", at);
    if (equals === -1) break;
    const key = text.slice(at + 2, equals);
    const end = key === "stat" ? text.length : endOfField(text, key, equals + 1);
    fields[key in FIELDS_OF_TO ? key : "line"] =
      key in FIELDS_OF_TO ? text.slice(equals + 1, end) : text.slice(at + 2, end);
    at = end;
  }
  const { stat, mailer, relay, dsn, line } = fields;
  if (stat === undefined) return undefined;
  return {
    kind: "to",
    to,
    ...(split !== -1 && { ctladdr: head.slice(split + CONTROLLING.length) }),
    delay: seconds(delays[1]),
    xdelay: seconds(delays[2] ?? "00:00:00"),
    ...(mailer !== undefined && { mailer }),
    ...(relay !== undefined && { relay }),
    ...(line !== undefined && { line }),
    ...(dsn !== undefined && { dsn }),
    stat,
    outcome: outcomeOf(stat, dsn),
  };
}

const FIELDS_OF_TO: Readonly<Record<string, true>> = {
  mailer: true,
  pri: true,
  relay: true,
  ntries: true,
  quarantine: true,
  reply: true,
  dsn: true,
  stat: true,
};

/** Words of strangers hold commas. */
const FOREIGN: ReadonlySet<string> = new Set(["relay", "quarantine", "reply"]);

function endOfField(text: string, key: string, from: number): number {
  const after = FOREIGN.has(key) ? /, (?:dsn|stat|quarantine|reply|[a-z]+=[\w-]+, (?:dsn|stat))=/g : /, /g;
  after.lastIndex = from;
  return after.exec(text)?.index ?? text.length;
}

/** What a time is over for has a status of class 4, and is not tried again all the same. */
const OVER = "Cannot send message for ";

function outcomeOf(stat: string, dsn: string | undefined): Outcome {
  if (stat.startsWith("Sent") || dsn?.startsWith("2.") === true) return "sent";
  if (/^queued\b/i.test(stat)) return "queued";
  if (stat.startsWith("Deferred")) return "deferred";
  return dsn?.startsWith("4.") === true && !stat.startsWith(OVER) ? "deferred" : "bounced";
}

const VERDICTS = [
  [", reject=", "reject"],
  [", quarantine=", "quarantine"],
  [", discard", "discard"],
] as const;

/** `ruleset=check_rcpt, arg1=<a@b>, relay=host.b [192.0.2.1], reject=550 5.7.1 <a@b>... Relaying denied` */
function readRuleset(text: string): RulesetFacts | undefined {
  const comma = text.indexOf(", arg1=");
  if (comma === -1) return undefined;
  const from = comma + ", arg1=".length;
  const paths = endOfPaths(text, from);
  // Of an address the end is known; other arguments may hold anything, and what follows them less.
  const relayAt = paths > from ? text.indexOf(", relay=", paths) : text.lastIndexOf(", relay=");
  const afterArguments = relayAt === -1 ? paths : relayAt + ", relay=".length;
  const found = VERDICTS.map(([words, verdict]) => ({ words, verdict, at: text.indexOf(words, afterArguments) }))
    .filter(({ at }) => at !== -1)
    .toSorted((a, b) => a.at - b.at)
    .at(0);
  if (found === undefined) return undefined;
  const head = text.slice(from, relayAt === -1 ? found.at : relayAt);
  const second = paths > from ? head.indexOf(", arg2=", paths - from) : head.lastIndexOf(", arg2=");
  return {
    kind: "ruleset",
    ruleset: text.slice("ruleset=".length, comma),
    arg1: second === -1 ? head : head.slice(0, second),
    ...(second !== -1 && { arg2: head.slice(second + ", arg2=".length) }),
    relay: relayAt === -1 ? "" : text.slice(afterArguments, found.at),
    verdict: found.verdict,
    text: found.verdict === "discard" ? "" : text.slice(found.at + found.words.length),
  };
}

/** `Milter: data, reject=550 5.7.1 no`, `Milter: connect: host=x, addr=192.0.2.1, reject=...` */
function readFilter(text: string): FilterFacts | undefined {
  const at = text.indexOf("reject=");
  return at === -1 ? undefined : { kind: "filter", text: text.slice(at + "reject=".length) };
}

/** `milter=name, action=rcpt, reject=550 5.7.1 no` */
function readNamedFilter(text: string): Facts | undefined {
  const [, filter, what, said] = /^milter=([^,]+), (?:action=\w+, )?(reject|quarantine)=(.*)$/s.exec(text) ?? [];
  if (said === undefined) return undefined;
  return what === "reject" ? { kind: "filter", filter, text: said } : { kind: "quarantine", reason: said };
}

/** `split: group=slow, nrcpts=3, newid=5AKJ3Crx012346` */
function readSplit(text: string): LinkFacts | undefined {
  const [, id] = /(?:newid=|, id[12]?=)([0-9A-Za-z]{8,24})$/.exec(text) ?? [];
  return id === undefined ? undefined : { kind: "link", how: "part", id, text };
}

/** `taken over from the client queue by the operator: 5AKJ3Crx012340` */
function readTakenOver(text: string): LinkFacts | undefined {
  const [, id] = /: ([0-9A-Za-z]{8,24})$/.exec(text) ?? [];
  return id === undefined ? undefined : { kind: "link", how: "origin", id, text };
}

/** `5AKJ3Crx012346: DSN: User unknown`, of a list with an owner `5AKJ3Crx012347: clone: owner=list-owner` */
function readLink(text: string): LinkFacts | undefined {
  const [, id, words] =
    /^(?=[A-Za-z]*\d)([0-9A-Za-z]{8,24}): ((?:DSN|return to sender|sender notify|postmaster notify|return receipt|clone): .*)$/s.exec(
      text,
    ) ?? [];
  if (id === undefined) return undefined;
  return { kind: "link", how: words.startsWith("clone: ") ? "part" : "report", id, text: words };
}

/** Where a message that was handed on is now known by: `Sent (5AKJ3Crx012345 Message accepted for delivery)`. */
export function idAtNextHop({ stat }: ToFacts): string | undefined {
  return /^Sent \((?:\d\.\d+\.\d+ )?([0-9A-Za-z]{8,24}) Message accepted for delivery\)/.exec(stat)?.[1];
}

/**
 * Walks over addresses in angle brackets with commas between them.
 * @returns where they end; `from` when there are none, or one was cut in a way that hides its end
 */
function endOfPaths(text: string, from: number): number {
  let at = from;
  for (;;) {
    const end = endOfPath(text, at);
    if (end === undefined) return from;
    if (text.startsWith(",<", end)) at = end + 1;
    else return text.startsWith(", ", end) || text.startsWith(" (", end) ? end : from;
  }
}

function endOfPath(text: string, from: number): number | undefined {
  if (text[from] !== "<") return undefined;
  let quoted = false;
  for (let at = from + 1; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at++;
    else if (char === '"') quoted = !quoted;
    else if (char === ">" && !quoted) return at + 1;
  }
  return undefined;
}

function pathsOf(list: string): string[] {
  const paths: string[] = [];
  let at = 0;
  while (at < list.length) {
    // One that was cut hides where the next begins.
    const end = endOfPath(list, at) ?? (list[at] === "<" ? list.length : nextComma(list, at));
    paths.push(withoutBrackets(list.slice(at, end)));
    at = end + 1;
  }
  return paths;
}

function nextComma(list: string, from: number): number {
  const isProgram = list[0] === "|" || list[0] === '"';
  const at = isProgram ? -1 : list.indexOf(",", from);
  return at === -1 ? list.length : at;
}

function withoutBrackets(path: string): string {
  return path.startsWith("<") && path.endsWith(">") ? path.slice(1, -1) : path;
}

function firstMatch(pattern: RegExp, text: string, from: number): RegExpExecArray | undefined {
  pattern.lastIndex = from;
  return pattern.exec(text) ?? undefined;
}

/** "2+03:00:01" → 183601 */
function seconds(text: string): number {
  const [days, time] = text.includes("+") ? text.split("+") : ["0", text];
  const [hour, minute, second] = time.split(":").map(Number);
  return ((Number(days) * 24 + hour) * 60 + minute) * 60 + second;
}
