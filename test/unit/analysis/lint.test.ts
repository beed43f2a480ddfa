import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { exitOf, type Finding } from "../../../src/analysis/lint.ts";
import { CODES } from "../../../src/analysis/lint/codes.ts";
import { lintFile, runLint } from "../../../src/cli/lint.ts";
import { runMc } from "../../../src/cli/mc.ts";
import { addressOf, analysisEnvironment } from "../../../src/cli/read-configuration.ts";
import { quietly } from "../../support/quietly.ts";
import { AnalysisFolder, testEnvironment } from "../../support/analysis.ts";

const root = join(import.meta.dirname, "../../..");
const files = new AnalysisFolder();
afterAll(() => files.remove());

/** A configuration in which nothing is to be found. */
const BASE = [
  "V10",
  "O OperatorChars=.:%@!^/[]+",
  "Mlocal, P=/bin/mail, F=ls, A=mail $u",
  "Msmtp, P=[IPC], F=u, A=TCP $h",
  "Scanonify=3",
  "R$* < $+ > $*\t\t$@ $2",
  "Sparse=0",
  "R$+@$=w\t\t$#local $: $1",
  "R$+@$+\t\t$#smtp $@ $2 $: $1@$2",
  "R$+\t\t$#local $: $1",
  "Scheck_rcpt",
  "R< $+ >\t\t$: $1",
  "R$+@$=w\t\t$@ ours",
  'R$*\t\t$#error $@ 5.7.1 $: "550 Relaying denied"',
  "",
].join("\n");

/** "L010:15" for each finding, lines counted after the last one of BASE for added lines. */
async function found(added: string, base = BASE): Promise<string[]> {
  const findings = await lintFile(files.write(base + added), testEnvironment);
  return findings.map(({ code, line }) => `${code}:${line}`);
}

/** Rules of one ruleset: the first one is in line 16. */
function rules(text: string): Promise<string[]> {
  return found(`Slocaladdr=5\n${text}\n`);
}

async function textsOf(text: string, kind: "cf" | "mc" = "cf"): Promise<Finding[]> {
  return lintFile(files.write(text, kind), testEnvironment);
}

describe("rulemail lint", () => {
  test("finds nothing in a configuration without mistakes", async () => {
    expect(await found("")).toEqual([]);
  });

  test("a line that cannot be read is L001", async () => {
    expect(await found("O LogLevl=9\n")).toEqual(["L001:15"]);
  });

  test("a rule without tab is L003", async () => {
    expect(await found("R$* @ x   $: $1\n")).toEqual(["L003:15"]);
  });

  test("a rule whose only tab stands before its comment is L003, said once", async () => {
    expect(await found("Slocaladdr=5\nRx  $: y\tbecause\nRy  $@ z\tso\nRz $* $@\t$@ x\n")).toEqual([
      "L003:16",
      "L003:17",
    ]);
  });

  test("$n that nothing binds is L004", async () => {
    expect(await found("Slocaladdr=5\nR$- x\t$#smtp $@ $2 $: $1\n")).toEqual(["L004:16"]);
  });

  test("rulesets that rules, mailers and headers name must be defined: L010", async () => {
    expect(await found("Slocaladdr=5\nRx\t$: $>Missing x\n")).toEqual(["L010:16"]);
    expect(await found("Mprog, P=/bin/sh, F=ls, S=Missing, A=sh -c $u\n")).toEqual(["L010:15"]);
    expect(await found("HSubject: $>Missing\n")).toEqual(["L010:15"]);
  });

  test("rulesets that only each other call are L011, empty ones are not", async () => {
    expect(await found("Sone\nRx\t$@ $>two x\nStwo\nRx\t$@ $>one x\nSempty\n")).toEqual(["L011:15", "L011:17"]);
  });

  test("a call by the words of a class is a call of each of them", async () => {
    const rulesets = "SA\nRx\t$@ y\nSB\nRx\t$@ y\nSC\nRx\t$@ y\n";
    expect(await found(`C{Sets}A B\nSlocaladdr=5\nR$={Sets}x\t$@ $>$1 x\n${rulesets}`)).toEqual(["L011:22"]);
    expect(await found(`Slocaladdr=5\nR$-x\t$@ $>$1 x\n${rulesets}`)).toEqual([]);
  });

  test("maps that are asked but not made are L012, those that are made but not asked L013", async () => {
    expect(await found("Slocaladdr=5\nRx\t$@ $(none x $)\n")).toEqual(["L012:16"]);
    expect(await found("Kidle text -o /etc/idle\nKarith arith\n")).toEqual(["L013:15"]);
    expect(await found("Kone text -o /a\nKboth sequence one\nSlocaladdr=5\nRx\t$@ $(both x $) $[x$]\n")).toEqual([]);
  });

  test("filters that are to be asked but not defined are L018", async () => {
    const lines =
      "Xspam, S=local:/run/spam\nO InputMailFilters=spam,sign\nO DaemonPortOptions=Name=MSA, Port=587, I=spam;sign\n";
    expect(await found(lines)).toEqual(["L018:16"]);
    expect(await found("O DaemonPortOptions=Name=MSA, InputMailFilters=sign\n")).toEqual(["L018:15"]);
  });

  test("mailers that are chosen but not made are L014, those that are made but not chosen L015", async () => {
    expect(await found("Slocaladdr=5\nRx\t$#fax $: x\n")).toEqual(["L014:16"]);
    expect(await found("Mfax, P=/bin/fax, F=ls, A=fax $u\n")).toEqual(["L015:15"]);
    expect(await found("Mfax, P=/bin/fax, F=ls, A=fax $u\nSlocaladdr=5\nRx$-\t$#$1 $: x\n")).toEqual([]);
  });

  test("a policy ruleset may answer with a word that is no mailer", async () => {
    expect(await found("Scheck_mail\nRx\t$#OK\n")).toEqual([]);
  });

  test("classes that are asked but empty are L016, those that are filled but not asked L017", async () => {
    expect(await found("Slocaladdr=5\nR$={Ours}\t$@ x\n")).toEqual(["L016:16"]);
    expect(await found("C{Idle}word\nCwname\n")).toEqual(["L017:15"]);
  });

  test("an option that nothing acts on is L030, unless it only repeats the default", async () => {
    expect(await found("O NiceQueueRun=4\nO RequiresDirfsync=true\n")).toEqual(["L030:15"]);
  });

  test("an option that is set again is L031, unless it adds up", async () => {
    expect(await found("O LogLevel=14\nO LogLevel=9\nO PrivacyOptions=noexpn\nO PrivacyOptions=novrfy\n")).toEqual([
      "L031:15",
    ]);
  });
});

/** A ruleset that is asked for each recipient, and one that leaves a mark. */
function marked(...calling: readonly string[]): string {
  return ["Slocaladdr=5", ...calling, "Smark", "R$* y\t$#MARK $@ 4.4.0 $: later", "R$*\t$@ OK", ""].join("\n");
}

describe("a mailer is chosen where nothing takes the choice away (L014)", () => {
  test("a mark that the caller takes apart is none", async () => {
    const taken = marked("R$*\t$: $1 $| $>mark $1", "R$* $| $#MARK $+\t$#error $2", "R$* $| $#$*\t$#$2");
    expect(await found(taken)).toEqual([]);
    const first = marked("R$*\t$: $>mark $1", "R$#MARK $*\t$#error $1");
    expect(await found(first)).toEqual([]);
  });

  test("a mark that the caller hands on, or asks for under another name, is", async () => {
    expect(await found(marked("R$*\t$@ $>mark $1"))).toEqual(["L014:18"]);
    expect(await found(marked("R$*\t$: $>mark $1", "R$#MAKR $*\t$#error $1"))).toEqual(["L014:19"]);
    expect(await found(marked("R$*\t$: $1 $| $>mark $1", "R$* $| $#$*\t$#$2"))).toEqual(["L014:19"]);
  });

  test("the same mark counts in the one caller that does not take it", async () => {
    const two = `${marked("R$*\t$: $>mark $1", "R$#MARK $*\t$#error $1")}Scheck_mail\nR$*\t$@ $>mark $1\n`;
    expect(await found(two)).toEqual(["L014:19"]);
  });

  test("a rule that no text gets to chooses nothing", async () => {
    expect(await found("Slocaladdr=5\nR< $+ > $*\t$#fax $@ $1 $: $2\n")).toEqual([]);
    expect(await found("Slocaladdr=5\nR$={Nobody} $*\t$#fax $@ $1 $: $2\n")).toContain("L016:16");
    const glue = "Sglue\nR< > $*\t$@ $1\nR< $+ > $*\t$#fax $@ $1 $: $2\n";
    expect(await found(`Slocaladdr=5\nR$*\t$: $>glue < > $1\n${glue}`)).toEqual([]);
    expect(await found(`Slocaladdr=5\nR$-\t$: $>glue < host > $1\n${glue}`)).toEqual(["L014:19"]);
  });

  test("it is told once, with the lines of all rules that choose it", async () => {
    const [finding, ...more] = await textsOf(`${BASE}Slocaladdr=5\nRa\t$#fax $: a\nRb\t$#fax $: b\nRc\t$#fax $: c\n`);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ code: "L014", line: 16, also: [17, 18] });
  });
});

describe("rules that never match (L020)", () => {
  test("an earlier rule that ends the ruleset takes all that they could match", async () => {
    expect(await rules("R$+@$*\t$@ $2\nR$-@$+.$-\t$@ $2\nRa\t$@ b")).toEqual(["L020:17"]);
    expect(await rules('R$*\t$#error $: "550 no"\nRa\t$@ b\nRc\t$@ d')).toEqual(["L020:17"]);
  });

  test("a rule that is repeated leaves nothing of its form", async () => {
    expect(await rules("R$*..$*\t$1.$2\nR$+..$+\t$@ $1")).toEqual(["L020:17"]);
  });

  test("a rule between them may make what they match", async () => {
    expect(await rules("Ra$*\t$@ x\nRb$*\t$: a$1\nRab\t$@ y")).toEqual([]);
  });

  test("a rule that goes on, or matches less, takes nothing away", async () => {
    expect(await rules("R$*\t$: x $1\nR$-\t$@ y")).toEqual([]);
    expect(await rules("R$-\t$@ y\nR$+\t$@ z\nR$@\t$@ empty")).toEqual([]);
    expect(await rules("R$=w\t$@ y\nR$-\t$@ z\nR$=w.$-\t$@ u")).toEqual([]);
  });
});

describe("rules that loop (L021)", () => {
  test("a rule that matches whatever it makes", async () => {
    expect(await rules("R$*\t< $1 >")).toEqual(["L021:16"]);
    expect(await rules("R$-@$+\t$1@$2")).toEqual(["L021:16"]);
    expect(await rules("R$*\t$[$1$]")).toEqual(["L021:16"]);
  });

  test("a first rule that calls its own ruleset with what it matches", async () => {
    expect(await rules("R$*\t$@ $>localaddr < $1 >")).toEqual(["L021:16"]);
    expect(await rules("R$+ a\t$@ $>localaddr $1")).toEqual([]);
    expect(await rules("Ra\t$@ b\nR$*\t$@ $>localaddr a")).toEqual([]);
  });

  test("not a rule that makes less, leaves the ruleset or asks another ruleset", async () => {
    expect(await rules("R$*.$-.\t$1.$2")).toEqual([]);
    expect(await rules("R$*\t$: < $1 >\nR$* a\t$@ $1 a\nR$* b\t$>canonify $1")).toEqual([]);
  });
});

/** A site file with one hole in it. */
function holed(lines: string, last = ""): string {
  return `OSTYPE(\`linux')dnl\n${lines}MAILER(\`local')dnl\nMAILER(\`smtp')dnl\n${last}`;
}

function access(entry: string): string {
  const table = files.write(`${entry}\n`);
  return holed(`FEATURE(\`access_db', \`text -k0 -v1 -o ${table}')dnl\n`);
}

function localRule(...lines: string[]): string {
  return holed("", `LOCAL_RULESETS\nSLocal_check_rcpt\n${lines.join("\n")}\n`);
}

describe("holes of many kinds are found, with the way through them", () => {
  test.each([
    ["everybody may relay", () => holed("FEATURE(`promiscuous_relay')dnl\n"), "client.stranger.example"],
    ["a whole top-level domain", () => holed("RELAY_DOMAIN(`com')dnl\n"), "client.elsewhere-example.com"],
    [
      "the domain of a host right below a top-level domain",
      () =>
        holed(
          "define(`confDOMAIN_NAME', `gateway.net')dnl\nFEATURE(`relay_entire_domain')dnl\n",
          "LOCAL_CONFIG\nCmnet\n",
        ),
      "elsewhere-example.net",
    ],
    ["a rule that accepts everything", () => localRule("R$*\t$#OK"), "client.stranger.example"],
    [
      "a rule that believes a name in HELO",
      () => localRule("R$*\t$: $1 $| $&s", "R$* $| trusted.test\t$#OK", "R$* $| $*\t$1"),
      "HELO trusted.test",
    ],
    [
      "a rule that believes a sender",
      () => localRule("R$*\t$: $1 $| $&f", "R$* $| $* @ partner.test\t$#OK", "R$* $| $*\t$1"),
      "MAIL FROM:<user@partner.test>",
    ],
    ["a network as large as a first octet", () => access("Connect:77\tRELAY"), "77.201.77.33"],
    ["a top-level domain in the access table", () => access("To:org\tRELAY"), "user@elsewhere-example.org"],
    [
      "percent signs behind a host that is relayed for",
      () => holed("FEATURE(`loose_relay_check')dnl\nRELAY_DOMAIN(`friend.test')dnl\n"),
      "user%elsewhere.example@friend.test",
    ],
    [
      "percent signs behind hosts of a domain that is relayed for",
      () =>
        holed(
          "",
          "LOCAL_CONFIG\nC{Friends}partner.test\nLOCAL_RULESETS\nSLocal_check_rcpt\nR$* @ $- . $={Friends} $*\t$#OK\n",
        ),
      "user%elsewhere.example@inner.partner.test",
    ],
    [
      "a local part that a rule takes for a route",
      () => holed("", "LOCAL_RULE_0\nR$* . $* . $* < @ $* >\t$#esmtp $@ $2.$3 $: $1 @ $2.$3\n"),
      "user.elsewhere.example@",
    ],
  ])("%s", async (_name, text, way) => {
    const findings = await lintFile(files.write(text(), "mc"), { ...testEnvironment, resolver: { query: addressOf } });
    expect(findings.find(({ code }) => code === "L040")?.text).toContain(way);
  });

  test("and none where networks, partners and hosts are named as they should be", async () => {
    const lines = "RELAY_DOMAIN(`friend.test')dnl\nFEATURE(`access_db', `text -k0 -v1 -o TABLE')dnl\n";
    const table = files.write("Connect:10\tRELAY\nConnect:192.0.2\tRELAY\nTo:partner.test\tRELAY\n");
    const site = files.write(holed(lines.replace("TABLE", table)), "mc");
    expect(await lintFile(site, { ...testEnvironment, resolver: { query: addressOf } })).toEqual([]);
  });
});

describe("strangers that relay (L040)", () => {
  test("a configuration without check_rcpt lets them, and the message shows how", async () => {
    const [finding, ...more] = await textsOf(BASE.slice(0, BASE.indexOf("Scheck_rcpt")));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ code: "L040", severity: "error", line: 1 });
    expect(finding.text).toContain(
      "RCPT TO:<user@elsewhere.example> is accepted for mailer smtp, host elsewhere.example",
    );
  });

  test("a way through the own name of the host is found", async () => {
    const text = BASE.replace("R$+@$=w\t\t$#local", "R$+%$+@$=w\t\t$#smtp $@ $2 $: $1@$2\nR$+@$=w\t\t$#local");
    const [finding] = await textsOf(text);
    expect(finding.code).toBe("L040");
    expect(finding.text).toContain("RCPT TO:<user%elsewhere.example@mail.example.test>");
  });

  test("ports that no stranger can reach or use do not count", async () => {
    const open = BASE.slice(0, BASE.indexOf("Scheck_rcpt"));
    const ports = "O DaemonPortOptions=Addr=127.0.0.1, Name=MTA\nO DaemonPortOptions=Port=587, Name=MSA, M=a\n";
    expect(await textsOf(open + ports)).toEqual([]);
  });

  test("promiscuous_relay and relay_mail_from are found in an .mc", async () => {
    const site = "OSTYPE(`linux')dnl\nFEATURE(`X')dnl\nMAILER(`local')dnl\nMAILER(`smtp')dnl\n";
    for (const feature of ["promiscuous_relay", "relay_local_from"]) {
      const findings = await textsOf(site.replace("X", feature), "mc");
      expect(findings.map(({ code }) => code)).toContain("L040");
    }
    expect(await textsOf(site.replace("X", "always_add_domain"), "mc")).toEqual([]);
  });
});

test("a table that is not built here hides no hole: it counts as empty", async () => {
  const site = holed(
    `FEATURE(\`access_db', \`hash ${files.folder}/none')dnl\nFEATURE(\`mailertable', \`text ${files.folder}/none')dnl\nFEATURE(\`promiscuous_relay')dnl\n`,
  );
  const findings = await lintFile(files.write(site, "mc"), analysisEnvironment({ anyName: true }));
  expect(findings.map(({ code }) => code)).toContain("L040");
});

describe("rulemail lint FILE.mc", () => {
  test("names lines of the .mc, and blames text of the user only", async () => {
    const findings = await textsOf(
      [
        "OSTYPE(`linux')dnl",
        "MAILER(`local')dnl",
        "MAILER(`smtp')dnl",
        "LOCAL_CONFIG",
        "Kidle text -o /etc/idle",
        "LOCAL_RULESETS",
        "SUnused",
        "R$*\t\t$@ x",
        "",
      ].join("\n"),
      "mc",
    );
    expect(findings.map(({ code, line }) => `${code}:${line}`)).toEqual(["L013:5", "L011:7"]);
    expect(findings.every(({ cfLine }) => (cfLine ?? 0) > 50)).toBe(true);
  });

  test("names the .mc of a compiled file that has its source map beside it", async () => {
    const site = "OSTYPE(`linux')dnl\nMAILER(`local')dnl\nMAILER(`smtp')dnl\nLOCAL_RULESETS\nSowned\nR$*\t< $1 >\n";
    const compiled = join(files.folder, "mapped.cf");
    const macros = files.write(site, "mc");
    expect(await runMc(["-o", compiled, macros])).toBe(0);
    const findings = await lintFile(compiled, testEnvironment);
    expect(findings).toMatchObject([{ code: "L021", file: compiled, source: `${macros}:6` }]);
  });

  test("passes on what the macro compiler says", async () => {
    const findings = await textsOf("OSTYPE(`linux')dnl\nFEATURE(`no_such_part')dnl\nMAILER(`local')dnl\n", "mc");
    expect(findings).toContainEqual(expect.objectContaining({ code: "L002", line: 2 }));
  });
});

describe("what is not on this machine (L005)", () => {
  const absent = join(files.folder, "absent");
  const named: readonly (readonly [string, string, string])[] = [
    ["class file", `Fw${absent}`, `class file ${absent}`],
    ["map file", `Kaccess hash ${absent}\nSlocaladdr=5\nRx\t$: $(access x $)`, `map access: ${absent}.db`],
    ["text of a map", `Kaccess text ${absent}\nSlocaladdr=5\nRx\t$: $(access x $)`, `map access: ${absent}`],
    ["program of a map", `Kask program ${absent}\nSlocaladdr=5\nRx\t$: $(ask x $)`, `map ask: ${absent}`],
    [
      "secret of SRS",
      `Ksrs srs -n a.test ${absent}\nSlocaladdr=5\nRx\t$: $(srs x $)`,
      `map srs: ${absent}: No such file`,
    ],
    ["alias file", `O AliasFile=${absent}`, `alias file: ${absent}`],
    ["program of a mailer", `Mprog, P=${absent}, F=ls, A=sh -c $u`, `mailer prog: ${absent}`],
    ["key file", `O ServerKeyFile=${absent}`, `option ServerKeyFile: ${absent}`],
    ["folder", `O QueueDirectory=${absent}/q*`, `option QueueDirectory: ${absent}`],
    [
      "file where a folder should be",
      `O HostStatusDirectory=/etc/passwd`,
      "option HostStatusDirectory: /etc/passwd: not a folder",
    ],
    ["folder where a file should be", `O AliasFile=${files.folder}`, `alias file: ${files.folder}`],
    [
      "program that cannot be run",
      "Mprog, P=/etc/passwd, F=ls, A=sh -c $u",
      "mailer prog: /etc/passwd: Permission denied",
    ],
  ];

  // The program of the local mailer need not be there.
  const base = BASE.replace("P=/bin/mail", "P=/bin/sh");

  test.each(named)("a %s is an error with --here", async (_kind, line, text) => {
    const file = files.write(`${base}${line}\n`);
    const findings = await lintFile(file, analysisEnvironment({ anyName: true }), { here: true });
    const here = findings.filter(({ code }) => code === "L005");
    expect(here.map(({ severity }) => severity)).toEqual(["error"]);
    expect(here[0].text.startsWith(text)).toBe(true);
    expect(here[0].line).toBeGreaterThan(1);
    const elsewhere = await lintFile(file, analysisEnvironment({ anyName: true }));
    expect(elsewhere.filter(({ severity }) => severity !== "note")).toEqual([]);
    expect(exitOf(elsewhere)).toBe(0);
  });

  // Where root makes it: to others it is not there.
  const queue: [string, string] = [
    "the queue in the server's home",
    "O QueueDirectory=/var/spool/rulemail/no-such-queue",
  ];
  test.each([
    ...(process.getuid?.() === 0 ? [queue] : []),
    ["the folder of the pid file", `O PidFile=${absent}/mta/sendmail.pid`],
    ["the script of Debian's local mailer", `Mlocal, P=${absent}/sensible-mda, F=lsw, A=sensible-mda $u`],
  ])("%s, for which there is help, is worth a note", async (_what, line) => {
    const text = line.startsWith("M") ? base.replace(/^Mlocal.*$/m, line) : `${base}${line}\n`;
    const findings = await lintFile(files.write(text), analysisEnvironment({ anyName: true }), { here: true });
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([["L005", "note"]]);
    expect(findings[0].text).toMatch(/the server makes it when it starts|by our own agent/);
  });

  test("what nothing acts on need not be there: that it has no effect is told", async () => {
    const file = files.write(`${base}O SSLEnginePath=${absent}/drop\nO RandFile=file:${absent}\n`);
    const findings = await lintFile(file, analysisEnvironment({ anyName: true }), { here: true });
    expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(["L030"]));
  });

  test("a table that is optional is worth a note", async () => {
    const file = files.write(`${base}Kaccess hash -o ${absent}\nSlocaladdr=5\nRx\t$: $(access x $)\n`);
    const findings = await lintFile(file, analysisEnvironment({ anyName: true }), { here: true });
    expect(findings).toMatchObject([{ code: "L005", severity: "note", line: 15 }]);
  });
});

test("options that this server has no use for are notes, those that it owes are warnings; one cause is told once", async () => {
  const tls = "O SSLEnginePath=/a\nO SSLEngine=b\nO SetCertAltnames=true\n";
  const findings = await textsOf(
    `${BASE}${tls}O ForkEachJob=true\nO NiceQueueRun=4\nO SoftBounce=true\nO TimeZoneSpec=\n`,
  );
  expect(findings.map(({ line, severity, also }) => [line, severity, also?.length ?? 0])).toEqual([
    [15, "warning", 2],
    [18, "note", 1],
    [20, "warning", 0],
  ]);
  expect(findings[2].text).toContain("what fails is returned at once");
});

test("a site that does without OSTYPE, has mailers of its own or sets macros for filters that it does not have is not blamed", async () => {
  const site = [
    "define(`__OSTYPE__', `')dnl",
    "define(`confMILTER_MACROS_CONNECT', `j, _')dnl",
    "MAILER_DEFINITIONS",
    "Mfoo, P=/bin/sh, F=ls, A=sh",
    "FEATURE(`always_add_domain')dnl",
    "MAILER(`local')dnl",
    "MAILER(`smtp')dnl",
    "FEATURE(`redirect')dnl",
    "",
  ];
  const findings = await textsOf(site.join("\n"), "mc");
  expect(findings.filter(({ code }) => code === "L002").map(({ line }) => line)).toEqual([8]);
  const texts = (await textsOf(site.slice(1).join("\n"), "mc")).map(({ text }) => text);
  expect(texts.join("\n")).toContain("no OSTYPE() line");
});

test("exit codes are 0 for nothing, 1 for warnings, 2 for errors, 64 for wrong usage", async () => {
  expect(exitOf([])).toBe(0);
  expect(exitOf(await textsOf(`${BASE}Kidle text -o /etc/idle\n`))).toBe(1);
  expect(exitOf(await textsOf(`${BASE}O LogLevl=9\n`))).toBe(2);
  expect(exitOf(await lintFile(join(files.folder, "missing.cf"), testEnvironment))).toBe(2);
  expect(await quietly(() => runLint(["--no-such-option"]))).toBe(64);
  expect(await quietly(() => runLint([]))).toBe(64);
});

test("there is nothing to find in the configurations that come with the program, nor in what they are compiled from", async () => {
  // The rules of a .cf are those of its .mc: that one file is read as the others are need not be shown of the largest.
  const names = readdirSync(join(root, "cf")).filter((each) => each.endsWith(".mc"));
  expect(names.length).toBeGreaterThan(5);
  for (const name of [...names, "smarthost.cf", "submission.cf"]) {
    expect([name, await lintFile(join(root, "cf", name), testEnvironment)]).toEqual([name, []]);
  }
});

test("docs/lint.md has a section for every code, under its title", () => {
  const headings = [...readFileSync(join(root, "docs/lint.md"), "utf8").matchAll(/^## (.*)$/gm)].map((each) => each[1]);
  expect(headings).toEqual(Object.entries(CODES).map(([code, { title }]) => `${code}: ${title}`));
});
