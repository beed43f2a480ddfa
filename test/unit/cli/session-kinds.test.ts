/** `rulemail session` with all that a session can be: mail filters, logins and their limits, LMTP, chunks, typed lines. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runSession } from "../../../src/cli/session/command.ts";
import { TypingSpeaker } from "../../../src/cli/session/script.ts";
import type { Exchange } from "../../../src/cli/session/play.ts";
import { compileMc } from "../../../src/mc/compile.ts";
import type { Testimony } from "../../../src/reception/evidence.ts";
import { runCommand } from "../../support/command.ts";
import { until } from "../../support/smtp-dialogue.ts";
import { scriptedFilter, type ScriptedFilter } from "../../support/scripted-filter.ts";

const folder = mkdtempSync(join(tmpdir(), "session-kinds-"));
const cf = join(folder, "site.cf");
const before = process.env.RULEMAIL_MACHINE;
let filter: ScriptedFilter;

const table = (name: string): string => `text -z; -k0 -v1 ${folder}/${name}`;

function site(socket: string): string {
  return `OSTYPE(\`linux')dnl
define(\`confDOMAIN_NAME', \`mail.example.test')dnl
define(\`ALIAS_FILE', \`${folder}/aliases')dnl
define(\`confMAILBOX_DATABASE', \`passwd:${folder}/passwd')dnl
define(\`QUEUE_DIR', \`${folder}/queue')define(\`STATUS_FILE', \`${folder}/statistics')dnl
define(\`confAUTH_MECHANISMS', \`PLAIN LOGIN')TRUST_AUTH_MECH(\`PLAIN')dnl
FEATURE(\`access_db', \`hash -o -T<TMPF> ${folder}/none')dnl
FEATURE(\`delay_checks')dnl
FEATURE(\`login_limits', \`${table("limits")}')dnl
FEATURE(\`accept_unresolvable_domains')dnl
DAEMON_OPTIONS(\`Name=MTA, Port=25')dnl
DAEMON_OPTIONS(\`Name=Lists, Port=24, M=L')dnl
DAEMON_OPTIONS(\`Name=Smtps, Port=465, M=s')dnl
define(\`confSERVER_CERT', \`${folder}/cert.pem')define(\`confSERVER_KEY', \`${folder}/key.pem')dnl
INPUT_MAIL_FILTER(\`f1', \`S=unix:${socket}, F=T')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
LOCAL_CONFIG
O XclientHosts=192.0.2.50
LOCAL_RULESETS
SLocal_check_mail
R$* spammer $*	$#error $@ 5.7.1 $: "550 go away"
`;
}

beforeAll(async () => {
  writeFileSync(join(folder, "machine.json"), JSON.stringify({ hostName: "mail.example.test", nameServers: [] }));
  process.env.RULEMAIL_MACHINE = join(folder, "machine.json");
  filter = await scriptedFilter({
    on: { rcpt: [{ kind: "continue" }, { kind: "reply", code: 550, enhanced: "5.7.1", lines: ["not him"] }] },
  });
  const { address } = filter.settings;
  writeFileSync(
    cf,
    compileMc({ file: "site.mc", text: site(address.kind === "unix" ? address.path : "") }).text,
    "latin1",
  );
  writeFileSync(join(folder, "limits"), "joe;recipients/h=1\n");
  writeFileSync(join(folder, "aliases"), "list: ann, joe\n");
  writeFileSync(join(folder, "passwd"), "joe:x:1000:1000::/:/bin/sh\nann:x:1001:1001::/:/bin/sh\n");
});
afterAll(async () => {
  await filter.close();
  if (before === undefined) delete process.env.RULEMAIL_MACHINE;
  else process.env.RULEMAIL_MACHINE = before;
  rmSync(folder, { recursive: true, force: true });
});

async function* typed(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

type Document = Exchange & { readonly evidence: readonly Testimony[] };

async function told(script: readonly string[], ...words: string[]): Promise<Document[]> {
  const { output } = await runCommand(
    runSession,
    ["-C", cf, "--dns", "none", "--json", ...words],
    `${script.join("\n")}\n`,
  );
  return output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Document);
}

const RECIPIENTS = [
  "EHLO x",
  "MAIL FROM:<a@b.example>",
  "RCPT TO:<ann@mail.example.test>",
  "RCPT TO:<joe@mail.example.test>",
];

test("mail filters are asked where that is wanted, and only there", async () => {
  expect((await told(RECIPIENTS)).at(-1)?.replies[0]).toMatch(/^250/);
  expect(filter.transcript).toEqual([]);
  const { output } = await runCommand(
    runSession,
    ["-C", cf, "--dns", "none", "--filters"],
    `${RECIPIENTS.join("\n")}\n`,
  );
  const end = output.slice(output.lastIndexOf("> RCPT")).trimEnd().split("\n");
  expect(end.slice(0, 2)).toEqual([
    "> RCPT TO:<joe@mail.example.test>",
    "550 5.7.1 <joe@mail.example.test>... not him",
  ]);
  expect(end).toContain("    milter: refuse 550 5.7.1 not him");
  expect(end).toContain("        milter=f1, action=rcpt, reject=550 5.7.1 not him");
  await until(() => filter.transcript.at(-1) === "quit");
});

test("a login above its limits hears which one", async () => {
  const last = (await told(RECIPIENTS, "--auth", "joe")).at(-1);
  expect(last?.replies[0]).toMatch(/^450 4\.7\.1 .*Too much mail from this login/);
  expect(last?.evidence.at(-1)).toMatchObject({
    judge: "login_limits",
    asked: ["joe"],
    answer: { kind: "defer" },
    why: "recipients/h=1",
  });
  // Who came before is not counted: each session begins anew.
  expect((await told(RECIPIENTS.slice(0, 3), "--auth", "joe")).at(-1)?.replies[0]).toMatch(/^250/);
});

test("the rule that is named is the one that refused, not the one that handed it on", async () => {
  const refused = (await told(["EHLO x", "MAIL FROM:<spammer@b.example>", "RCPT TO:<ann@mail.example.test>"])).at(-1);
  const evidence = refused?.evidence.find(({ ruleset }) => ruleset === "check_rcpt");
  expect(evidence?.answer).toEqual({ kind: "refuse", reply: "550 5.7.1 go away" });
  expect(evidence?.rule?.text).toMatch(/^R\$\* spammer \$\* {3}-> {3}\$# error/);
});

test("an optional table that is not there is no table without entries", async () => {
  const evidence = (await told(RECIPIENTS)).at(-1)?.evidence.find(({ ruleset }) => ruleset === "check_rcpt");
  expect(evidence).toMatchObject({ answer: { kind: "ok" }, absent: ["access"] });
});

test("LMTP: an answer for each recipient; chunks stand below their BDAT", async () => {
  const script = ["LHLO x", ...RECIPIENTS.slice(1), "DATA", "Subject: x", "", "..", "."];
  const documents = await told(
    [...script, ...RECIPIENTS.slice(1), "BDAT 14", "Subject: two", "BDAT 9 LAST", "", "three", "QUIT"],
    "--port",
    "Lists",
  );
  const codes = documents.map(({ kind, replies }) => [kind, replies.map((reply) => reply.slice(0, 3)).join()]);
  expect(codes).toEqual([
    ["connect", "220"],
    ["command", "250"],
    ...["250", "250", "250", "354"].map((code) => ["command", code]),
    ["message", "250,250"],
    ...["250", "250", "250"].map((code) => ["command", code]),
    ["message", "250"],
    ["message", "250,250"],
    ["command", "221"],
  ]);
});

/** What kind each exchange is, and the codes of its replies. */
async function kindsAndCodes(script: readonly string[]) {
  const documents = await told(script);
  return documents.map(({ kind, replies }) => [kind, replies.map((reply) => reply.slice(0, 3)).join()]);
}

test("what stands below BDAT and DATA is no command and no expectation, whatever it begins with", async () => {
  const chunk = ["BDAT 7 LAST", "= 250", "= 250"];
  const message = ["DATA", "@client: x", "=", "."];
  const refused = await kindsAndCodes(["EHLO x", ...chunk, ...message, "QUIT"]);
  expect(refused.slice(2)).toEqual([
    ["message", "503"],
    ["command", "503"],
    ["unsaid", ""],
    ["command", "221"],
  ]);
  // Also behind the end of the session.
  const late = await kindsAndCodes(["QUIT", ...chunk, ...message, "= 354"]);
  expect(late.slice(1)).toEqual([
    ["command", "221"],
    ["unsaid", ""],
    ["unsaid", ""],
  ]);
});

test("TLS from the first octet comes before the greeting", async () => {
  const tls = "verify=FAIL; subject=/CN=a";
  const [connect, ehlo] = await told(["EHLO x"], "--port", "Smtps", "--elsewhere", "--tls", tls);
  expect(connect?.macros).toMatchObject({ verify: "FAIL", cert_subject: "/CN=a", daemon_port: "465" });
  expect(connect?.evidence.map(({ ruleset }) => ruleset)).toContain("tls_client");
  expect(ehlo?.replies[0]).not.toContain("STARTTLS");
});

test("XCLIENT makes another client of it, about whom the DNS is asked", async () => {
  const said = ["EHLO x", "XCLIENT ADDR=192.0.2.9", "EHLO y", "MAIL FROM:<a@b.example>", "RCPT TO:<c@d.example>"];
  const documents = await told(said, "--client", "192.0.2.50", "--name", "proxy.example");
  expect(documents[2]?.macros).toMatchObject({ client_addr: "192.0.2.9", client_resolve: "FAIL" });
  expect(documents.at(-1)?.replies[0]).toMatch(/IP name lookup failed \[192\.0\.2\.9\]$/);
});

test("a line without end is the end", async () => {
  const documents = await told(["EHLO x", `NOOP ${"x".repeat(3000)}`, "QUIT"]);
  expect(documents.map(({ kind, replies }) => [kind, replies[0]?.slice(0, 3)]).slice(2)).toEqual([
    ["command", expect.stringMatching(/^[45]/)],
    ["unsaid", undefined],
  ]);
});

test("AUTH in a script is the server's; what it asks is answered by the next line", async () => {
  const documents = await told(["EHLO x", "AUTH LOGIN", "am9l", "> *", "AUTH FOO", "QUIT", "NOOP"]);
  expect(documents.slice(2).map(({ kind, replies }) => [kind, replies[0]?.slice(0, 3)])).toEqual([
    ["command", "503"],
    ["command", "500"],
    ["command", "500"],
    ["command", "503"],
    ["command", "221"],
    ["unsaid", undefined],
  ]);
});

test("a session leaves nothing behind", async () => {
  const there = readdirSync(folder).toSorted();
  const message = ["DATA", "Subject: x", "", "x", "."];
  expect(
    (await told([...RECIPIENTS, ...message, "VRFY list", "EXPN list", "ETRN b.example", "QUIT"])).at(-1)?.replies,
  ).toEqual(["221 2.0.0 mail.example.test closing connection"]);
  expect(readdirSync(folder).toSorted()).toEqual(there);
});

test("who types may leave lines empty, and is asked for nothing", async () => {
  const speaker = new TypingSpeaker(typed(["", "# nothing\r", "EHLO x\r", "> ", "DATA", "hello", "..", "."]));
  const said = [
    await speaker.next(),
    await speaker.next(),
    await speaker.next(),
    await speaker.message(),
    await speaker.next(),
  ];
  expect(said.map((each) => each && [each.line, each.text])).toEqual([
    [3, "EHLO x"],
    [4, ""],
    [5, "DATA"],
    [6, "hello\r\n..\r\n.\r\n"],
    undefined,
  ]);
});
