/**
 * When what a site says counts: names that exist before its first line, variables that are set before or behind the parts that
 * read them, parts that set the same mailer. The values are those that sendmail gives with its own library.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { compileMc } from "../../../src/mc/compile.ts";
import { folderLibrary } from "../../../src/mc/library.ts";

const library = folderLibrary(join(import.meta.dirname, "../../../macros"));

/** A site file of these lines, on Linux. */
function site(...lines: readonly string[]): string {
  return `OSTYPE(\`linux')dnl\n${lines.map((line) => `${line}dnl\n`).join("")}`;
}

const MAILERS = ["MAILER(`local')", "MAILER(`smtp')"];

function compiled(text: string): string[] {
  return compileMc({ file: "site.mc", text }, { library }).text.split("\n");
}

/** Lines of a configuration that begin so. */
function linesOf(text: string, start: string): string[] {
  return compiled(text).filter((line) => line.startsWith(start));
}

const FILTER = "INPUT_MAIL_FILTER(`one', `S=inet:8891@localhost')";

describe("macros that milters get", () => {
  test.each([
    ["CONNECT", "j, _, {daemon_name}, {if_name}, {if_addr}"],
    ["HELO", "{tls_version}, {cipher}, {cipher_bits}, {cert_subject}, {cert_issuer}"],
    ["ENVFROM", "i, {auth_type}, {auth_authen}, {auth_ssf}, {auth_author}, {mail_mailer}, {mail_host}, {mail_addr}"],
    ["ENVRCPT", "{rcpt_mailer}, {rcpt_host}, {rcpt_addr}"],
    ["EOM", "{msg_id}"],
  ])("%s can be added to", (stage, macros) => {
    const name = `confMILTER_MACROS_${stage}`;
    const text = site(FILTER, `define(\`${name}', ${name}\`, b, r, v, Z')`, ...MAILERS);
    expect(linesOf(text, `O Milter.macros.${stage.toLowerCase()}=`)).toEqual([
      `O Milter.macros.${stage.toLowerCase()}=${macros}, b, r, v, Z`,
    ]);
  });

  test("are not written where there is no filter", () => {
    expect(linesOf(site("define(`confMILTER_MACROS_EOM', `x')", ...MAILERS), "O Milter")).toEqual([]);
  });
});

describe("names in front of the first line", () => {
  test.each(["CF_LEVEL", "_ARG1_", "_ARG9_", "_OPTINS", "_AP_", "ALIAS_FILE", "confMAILER_NAME", "confCW_FILE"])(
    "%s is there",
    (name) => {
      expect(compiled(`ifdef(\`${name}', \`there\n')`)).toContain("there");
    },
  );

  test.each(["HELP_FILE", "QUEUE_DIR", "confLOCAL_MAILER", "confSMTP_MAILER", "confCT_FILE", "_ARG_"])(
    "%s is not",
    (name) => {
      expect(compiled(`ifdef(\`${name}', \`', \`not there\n')`)).toContain("not there");
    },
  );

  test.each(["HELP_FILE", "confLOCAL_MAILER", "confSMTP_MAILER", "confUUCP_MAILER", "confMAILER_NAME", "confCT_FILE"])(
    "undefine of %s changes nothing",
    (name) => {
      const tail = [...MAILERS, "MAILER(`uucp')"];
      expect(compiled(site(`undefine(\`${name}')`, ...tail))).toEqual(compiled(site(...tail)));
      expect(compiled(site(...tail, `undefine(\`${name}')`))).toEqual(compiled(site(...tail)));
    },
  );

  test("arguments of the last call of a part stay", () => {
    expect(compiled("FEATURE(`nouucp', `reject')divert(0)dnl\n<_ARG_ _ARG1_ _ARG2_ _ARGS_>\n")).toContain(
      "<reject reject  reject>",
    );
  });

  test("letters of a set are added once and taken away one by one", () => {
    expect(compiled("<_ADDCHAR_(`abc', `b') _ADDCHAR_(`abc', `d') _DELCHAR_(`abcab', `b')>\n")).toContain(
      "<abc abcd acab>",
    );
  });
});

describe("parts that set the same mailer", () => {
  const LMTP = "FEATURE(`local_lmtp')";
  const PROCMAIL = "FEATURE(`local_procmail', `/usr/bin/procmail')";
  const PROCMAIL_LINE =
    "Mlocal, P=/usr/bin/procmail, F=lsDFMAw5:/|@qSPfhn9, S=EnvFromL/HdrFromL, R=EnvToL/HdrToL, " +
    "T=DNS/RFC822/X-Unix, A=procmail -a $h -d $u";
  const LMTP_LINE =
    "Mlocal, P=/usr/sbin/mail.local, F=lsDFMAw5:/|@qPSXmnz9, S=EnvFromSMTP/HdrFromL, R=EnvToL/HdrToL, " +
    "T=DNS/RFC822/SMTP, A=mail.local -l";
  test.each([
    ["local_lmtp, local_procmail", [LMTP, PROCMAIL], PROCMAIL_LINE],
    ["local_procmail, local_lmtp", [PROCMAIL, LMTP], LMTP_LINE],
    ["local_lmtp twice around", [LMTP, PROCMAIL, LMTP], LMTP_LINE],
  ])("%s: the last one counts", (_name, parts, line) => {
    expect(linesOf(site(...parts, ...MAILERS), "Mlocal,")).toEqual([line]);
  });

  test("OSTYPE(linux) and OSTYPE(solaris8) choose the local mailer whatever stands in front", () => {
    for (const [system, path] of [
      ["linux", "/usr/bin/procmail"],
      ["solaris8", "/usr/lib/mail.local"],
    ]) {
      const text = `define(\`LOCAL_MAILER_PATH', \`/own')\nOSTYPE(\`${system}')\nMAILER(\`local')\n`;
      expect(linesOf(text, "Mlocal,")[0]).toContain(`P=${path},`);
    }
  });

  test("variables behind OSTYPE count, those in front of it where the system leaves them alone", () => {
    expect(linesOf(site("define(`LOCAL_MAILER_PATH', `/own')", ...MAILERS), "Mlocal,")[0]).toContain("P=/own,");
    const text = "define(`STATUS_FILE', `/own')\nOSTYPE(`freebsd6')\nMAILER(`local')\n";
    expect(linesOf(text, "O StatusFile")).toEqual(["O StatusFile=/own"]);
  });

  test("Cyrus runs as cyrus:mail unless the site says otherwise", () => {
    expect(linesOf(site("MAILER(`cyrus')"), "Mcyrus")).toEqual([
      expect.stringContaining(" U=cyrus:mail, "),
      expect.stringContaining(" U=cyrus:mail, "),
    ]);
    expect(linesOf(site("define(`CYRUS_MAILER_USER', `imap')", "MAILER(`cyrus')"), "Mcyrus,")[0]).toContain(
      " U=imap, ",
    );
  });
});

describe("old variables", () => {
  test.each([
    ["confMESSAGE_TIMEOUT", "4d/2h", "O Timeout.queue", ["O Timeout.queuereturn=4d", "O Timeout.queuewarn=2h"]],
    ["confMESSAGE_TIMEOUT", "4d", "O Timeout.queue", ["O Timeout.queuereturn=4d", "O Timeout.queuewarn=4h"]],
    [
      "confDAEMON_OPTIONS",
      "",
      "O DaemonPort",
      ["O DaemonPortOptions=Name=MTA", "O DaemonPortOptions=Port=587, Name=MSA, M=E"],
    ],
    ["confCLIENT_OPTIONS", "Family=inet", "O ClientPort", ["O ClientPortOptions=Family=inet"]],
  ])("%s, %j", (name, value, start, lines) => {
    expect(linesOf(site(`define(\`${name}', \`${value}')`, ...MAILERS), start)).toEqual(lines);
  });

  test("an old listener is one more", () => {
    const text = site(
      "define(`confDAEMON_OPTIONS', `Name=old')",
      "DAEMON_OPTIONS(`Name=new')",
      "FEATURE(`no_default_msa')",
    );
    expect(linesOf(text, "O DaemonPort")).toEqual(["O DaemonPortOptions=Name=new", "O DaemonPortOptions=Name=old"]);
  });
});

describe("listeners of a system", () => {
  const own = ["O DaemonPortOptions=Name=MTA-v4, Family=inet", "O DaemonPortOptions=Name=MTA-v6, Family=inet6"];
  const msa = "O DaemonPortOptions=Port=587, Name=MSA, M=E";
  test.each([
    ["solaris8", [], [...own, msa]],
    ["solaris11", ["FEATURE(`no_default_msa')"], own],
    ["solaris8", ["DAEMON_OPTIONS(`Name=X')"], ["O DaemonPortOptions=Name=X", msa]],
    ["solaris11", ["FEATURE(`no_default_msa')", "DAEMON_OPTIONS(`Name=X')"], ["O DaemonPortOptions=Name=X"]],
    ["linux", [], ["O DaemonPortOptions=Name=MTA", msa]],
  ])("%s and %j", (system, lines, listeners) => {
    const text = [`OSTYPE(\`${system}')`, ...lines, ...MAILERS].map((line) => `${line}dnl\n`).join("");
    expect(linesOf(text, "O DaemonPortOptions")).toEqual(listeners);
  });
});

describe("a feature that is asked for twice has its rulesets once", () => {
  const first = ["FEATURE(`access_db')", "FEATURE(`delay_checks')"];
  const folder = join(import.meta.dirname, "../../../macros/feature");
  /** In the original these begin twice, too. */
  const twice = /^(?:check_other|compat_check|greet_pause|queuegroup)$/;
  const features = readdirSync(folder).map((name) => name.replace(/\.m4$/, ""));
  test.each(features.filter((name) => !twice.test(name)))("%s", (feature) => {
    const line = `FEATURE(\`${feature}', \`first.test')`;
    const mailers = /^(?:msp|nullclient)$/.test(feature) ? [] : MAILERS;
    const names = (times: number): string[] =>
      linesOf(site(...first, ...Array(times).fill(line), ...mailers), "S").toSorted();
    expect(names(2)).toEqual(names(1));
  });
});

test("what the directory is asked with stands in front of the classes that are read from it", () => {
  const lines = compiled(
    site(
      "RELAY_DOMAIN_FILE(`@LDAP')",
      "define(`confCW_FILE', `@LDAP')",
      "FEATURE(`use_cw_file')",
      "define(`confLDAP_CLUSTER', `all')",
      "define(`confLDAP_DEFAULT_SPEC', `-h dir.test')",
      ...MAILERS,
    ),
  );
  const wanted = lines.filter((line) => /^(?:O LDAP|D\{sendmailMTA|F.*@)/.test(line));
  expect(wanted).toEqual(["O LDAPDefaultSpec=-h dir.test", "D{sendmailMTACluster}all", "Fw@LDAP", "F{R}@LDAP"]);
});
