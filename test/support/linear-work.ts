/**
 * `node linear-work.ts`: how the work of everything that walks over text of strangers grows with the text. Prints as JSON what
 * is wrong, by the name of the walk. A process of its own: what has run before the counting begins is not counted block by block.
 */
import { join } from "node:path";
import { readStsId, readStsPolicy } from "../../src/authentication/policy/sts/policy-text.ts";
import { authorsOf } from "../../src/authentication/dmarc/author.ts";
import { readDmarcRecord } from "../../src/authentication/dmarc/record.ts";
import { authservIdOf, falseResults } from "../../src/authentication/results-field.ts";
import { readMacroString } from "../../src/authentication/spf/macro-string.ts";
import { readRecord } from "../../src/authentication/spf/record.ts";
import { macrosOfMessage } from "../../src/reception/sender-macros.ts";
import { attachmentsOf } from "../../src/authentication/reports/attachments.ts";
import { readMailto } from "../../src/authentication/reports/destinations.ts";
import { readReports } from "../../src/authentication/reports/read-reports.ts";
import { fromLine } from "../../src/auth/base64-line.ts";
import { publicKeyOf } from "../../src/authentication/dkim/key-record.ts";
import type { Passwords } from "../../src/auth/exchange.ts";
import { MECHANISMS } from "../../src/auth/mechanisms.ts";
import { parseDovecotLine } from "../../src/logins/dovecot-lines.ts";
import { parseRecord } from "../../src/logins/password-record.ts";
import { ManualClock } from "./manual-clock.ts";
import { verifyText } from "./whole-message.ts";
import { startCounting, workOf } from "./work-count.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { writeMessage } from "../../src/delivery/message-writer.ts";
import { reportText } from "../../src/dsn/report-text.ts";
import { Collector } from "../../src/envelope/collect.ts";
import { readFacts } from "../../src/log/read-facts.ts";
import { bounded, cut, harmless, shorten } from "../../src/log/safe-text.ts";
import { bareMailbox, isSeveral, readAddressList } from "../../src/mail/address-list.ts";
import { BinaryBody } from "../../src/mail/binary-body.ts";
import { withoutComments } from "../../src/mail/comments.ts";
import { foldAddresses, foldText } from "../../src/mail/fold.ts";
import { crackAddress } from "../../src/mail/header-address.ts";
import { type HeaderField, parseHeader, unfold } from "../../src/mail/header.ts";
import { LineShaper } from "../../src/mail/lines.ts";
import { mimeEntity } from "../../src/mail/mime-entity.ts";
import { limitMimeFields } from "../../src/mail/mime-limits.ts";
import { quotePhrase } from "../../src/mail/phrase.ts";
import { printable } from "../../src/mail/printable.ts";
import { fullNamePhrase } from "../../src/mail/full-name.ts";
import { fromList } from "../../src/mail/list-from.ts";
import { srsReverse } from "../../src/mail/srs.ts";
import { HeaderList } from "../../src/reception/header-list.ts";
import { bareAddress, headerRecipients } from "../../src/reception/submission-recipients.ts";
import { prescan } from "../../src/rewriting/prescan.ts";
import { eachLineMember, parseDestinations } from "../../src/routing/alias-list.ts";
import { createMailRules } from "../../src/routing/resolve.ts";
import type { MailRules } from "../../src/routing/mail-rules.ts";
import { readPath } from "../../src/smtpd/path.ts";
import { forTerminal, octetsForTerminal } from "../../src/sys/terminal-text.ts";
import { answeringResolver } from "./answering-resolver.ts";
import { configEnvironment } from "./config-environment.ts";
import { testJob } from "./delivery-job.ts";
import { fuzz, type Random } from "./fuzz.ts";

const OPERATORS = ".:%@!^/[]+";
const QUOTED = { mustQuote: ".'" };

/** Passwords that know nobody. */
const NOBODY: Passwords = {
  check: () => ({ kind: "unknown" }),
  plain: () => ({ kind: "unknown" }),
  scram: () => ({ kind: "unknown" }),
  token: () => ({ kind: "unknown" }),
};
const CONNECTION = {
  secure: true,
  clientAddress: "",
  serverAddress: "",
  channelBinding: Buffer.alloc(32),
  certified: { subject: "/CN=a", commonName: "a" },
};

/** So that what follows is looked at. */
function beginningOf(mechanism: string): string {
  if (mechanism.endsWith("-PLUS")) return "p=tls-exporter,,n=";
  if (mechanism.startsWith("SCRAM")) return "n,,n=";
  return mechanism === "OAUTHBEARER" ? "n,," : "";
}

/** Everything is looked at; what is cut at once costs nothing. */
const MIME_LIMITS = {
  field: 0,
  parameter: 1,
  isText: () => true,
  isStructured: () => true,
  hasParameters: () => true,
};

function binary(message: string): void {
  const body = new BinaryBody("note");
  body.write(Buffer.from(message, "latin1"));
  body.end();
}

/** Of these, a filter adds one field after the other. */
function addedFields(text: string): void {
  const list = new HeaderList({ trace: [], defaults: [], kept: [] }, []);
  for (let at = 0; at < text.length; at += 4) list.add(`X-${String(at).padStart(7, "0")}`, text.slice(at, at + 4));
}

/** A message with a key that nobody can use. */
function verified(message: string): Promise<unknown> {
  const resolver = answeringResolver({ "s._domainkey.d.test": "v=DKIM1; p=YWJj" });
  return verifyText(message, { resolver, clock: new ManualClock(), arc: true });
}

const SIGNED = `a=rsa-sha256; d=d.test; s=s; bh=${"A".repeat(43)}=; c=relaxed/relaxed; b=YQ==`;

/** Everything that walks over text of strangers. */
export const WALKS: Readonly<Record<string, (text: string) => unknown>> = {
  "addresses of a field": (text) => readAddressList(text),
  "addresses of a field, old style": (text) => readAddressList(text, true),
  "words beside each other": isSeveral,
  "mailbox without its name": bareMailbox,
  "folding of addresses": (text) => foldAddresses(text, 3, 100),
  "folding of addresses, narrow": (text) => foldAddresses(text, 3, 20),
  "folding of text": (text) => foldText(text, 3, 60),
  "frame of an address": (text) => crackAddress(text, QUOTED),
  "frame of an address, exact": (text) => crackAddress(text, { ...QUOTED, exact: true }),
  "frame of an address with colons": (text) => crackAddress(text, { ...QUOTED, colonOk: true }),
  "quotes of a phrase": (text) => quotePhrase(text, "@,;:\\()[]<>.'"),
  "fields of a header": parseHeader,
  "folding undone": unfold,
  comments: withoutComments,
  "type of a part": (text) => mimeEntity(text, "8bit"),
  "parameters of a part": (text) => mimeEntity(`multipart/mixed; x=${text}`, "8bit"),
  "long fields of MIME": (text) => limitMimeFields([{ name: "Content-Type", value: text }], MIME_LIMITS),
  "tokens of an address": (text) => prescan(text, { operators: OPERATORS, comments: "strip" }),
  "tokens of an argument": (text) => prescan(text, { operators: OPERATORS, comments: "tokens" }),
  "tokens up to a comma": (text) => prescan(text, { operators: OPERATORS, comments: "strip", delimiter: "," }),
  "path of RCPT": (text) => readPath(`TO:${text}`, "TO"),
  "path of MAIL": (text) => readPath(`FROM:<${text}> SIZE=1`, "FROM"),
  "bare address": bareAddress,
  "recipients of a header": (text) => headerRecipients([{ name: "To", value: text }], true),
  "a full name": fullNamePhrase,
  "members of a list": (text) => [...eachLineMember(text)],
  "right side of an alias": parseDestinations,
  "a binary part": (text) => binary(`Content-Transfer-Encoding: binary\r\n\r\n${text}`),
  "parts of a binary message": (text) => binary(`Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n${text}`),
  "header of a binary message": binary,
  "lines of a body": (text) =>
    new LineShaper({ eol: "\r\n", limit: 99, stuffDots: true }).shape(Buffer.from(text, "latin1")),
  "lines of a mailbox": (text) => new LineShaper({ eol: "\n", escapeFrom: true }).shape(Buffer.from(text, "latin1")),
  "sender in a log": (text) => readFacts(`from=<${text}>, size=1, class=0, nrcpts=1, msgid=${text}, relay=x`),
  "recipients in a log": (text) =>
    readFacts(`to=${text}, delay=00:00:00, xdelay=00:00:00, relay=${text}, dsn=2.0.0, stat=${text}`),
  "refusal in a log": (text) => readFacts(`ruleset=x, arg1=${text}, relay=${text}, reject=${text}`),
  "text of a log line": (text) => harmless(cut(text, 2000)) + shorten(text),
  "fields of a log line": (text) => bounded({ text, list: text.split(",") }),
  "text for a terminal": (text) => forTerminal(text) + octetsForTerminal(text),
  "text of a reply": printable,
  "text of a report": (text) => reportText(text) + reportText(text, true),
  "a line of AUTH": (text) => fromLine(text),
  ...Object.fromEntries(
    MECHANISMS.map((mechanism) => [
      `first message of ${mechanism.name}`,
      (text: string) =>
        mechanism.server(NOBODY, CONNECTION)?.step(Buffer.from(`${beginningOf(mechanism.name)}${text}`, "latin1")),
    ]),
  ),
  "a policy of MTA-STS": (text) => readStsPolicy(`version: STSv1\n${text}\nmx: ${text}`),
  "a record of MTA-STS": (text) => readStsId([`v=STSv1;${text}`, text]),
  "a line of Dovecot": parseDovecotLine,
  "a line of the password file": parseRecord,
  "a signature": (text) => verified(`DKIM-Signature: ${text}\r\nFrom: a@d.test\r\n\r\n`),
  "the fields of a signature": (text) => verified(`DKIM-Signature: v=1; ${SIGNED}; h=${text}\r\nFrom: a\r\n\r\n`),
  "what is signed": (text) => verified(`DKIM-Signature: v=1; h=from; ${SIGNED}\r\nFrom: ${text}\r\n\r\n${text}`),
  "a key": (text) => publicKeyOf(`v=DKIM1; p=YWJj; n=${text}`),
  "sets of ARC": (text) =>
    verified(
      `ARC-Seal: i=1; cv=none; ${SIGNED}\r\nARC-Message-Signature: i=1; h=from; ${SIGNED}; x=${text}\r\nARC-Authentication-Results: i=1;${text}\r\n\r\n`,
    ),
  "a record of SPF": (text) =>
    [`v=spf1 ${text}`, `v=spf1 a:${text}.a`, `v=spf1 exp=%{s${text}}.a`].map((record) => readRecord(record)),
  "an explanation of SPF": (text) => readMacroString(text, "explanation"),
  "a record of DMARC": (text) => [readDmarcRecord(text), readDmarcRecord(`v=DMARC1; p=none; rua=${text}`)],
  "whose message it is": (text) => authorsOf([{ name: "From", value: text }]),
  "results of others": (text) => [
    authservIdOf(text),
    falseResults("a")({ name: "Authentication-Results", value: `a ${text}` }),
  ],
  "results that a sealer saw": (text) => macrosOfMessage({ arc: { result: "pass", chain: [], authResults: text } }),
  "a report": (text) => readReports(Buffer.from(`<feedback>${text}`, "latin1")),
  "texts of a report": (text) => readReports(Buffer.from(`<feedback><a>${text}</a></feedback>`, "latin1")),
  "a message with reports": (text) => attachmentsOf(Buffer.from(text, "latin1")),
  "parts of a message with reports": (text) =>
    attachmentsOf(Buffer.from(`Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\n\r\n${text}`, "latin1")),
  "quoted-printable of a report": (text) =>
    attachmentsOf(Buffer.from(`Content-Transfer-Encoding: quoted-printable\r\n\r\n${text}`, "latin1")),
  "an SRS address": (text) => srsReverse(`SRS0=${text}@a.test`, { secrets: ["x"], now: 0 }, 4, 21),
  "the author of what a list sends": (text) => fromList([{ name: "From", value: text }], "tea@a.test"),
  "where reports go": readMailto,
  "fields of a filter": addedFields,
  "header octet by octet": (text) => {
    const collector = new Collector({ maxHeadersLength: 0, body: () => undefined });
    for (const octet of text) void collector.write(Buffer.from(octet, "latin1"));
    return collector.finish();
  },
};

const PIECES = [
  ...Array.from('()<>"\\,;: \t\r\n[]@.!%=\0\xff\x81'),
  ...'a, a; a: a. () <> "" (a) <a> "a" a@b, @a, @a: (\\ "\\ =? =?a?q? =?a?q?b?= @[ :: a;b< ;< a:<'.split(" "),
  "a ",
  "\\ ",
  "( ",
  "=?a?q?b ",
  "a:\r\n",
  "\r\n ",
  "a\r\n ",
  "\r\n\r",
  "From ",
];

/** Text of this length, made of one piece or of some in turn. */
function repeated(pieces: readonly string[], length: number): string {
  const unit = pieces.join("");
  // Flat, as it comes from the wire.
  return Buffer.from(unit.repeat(Math.ceil(length / unit.length)).slice(0, length), "latin1").toString("latin1");
}

/** Octets of the smaller input; FUZZ_SCALE=300 compares 240 KB with a megabyte. */
const LENGTH = 800 * Math.max(1, Number(process.env["FUZZ_SCALE"] ?? 1));
/** Linear work grows four times with four times the octets, and a little for beginnings. */
const MOST_GROWTH = 4.6;

/** How the work of all these inputs together grows: one that is not linear outweighs all others. */
async function growth(walk: (text: string) => unknown, inputs: readonly string[][], length: number): Promise<number> {
  const work = (octets: number) => {
    const texts = inputs.map((pieces) => repeated(pieces, octets));
    return workOf(async () => {
      for (const text of texts) await walk(text);
    });
  };
  // What is done at the first use counts nowhere.
  await work(64);
  const once = await work(length);
  return (await work(4 * length)) / (once + 100);
}

async function expectLinear(walk: (text: string) => unknown, inputs: readonly string[][], length: number) {
  const together = await growth(walk, inputs, length);
  if (together <= MOST_GROWTH) return;
  for (const input of inputs) {
    const alone = await growth(walk, [input], length);
    if (alone > MOST_GROWTH) throw new Error(`four times ${JSON.stringify(input)} is ${alone} times the work`);
  }
  throw new Error(`four times the input is ${together} times the work`);
}

function mixture(random: Random): string[] {
  return Array.from({ length: random(5) + 1 }, () => PIECES[random(PIECES.length)]);
}

/** The rulesets of the configuration that comes with the program. */
export async function shippedConfig(): Promise<Config> {
  const loaded = await loadConfig(join(import.meta.dirname, "../../cf/standalone.cf"), configEnvironment);
  return loaded.config!;
}

/** The header as the mailer for SMTP writes it. */
export async function relay(config: Config, rules: MailRules, headers: readonly HeaderField[]): Promise<void> {
  const job = testJob({ mailer: config.mailers.get("esmtp")!, envelope: { headers }, addresses: rules });
  const scope = config.macros.child([["g", "joe@far.test"]]);
  await writeMessage(config, job, scope, { eol: "\r\n", fromLines: false });
}

/** Beside the walks: a field on its way through the rulesets. */
export const THROUGH_RULESETS = "a field on its way through the rulesets";

async function complaintsOf(run: () => Promise<void>): Promise<string> {
  try {
    await run();
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

async function main(): Promise<void> {
  const complaints: Record<string, string> = {};
  startCounting();
  for (const [name, walk] of Object.entries(WALKS)) {
    const inputs = PIECES.map((piece) => [piece]);
    await fuzz(10, (random) => inputs.push(mixture(random)));
    complaints[name] = await complaintsOf(() => expectLinear(walk, inputs, LENGTH));
  }
  const config = await shippedConfig();
  const rules = createMailRules(config);
  const inputs = [["("], [")"], ["<"], [">"], ["a,"], ["a ("]];
  await fuzz(3, (random) => inputs.push(mixture(random)));
  const walk = (text: string) => relay(config, rules, [{ name: "To", value: ` ${text}` }]);
  complaints[THROUGH_RULESETS] = await complaintsOf(() => expectLinear(walk, inputs, 400));
  console.log(JSON.stringify(complaints));
}

if (import.meta.main) await main();
