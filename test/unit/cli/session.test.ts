/** `rulemail session`: who decides, by which rule, from which table; what is saved, and what has changed since. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Testimony } from "../../../src/reception/evidence.ts";
import type { Exchange } from "../../../src/cli/session/play.ts";
import { runSession } from "../../../src/cli/session/command.ts";
import { compileMc } from "../../../src/mc/compile.ts";
import { shippedLibrary } from "../../../src/mc/library.ts";
import { formatSourceMap, sourceMapPath } from "../../../src/source/source-map.ts";
import { runCommand } from "../../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "session-"));
const mc = join(folder, "site.mc");
const cf = join(folder, "site.cf");
const before = process.env.RULEMAIL_MACHINE;

const SITE = `OSTYPE(\`linux')dnl
define(\`confDOMAIN_NAME', \`mail.example.test')dnl
define(\`ALIAS_FILE', \`${folder}/aliases')dnl
define(\`confMAILBOX_DATABASE', \`passwd:${folder}/passwd')dnl
define(\`confLOG_LEVEL', \`14')dnl
TRUST_AUTH_MECH(\`PLAIN')dnl
define(\`confAUTH_MECHANISMS', \`PLAIN')dnl
define(\`confSERVER_CERT', \`${folder}/cert.pem')define(\`confSERVER_KEY', \`${folder}/key.pem')dnl
LOCAL_DOMAIN(\`example.test')dnl
FEATURE(\`access_db', \`text -T<TMPF> -k0 -v1 ${folder}/access')dnl
FEATURE(\`blocklist_recipients')dnl
FEATURE(\`dnsbl', \`bl.example.net')dnl
FEATURE(\`greet_pause', \`60000')dnl
DAEMON_OPTIONS(\`Name=MTA, Port=25')dnl
DAEMON_OPTIONS(\`Name=Inside, Port=2525, M=a')dnl
MAILER(\`local')dnl
MAILER(\`smtp')dnl
LOCAL_CONFIG
HSubject: $>check_subject
LOCAL_RULESETS
Scheck_subject
R$* lottery $*	$#error $@ quarantine $: lottery
R$* virus $*	$#error $@ 5.7.1 $: "550 no viruses"
`;

const ACCESS = `Connect:192.0.2.66 REJECT
Connect:partner.example RELAY
To:blocked@example.test REJECT
From:later.example TEMPFAIL
CERTIssuer:/O=Example/CN=Example+20CA RELAY
`;

const NAMES = ["@dns none", "@dns example.com A 192.0.2.9", "@dns 77.2.0.192.bl.example.net A 127.0.0.2"];

beforeAll(() => {
  writeFileSync(join(folder, "machine.json"), JSON.stringify({ hostName: "mail.example.test", nameServers: [] }));
  process.env.RULEMAIL_MACHINE = join(folder, "machine.json");
  writeFileSync(mc, SITE);
  const compiled = compileMc({ file: mc });
  writeFileSync(cf, compiled.text, "latin1");
  writeFileSync(sourceMapPath(cf), formatSourceMap(compiled.text, compiled, shippedLibrary().root));
  writeFileSync(join(folder, "access"), ACCESS);
  writeFileSync(join(folder, "aliases"), "joe: alice\n");
  writeFileSync(join(folder, "passwd"), "alice:x:1000:1000::/home/alice:/bin/sh\n");
});
afterAll(() => {
  if (before === undefined) delete process.env.RULEMAIL_MACHINE;
  else process.env.RULEMAIL_MACHINE = before;
  rmSync(folder, { recursive: true, force: true });
});

function session(script: readonly string[], ...words: string[]) {
  return runCommand(runSession, ["-C", cf, "--elsewhere", ...words], `${[...NAMES, ...script].join("\n")}\n`);
}

function expected(...files: string[]) {
  return runCommand(runSession, ["-C", cf, "--elsewhere", "--expect", ...files]);
}

/** Status and standard error. */
async function run(...words: string[]): Promise<readonly [number, string]> {
  const { status, errors } = await runCommand(runSession, words);
  return [status, errors];
}

type Document = Exchange & { readonly evidence: readonly Testimony[] };

/** The documents of --json: connecting first, then one for each command. */
async function told(script: readonly string[], ...words: string[]): Promise<Document[]> {
  const { output, errors } = await session(script, "--json", ...words);
  expect(errors).toBe("");
  return output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Document);
}

function evidenceOf(document: Document | undefined, ruleset: string): Testimony {
  const found = document?.evidence.find((each) => each.ruleset === ruleset);
  if (found === undefined) throw new Error(`no evidence of ${ruleset} in ${JSON.stringify(document)}`);
  return found;
}

/** Client, what is said last → ruleset, answer, origin of the rule, what a table answered. */
const VERDICTS: readonly (readonly [string, readonly string[], string, object, RegExp, object | undefined])[] = [
  [
    "a client in the access table",
    ["@client 192.0.2.66"],
    "check_relay",
    { kind: "refuse", reply: "550 5.7.1 Access denied" },
    /site\.mc:\d+ FEATURE\(access_db\)$/,
    { map: "access", key: "Connect:192.0.2.66", answer: "found", value: "REJECT" },
  ],
  [
    "a client in a DNS list",
    ["@client 192.0.2.77"],
    "check_relay",
    { kind: "refuse", reply: expect.stringMatching(/^550 5\.7\.1 Rejected: 192\.0\.2\.77/) },
    /site\.mc:\d+ FEATURE\(dnsbl\)$/,
    { map: "dnsbl", key: "77.2.0.192.bl.example.net.", answer: "found" },
  ],
  [
    "a DNS list that does not answer lets pass",
    ["@client 192.0.2.78", "@dns 78.2.0.192.bl.example.net tempfail"],
    "check_relay",
    { kind: "ok" },
    /site\.mc:\d+ FEATURE\(dnsbl\)$/,
    { map: "dnsbl", key: "78.2.0.192.bl.example.net.", answer: "later" },
  ],
  [
    "a sender whose domain does not exist",
    ["EHLO x", "MAIL FROM:<a@nowhere.example>"],
    "check_mail",
    { kind: "refuse", reply: "553 5.1.8 Domain of sender address a@nowhere.example does not exist" },
    /^<library>\//,
    undefined,
  ],
  [
    "a recipient who is blocked",
    ["EHLO x", "MAIL FROM:<a@example.com>", "RCPT TO:<blocked@example.test>"],
    "check_rcpt",
    { kind: "refuse", reply: "550 5.2.1 Mailbox disabled for this recipient" },
    /site\.mc:\d+ FEATURE\(blocklist_recipients\)$/,
    { map: "access", key: "To:blocked@example.test", answer: "found", value: "REJECT" },
  ],
  [
    "a recipient elsewhere",
    ["EHLO x", "MAIL FROM:<a@example.com>", "RCPT TO:<b@far.example>"],
    "check_rcpt",
    { kind: "refuse", reply: "550 5.7.1 Relaying denied. Proper authentication required." },
    /^<library>\//,
    undefined,
  ],
];

describe("rulemail session", () => {
  test.each(VERDICTS)(
    "%s: the verdict, its rule, its table",
    async (_name, script, ruleset, answer, origin, lookup) => {
      const document = (await told(script)).at(-1);
      const evidence = evidenceOf(document, ruleset);
      expect(evidence.answer).toEqual(answer);
      expect(evidence.rule?.origin).toMatch(origin);
      if (lookup !== undefined) expect(evidence.lookups).toContainEqual(expect.objectContaining(lookup));
      const { kind } = evidence.answer;
      const reply = document?.replies[0] ?? "";
      if (document?.kind === "command") expect(reply.startsWith("5")).toBe(kind === "refuse");
    },
  );

  test("what the client is changes who may relay", async () => {
    const said = ["EHLO x", "MAIL FROM:<a@example.com>", "RCPT TO:<b@far.example>"];
    const last = async (...words: string[]): Promise<string | undefined> =>
      (await told(said, ...words)).at(-1)?.replies[0];
    const plainly = "550 5.7.1 <b@far.example>... Relaying denied";
    const denied = `${plainly}. Proper authentication required.`;
    expect(await last()).toBe(denied);
    expect(await last("--client", "127.0.0.1", "--name", "localhost")).toMatch(/^250/);
    expect(await last("--name", "mx.partner.example")).toMatch(/^250/);
    expect(await last("--name", "mx.partner.example", "--resolve", "FORGED")).toBe(
      `${plainly}. IP name possibly forged [192.0.2.1]`,
    );
    expect(await last("--resolve", "FAIL")).toBe(`${plainly}. IP name lookup failed [192.0.2.1]`);
    expect(await last("--auth", "joe")).toMatch(/^250/);
    expect(await last("--auth", "joe LOGIN")).toBe(denied);
    const issuer = "issuer=/O=Example/CN=Example CA";
    expect(await last("--tls", `verify=OK; subject=/CN=gate; ${issuer}`)).toMatch(/^250/);
    expect(await last("--tls", `verify=FAIL; subject=/CN=gate; ${issuer}`)).toBe(denied);
    expect((await told(said.slice(0, 2), "--port", "Inside")).at(-1)?.replies[0]).toMatch(/^530 5\.7\.0/);
  });

  test("TLS and a login are there before the client speaks, and rules see them", async () => {
    const [, , starttls, login, mail] = await told(
      ["MAIL FROM:<a@example.com>"],
      "--tls",
      "verify=OK; subject=/O=X Y/CN=gate.example; cipher=ECDHE-RSA-AES128-GCM-SHA256; version=TLSv1.2",
      "--auth",
      "joe",
    );
    expect(starttls).toMatchObject({
      said: "STARTTLS",
      replies: ["220 2.0.0 Ready to start TLS"],
      macros: {
        verify: "OK",
        tls_version: "TLSv1.2",
        cipher: "ECDHE-RSA-AES128-GCM-SHA256",
        cipher_bits: "128",
        cert_subject: "/O=X+20Y/CN=gate.example",
        cn_subject: "gate.example",
      },
    });
    expect(login).toMatchObject({ kind: "login", macros: { auth_type: "PLAIN", auth_authen: "joe" } });
    expect(mail?.replies).toEqual(["250 2.1.0 <a@example.com>... Sender ok"]);
  });

  test("STARTTLS in a script is taken without a handshake", async () => {
    const documents = await told(["EHLO x", "STARTTLS", "EHLO x", "STARTTLS", "QUIT"]);
    expect(documents.map(({ replies }) => replies[0]?.slice(0, 9))).toEqual([
      "220 mail.",
      "250-mail.",
      "220 2.0.0",
      "250-mail.",
      "503 5.5.0",
      "221 2.0.0",
    ]);
    expect(documents[3]?.replies[0]).not.toContain("STARTTLS");
  });

  test("a message is judged: header checks, quarantine; nothing of it remains", async () => {
    const start = ["EHLO x", "MAIL FROM:<a@example.com>", "RCPT TO:<joe@example.test>", "DATA"];
    const quarantined = (await told([...start, "Subject: the lottery", "", "x", "."])).at(-1);
    expect(quarantined?.replies[0]).toMatch(/^250 2\.0\.0 /);
    expect(evidenceOf(quarantined, "check_subject")).toMatchObject({
      stage: "header",
      judge: "header",
      answer: { kind: "quarantine", reason: "lottery" },
    });
    const refused = (await told([...start, "Subject: a virus", "", "x", "."])).at(-1);
    expect(refused?.replies).toEqual(["550 5.7.1 no viruses"]);
    expect(() => statSync(join(folder, "queue"))).toThrow(/ENOENT/);
  });

  test("replies stand at the margin, the rest is indented; --quiet leaves the replies", async () => {
    const said = ["EHLO x", "MAIL FROM:<a@example.com>", "RCPT TO:<b@far.example>", "QUIT"];
    const quiet = (await session(said, "--quiet")).output.trimEnd().split("\n");
    const full = (await session(said)).output.trimEnd().split("\n");
    expect(full.filter((line) => /^\d/.test(line)).slice(1)).toEqual(quiet.slice(1));
    expect(full.filter((line) => !/^(?:\d|> | {4}|\()/.test(line))).toEqual([]);
    expect(full).toContain(
      "    check_rcpt <b@far.example>: refuse 550 5.7.1 Relaying denied. Proper authentication required.",
    );
  });

  test("who has sent a message is told where it becomes known: at MAIL, and at the end of the message", async () => {
    const senders = join(folder, "senders.mc");
    writeFileSync(senders, SITE.replace("MAILER(", "FEATURE(`spf')FEATURE(`dmarc')dnl\nMAILER("));
    const script = [
      ...NAMES,
      "@dns far.example TXT v=spf1 ip4:192.0.2.1 -all",
      "@dns far.example A 192.0.2.9",
      "@dns _dmarc.bank.example TXT v=DMARC1; p=reject",
      "EHLO far.example",
      "MAIL FROM:<joe@far.example>",
      "RCPT TO:<alice@example.test>",
      "DATA",
      "From: manager@bank.example",
      "",
      "pay",
      ".",
    ];
    const { output } = await runCommand(runSession, ["-C", senders, "--elsewhere"], `${script.join("\n")}\n`);
    const shown = output.replaceAll(/\n +/g, " ");
    expect(shown).toContain(
      "senders: ok because of iprev=pass, spf=pass (far.example: ip4:192.0.2.1), spf_helo=pass (far.example: ip4:192.0.2.1) sets: {iprev}=pass, {spf}=pass, {spf_domain}=far.example, {spf_helo}=pass",
    );
    expect(shown).toMatch(/check_spf pass \$\| far\.example: ok/);
    expect(shown).toContain(
      "dmarc=fail (bank.example: p=reject) sets: {dkim}=none, {dmarc}=fail, {dmarc_policy}=reject, {dmarc_domain}=bank.example, {arc}=none",
    );
    expect(shown).toMatch(/check_auth fail \$\| reject \$\| bank\.example: refuse 550 5\.7\.26 .* FEATURE\(dmarc\)/);
  });

  test("--elsewhere: what lies on the other machine is not missed", async () => {
    const other = join(folder, "other.mc");
    writeFileSync(
      other,
      SITE.replace(`${folder}/aliases`, "/nowhere/aliases").replace(`${folder}/access`, "/nowhere/access"),
    );
    const said = [...NAMES, "EHLO x", "MAIL FROM:<a@example.com>", "RCPT TO:<joe@example.test>", ""].join("\n");
    const answers = async (...words: string[]): Promise<string | undefined> =>
      (await runCommand(runSession, ["-C", other, "--quiet", ...words], said)).output.trimEnd().split("\n").at(-1);
    expect(await answers("--elsewhere")).toBe("550 5.1.1 <joe@example.test>... User unknown");
    expect(await answers()).toMatch(/^(?:451|503) /);
  });

  test("an .mc is compiled where nobody looks", async () => {
    const said = ["EHLO x", "MAIL FROM:<a@example.com>", "RCPT TO:<b@far.example>", "QUIT"];
    const { output } = await runCommand(
      runSession,
      ["-C", mc, "--elsewhere", "--log"],
      `${[...NAMES, ...said].join("\n")}\n`,
    );
    const lines = output.split("\n");
    expect(lines.find((line) => line.includes(" by site.cf:"))).toMatch(/^ {8}by site\.cf:\d+, from .*site\.mc:\d+ /);
    expect(lines.some((line) => line.startsWith("    log: ruleset=check_rcpt, rule=site.cf:"))).toBe(true);
    expect(output).not.toContain("rulemail-session-");
  });

  test("--explain goes on where an address is accepted, or unknown", async () => {
    const said = [
      "EHLO x",
      "MAIL FROM:<>",
      "RCPT TO:<joe@example.test>",
      "RCPT TO:<nobody>",
      "RCPT TO:<b@far.example>",
    ];
    const documents = await told(said, "--explain", "RCPT");
    expect(documents.slice(3).map(({ explanation, cause }) => [cause, explanation?.local?.kind])).toEqual([
      [undefined, "alias"],
      ["own", "unknown"],
      [undefined, undefined],
    ]);
  });
});

describe("saved sessions", () => {
  const said = ["EHLO x", "MAIL FROM:<a@example.com>", "RCPT TO:<joe@example.test>", "RCPT TO:<b@far.example>", "DATA"];
  const message = ["Subject: hi", "", "# no comment", "= nor this", "..dot", "."];
  const saved = join(folder, "saved");
  const file = join(saved, "strangers");

  beforeAll(async () => {
    mkdirSync(saved);
    writeFileSync(join(saved, ".hidden"), "@nothing\n");
    const { status } = await session([...said, ...message, "> # odd", "QUIT"], "--save", file);
    expect(status).toBe(0);
  });

  test("a session as it was saved is decided so again", async () => {
    expect(await expected(saved)).toEqual({ status: 0, output: "1 session, none decided otherwise\n", errors: "" });
    expect(readFileSync(file, "utf8").split("\n")).toEqual([
      ...NAMES,
      "= 220",
      "= check_relay: ok",
      "EHLO x",
      "= 250",
      "MAIL FROM:<a@example.com>",
      "= 250 2.1.0",
      "= check_mail: ok",
      "RCPT TO:<joe@example.test>",
      "= 250 2.1.5",
      "= check_rcpt: ok",
      "= address: mailer local, user joe",
      "RCPT TO:<b@far.example>",
      "= 550 5.7.1 <b@far.example>... Relaying denied. Proper authentication required.",
      "= check_rcpt: refuse",
      "DATA",
      "= 354",
      ...message,
      "= 250 2.0.0",
      "= check_subject: ok",
      "> # odd",
      '= 500 5.5.1 Command unrecognized: "# odd"',
      "QUIT",
      "= 221 2.0.0",
      "",
    ]);
  });

  test("what is decided otherwise is shown with its rule, and the status is 1", async () => {
    const other = join(folder, "other");
    writeFileSync(other, readFileSync(file, "utf8").replace("@dns none", "@name mx.partner.example\n@dns none"));
    const { status, output } = await expected(other, file);
    expect(status).toBe(1);
    const lines = output.trimEnd().split("\n");
    expect(lines.slice(0, 5)).toEqual([
      `${other}:16: RCPT TO:<b@far.example>`,
      "- 550 5.7.1 <b@far.example>... Relaying denied. Proper authentication required.",
      "+ 250 2.1.5 <b@far.example>... Recipient ok",
      "- check_rcpt: refuse",
      "+ check_rcpt: ok",
    ]);
    expect(lines).toContain('        access has "Connect:partner.example": "RELAY"');
    expect(lines.at(-1)).toBe("2 sessions, 1 decided otherwise");
  });

  test("a message whose DATA is refused is kept back, and that is a difference", async () => {
    const refused = join(folder, "refused");
    writeFileSync(
      refused,
      ["@client 192.0.2.66", ...said.slice(0, 2), "DATA", ...message, "= 250", "QUIT", "= 221", ""].join("\n"),
    );
    const { status, output } = await expected(refused);
    expect([status, output.split("\n")[0]]).toEqual([1, `${refused}:5: the message`]);
    expect(output).toContain("+ (no reply)");
  });

  test.each([
    [["@clint 192.0.2.1"], 65, /-:1: there is no setting @clint; there are @client, /],
    [["QUIT", "@client 192.0.2.1"], 65, /-:2: settings \(@\.\.\.\) stand before the first command/],
    [
      ["@dns none", "EHLO x", "MAIL FROM:<>", "RCPT TO:<joe@example.test>", "DATA", "x"],
      65,
      /-:5: the message has no end/,
    ],
    [
      ["EHLO x", "MAIL FROM:<>", "RCPT TO:<joe@example.test>", "BDAT 5 LAST", "hello"],
      65,
      /-:4: BDAT speaks of 5 octets, .* have 7/,
    ],
    [["@client nobody"], 65, /-:1: client: "nobody" is no IP address/],
    [["# who", "@tls verify=MAYBE"], 65, /-:2: tls: verify="MAYBE" is none of OK, FAIL/],
    [["@resolve OK", "@client 192.0.2.9"], 65, /-:1: resolve: .* needs a name/],
    [["@port nine"], 65, /-:1: port: there is no nine; there are MTA \(25\), Inside \(2525\)/],
    [["@dns none", "@dns a b c", "@dns d A 192.0.2.1"], 65, /-:2: dns: "a b c" is not none/],
    [["@dns a A 192.0.2"], 65, /-:1: dns: "192.0.2" is no address that type A could have/],
    [["@dns a AAAA 192.0.2.1"], 65, /-:1: dns: "192.0.2.1" is no address that type AAAA could have/],
    [["@dns a MX high mx.example"], 65, /-:1: dns: "a MX high mx.example" is not none/],
    [["@client 192.0.2.1", "EHLO x", "="], 65, /-:3: an expectation \(= \.\.\.\) says nothing/],
  ])("%j says where it is wrong", async (script, status, text) => {
    const given = await runCommand(runSession, ["-C", cf, "--elsewhere"], `${script.join("\n")}\n`);
    expect(given.status).toBe(status);
    expect(given.errors).toMatch(text);
  });

  test("of options there is no line, and they count more than a setting that says nothing sensible", async () => {
    expect(await run("-C", cf, "--client", "nobody", file)).toEqual([64, expect.stringMatching(/client: "nobody"/)]);
    const odd = join(folder, "odd");
    writeFileSync(odd, "@client nobody\n@dns none\nQUIT\n");
    expect(await run("-C", cf, "--client", "192.0.2.1", odd)).toEqual([0, ""]);
  });

  test("a file that expects nothing is no test", async () => {
    const nothing = join(folder, "nothing");
    writeFileSync(nothing, "@dns none\nEHLO x\nQUIT\n");
    expect(await run("-C", cf, "--expect", file, nothing)).toEqual([
      65,
      expect.stringMatching(/nothing:1: nothing is expected/),
    ]);
    const empty = join(folder, "empty");
    mkdirSync(empty);
    expect(await run("-C", cf, "--expect", file, empty)).toEqual([66, expect.stringMatching(/no sessions in .*empty/)]);
  });

  test("words that make no command, and files that are not there", async () => {
    expect(await run("-C", cf, "--expect", file, "--client", "192.0.2.1")).toEqual([
      64,
      expect.stringMatching(/@client/),
    ]);
    expect(await run("-C", cf, join(folder, "missing"))).toEqual([66, expect.stringMatching(/ENOENT/)]);
    expect(await run("-C", cf, "--expect", join(folder, "missing"))).toEqual([66, expect.stringMatching(/ENOENT/)]);
    writeFileSync(join(folder, "broken.mc"), "OSTYPE(`linux')dnl\nFEATURE(`nosuch')dnl\n");
    expect(await run("-C", join(folder, "broken.mc"), file)).toEqual([
      78,
      expect.stringMatching(/broken\.mc:2|line 2/),
    ]);
    expect((await run("-C", cf, "--nonsense"))[0]).toBe(64);
  });
});
