/** What OSTYPE(debian) and the domains of Debian bring: options and mailers as `-d37.1` and `=M` of Debian 12's sendmail show them. */
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { compileMc } from "../../../src/mc/compile.ts";
import { folderLibrary } from "../../../src/mc/library.ts";

const library = folderLibrary(join(import.meta.dirname, "../../../macros"));

function compile(...lines: string[]): string {
  return compileMc({ file: "site.mc", text: `${lines.join("\n")}\n` }, { library }).text;
}

function options(cf: string): Map<string, string> {
  return new Map([...cf.matchAll(/^O ([\w.]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
}

const GREETING =
  "$j Sendmail $v/$Z; $b; (No UCE/UBE) $?{client_addr}logging access from: ${client_name}(${client_resolve})-$_$.";

const SYSTEM = {
  ResolverOptions: "+WorkAroundBrokenAAAA",
  MeToo: "True",
  DefaultUser: "mail:mail",
  SmtpGreetingMessage: GREETING,
  MustQuoteChars: ".'",
  DeadLetterDrop: "/var/lib/sendmail/dead.letter",
  RejectNUL: "true",
  HelpFile: "/etc/mail/helpfile",
};

const TIMES = {
  "Timeout.mail": "2m",
  "Timeout.datainit": "2m",
  "Timeout.rset": "1m",
  "Timeout.quit": "2m",
  "Timeout.command": "5m",
  "Timeout.ident": "5s",
};

const SERVER = {
  ...TIMES,
  "Timeout.iconnect": "2m",
  DontBlameSendmail:
    ",AssumeSafeChown,ForwardFileInGroupWritableDirPath,GroupWritableForwardFileSafe,GroupWritableIncludeFileSafe," +
    "IncludeFileInGroupWritableDirPath,DontWarnForwardFileInUnsafeDirPath,TrustStickyBit,NonRootSafeAddr," +
    "GroupWritableIncludeFile,GroupReadableDefaultAuthInfoFile",
  QueueFileMode: "0640",
  TempFileMode: "0640",
  MaxHopCount: "100",
  HostStatusDirectory: "/var/lib/sendmail/host_status",
  PrivacyOptions: "restrictqrun,restrictexpand",
  MaxRunnersPerQueue: "5",
  StatusFile: "/var/lib/sendmail/sendmail.st",
  MaxDaemonChildren: "0",
  SafeFileEnvironment: "/",
  RrtImpliesDsn: "False",
  TrustedUser: "smmta",
  ControlSocketName: "/var/run/sendmail/mta/smcontrol",
  PidFile: "/var/run/sendmail/mta/sendmail.pid",
  ProcessTitlePrefix: "MTA",
};

const SUBMISSION = {
  ...TIMES,
  "Timeout.iconnect": "2s",
  "Timeout.hoststatus": "0",
  QueueFileMode: "0660",
  TempFileMode: "0640",
  HostStatusDirectory: "",
  QueueDirectory: "/var/spool/mqueue-client",
  StatusFile: "/var/lib/sendmail/sm-client.st",
  SafeFileEnvironment: "/",
  RunAsUser: "smmsp",
  TrustedUser: "smmsp",
  RrtImpliesDsn: "False",
  ControlSocketName: "/var/run/sendmail/msp/smcontrol",
  PidFile: "/var/run/sendmail/msp/sendmail.pid",
  ProcessTitlePrefix: "MSP",
  PrivacyOptions: "goaway,noetrn,restrictqrun",
};

const mailer = (cf: string, name: string): string => new RegExp(`^M${name},.*$`, "m").exec(cf)?.[0] ?? "";
const flagsOf = (line: string): string => (/F=([^,\s]*)/.exec(line)?.[1] ?? "").split("").toSorted().join("");

describe("OSTYPE(`debian')", () => {
  const cf = compile("OSTYPE(`debian')", "FEATURE(`smrsh')", "MAILER(`local')", "MAILER(`smtp')", "MAILER(`procmail')");

  test("brings the options of the system", () => {
    const set = options(cf);
    for (const [name, value] of Object.entries(SYSTEM)) expect([name, set.get(name)]).toEqual([name, value]);
    expect(set.get("PidFile")).toBeUndefined();
  });

  test("gives local mail to sensible-mda, and other programs where Debian has them", () => {
    const local = mailer(cf, "local");
    expect(local).toContain("P=/usr/sbin/sensible-mda,");
    expect(local).toContain("A=sensible-mda $g $u $h ${client_addr}");
    expect(flagsOf(local)).toBe("/59:@ADFMPSlnqsw|");
    expect(mailer(cf, "prog")).toContain("P=/usr/libexec/sendmail/smrsh,");
    expect(mailer(cf, "procmail")).toContain("A=procmail -m $h $f $u");
  });

  test("its flags hold for other delivery programs too", () => {
    const lmtp = compile("OSTYPE(`debian')", "FEATURE(`local_lmtp')", "MAILER(`local')", "MAILER(`smtp')");
    expect(flagsOf(mailer(lmtp, "local"))).toBe("/59:@ADFMPSXlnqswz|");
    expect(mailer(lmtp, "local")).toContain("P=/usr/libexec/sendmail/mail.local,");
  });

  test("class files have comments", () => {
    const files = compile("OSTYPE(`debian')", "FEATURE(`use_cw_file')", "FEATURE(`use_ct_file')", "MAILER(`smtp')");
    for (const file of ["local-host-names", "trusted-users", "relay-domains"]) {
      expect(files).toContain(`/etc/mail/${file} %[^\\#]`);
    }
  });

  test("delayed checks ask about the sender as it was named", () => {
    const delayed = compile("OSTYPE(`debian')", "FEATURE(`access_db')", "FEATURE(`delay_checks')", "MAILER(`smtp')");
    expect(delayed).toContain("$>checkmail $&{mail_from}");
  });
});

test("DOMAIN(`debian-mta') brings the settings of the server, over what stood before", () => {
  const set = options(
    compile(
      "define(`confMAX_HOP', `7')",
      "define(`confPRIVACY_FLAGS', `goaway')",
      "OSTYPE(`debian')",
      "DOMAIN(`debian-mta')",
      "MAILER(`local')",
      "MAILER(`smtp')",
    ),
  );
  for (const [name, value] of Object.entries({ ...SYSTEM, ...SERVER }))
    expect([name, set.get(name)]).toEqual([name, value]);
});

test("a site's own trusted user stays, and its words are added to those of DontBlameSendmail", () => {
  const set = options(
    compile(
      "define(`confTRUSTED_USER', `root')",
      "define(`confDONT_BLAME_SENDMAIL', `WorldWritableForwardFile')",
      "OSTYPE(`debian')",
      "DOMAIN(`debian-mta')",
      "MAILER(`smtp')",
    ),
  );
  expect(set.get("TrustedUser")).toBe("root");
  expect(set.get("DontBlameSendmail")).toBe(`WorldWritableForwardFile${SERVER.DontBlameSendmail}`);
});

test("DOMAIN(`debian-msp') brings the settings of the submission program", () => {
  const cf = compile("OSTYPE(`debian')", "DOMAIN(`debian-msp')", "FEATURE(`msp')");
  const set = options(cf);
  for (const [name, value] of Object.entries({ ...SYSTEM, ...SUBMISSION })) {
    expect([name, set.get(name)]).toEqual([name, value]);
  }
  expect(flagsOf(mailer(cf, "local"))).toBe("5DFMSXkluw");
});

test("the stock files of Debian compile when the files that they include are missing", () => {
  const result = compileMc(
    {
      file: "site.mc",
      text: [
        "define(`_USE_ETC_MAIL_')dnl",
        "include(`/usr/share/sendmail/cf/m4/cf.m4')dnl",
        "VERSIONID(`$Id: sendmail.mc $')",
        "OSTYPE(`debian')dnl",
        "DOMAIN(`debian-mta')dnl",
        "undefine(`confHOST_STATUS_DIRECTORY')dnl        #DAEMON_HOSTSTATS=",
        "include(`/etc/mail/m4/dialup.m4')dnl",
        "include(`/etc/mail/tls/starttls.m4')dnl",
        "MAILER_DEFINITIONS",
        "MAILER(`local')dnl",
        "MAILER(`smtp')dnl",
        "",
      ].join("\n"),
    },
    { library },
  );
  expect(result.complete).toBe(true);
  expect(result.status).toBe(0);
  expect(result.diagnostics.map(({ severity, at, message }) => [severity, at.line, message])).toEqual(
    [
      [7, "m4/dialup"],
      [8, "tls/starttls"],
    ].map(([line, name]) => [
      "warning",
      line,
      `/etc/mail/${name}.m4 is not on this machine (Debian's sendmailconfig writes it): nothing is included`,
    ]),
  );
  expect(options(result.text).get("HostStatusDirectory")).toBeUndefined();
  expect(options(result.text).get("MaxHopCount")).toBe("100");
});
