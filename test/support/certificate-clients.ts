/**
 * Clients that show certificates to an SMTP port, whose access table says what these may do: the cases, with what genuine
 * sendmail 8.17 answers, and the site that they are for. As a program of its own (for the genuine one): `node
 * certificate-clients.ts FOLDER` makes the site, with a PORT and the name of a site behind it writes the answers as a line of JSON.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CLIENT_CERTIFICATE, CLIENT_KEY, KNOWN_CERTIFICATE, KNOWN_KEY, TEST_CA } from "./authority.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "./certificate.ts";
import { SmtpDialogue } from "./smtp-dialogue.ts";
import { handshake } from "./tls-client.ts";

/** Not the address from which every configuration relays. */
const CLIENT_ADDRESS = "127.0.0.3";

const CERTIFICATES = {
  /** /CN=here.test, of the authority that is trusted. */
  here: { cert: CLIENT_CERTIFICATE, key: CLIENT_KEY },
  /** With a subject that is hard to write, of the same authority. */
  odd: { cert: KNOWN_CERTIFICATE, key: KNOWN_KEY },
  /** Signed by itself. */
  stranger: { cert: TEST_CERTIFICATE, key: TEST_KEY },
  none: {},
} as const;

/** How rules see the names of the certificates. */
const ISSUER = "/O=Test,+20Inc+20+28x+29/CN=Test+20CA";
const ODD_SUBJECT = "/C=DE/O=T+22+3C+3E,;:@+28+29+5CxC3+5CxA9/CN=mx.b.test";

const OK = ["250 2.1.0 <a@far.test>... Sender ok", "250 2.1.5 <b@far.test>... Recipient ok"] as const;
const DENIED = [OK[0], "550 5.7.1 <b@far.test>... Relaying denied. IP name lookup failed [127.0.0.3]"] as const;

export interface CertificateCase {
  readonly name: string;
  /** Lines of the access table, key|value. */
  readonly access: readonly string[];
  /** "clear": no TLS at all. */
  readonly client: keyof typeof CERTIFICATES | "clear";
  /** Replies to MAIL and to RCPT. */
  readonly said: readonly string[];
}

/** A refusal behind the handshake is the answer to everything; in clear it comes with MAIL. */
const inside = (reply: string): readonly string[] => [reply, reply];
const atMail = (reply: string): readonly string[] => [reply, "503 5.0.0 Need MAIL before RCPT"];

type Row = readonly [name: string, access: string, client: CertificateCase["client"], said: readonly string[]];

const ROWS: readonly Row[] = [
  ["nothing about certificates", "", "here", DENIED],
  ["the authority may relay", `CertIssuer:${ISSUER}|RELAY`, "here", OK],
  ["the authority may relay, without a certificate", `CertIssuer:${ISSUER}|RELAY`, "none", DENIED],
  ["the authority may relay, without TLS", `CertIssuer:${ISSUER}|RELAY`, "clear", DENIED],
  ["another authority may relay", "CertIssuer:/CN=Test+20CA|RELAY", "here", DENIED],
  ["a certificate signed by itself, its issuer listed", "CertIssuer:/CN=sink.test|RELAY", "stranger", DENIED],
  ["a subject alone says nothing", "CertSubject:/CN=here.test|RELAY", "here", DENIED],
  ["authority and subject", `CertIssuer:${ISSUER}|SUBJECT\nCertSubject:/CN=here.test|RELAY`, "here", OK],
  ["authority and another subject", `CertIssuer:${ISSUER}|SUBJECT\nCertSubject:/CN=there.test|RELAY`, "here", DENIED],
  ["authority and no subject", `CertIssuer:${ISSUER}|SUBJECT`, "here", DENIED],
  ["a subject that is not to relay", `CertIssuer:${ISSUER}|SUBJECT\nCertSubject:/CN=here.test|OK`, "here", DENIED],
  ["a subject that is hard to write", `CertIssuer:${ISSUER}|SUBJECT\nCertSubject:${ODD_SUBJECT}|RELAY`, "odd", OK],
  ["keys in small letters", `certissuer:${ISSUER.toLowerCase()}|RELAY`, "here", OK],
  ["TLS_Clt wants a certificate", "TLS_Clt:127.0.0.3|VERIFY", "here", DENIED],
  [
    "TLS_Clt wants a certificate, there is none",
    "TLS_Clt:127.0.0.3|VERIFY",
    "none",
    inside("454 4.7.0 not authenticated"),
  ],
  [
    "TLS_Clt wants a certificate, it is a stranger's",
    "TLS_Clt:127.0.0.3|VERIFY",
    "stranger",
    inside("454 4.7.0 authentication failed"),
  ],
  [
    "TLS_Clt wants a certificate, no TLS",
    "TLS_Clt:127.0.0.3|VERIFY",
    "clear",
    atMail("454 4.7.0 authentication required"),
  ],
  ["TLS_Clt wants it for good", "TLS_Clt:127.0.0.3|PERM+VERIFY", "none", inside("503 5.7.0 not authenticated")],
  ["TLS_Clt wants it for now", "TLS_Clt:127.0.0.3|TEMP+VERIFY", "none", inside("403 4.7.0 not authenticated")],
  ["TLS_Clt for everybody", "TLS_Clt:|VERIFY:112", "stranger", inside("454 4.7.0 authentication failed")],
  ["TLS_Clt wants more bits", "TLS_Clt:|ENCR:512", "here", inside("454 4.7.0 encryption too weak 256 less than 512")],
  ["TLS_Clt wants bits", "TLS_Clt:|ENCR:128", "none", DENIED],
  ["TLS_Clt wants bits, no TLS", "TLS_Clt:|ENCR:128", "clear", atMail("454 4.7.0 encryption too weak 0 less than 128")],
  ["TLS_Clt wants this CN", "TLS_Clt:|VERIFY+CN:here.test", "here", DENIED],
  [
    "TLS_Clt wants another CN",
    "TLS_Clt:|VERIFY+CN:there.test",
    "here",
    inside("454 4.7.0 CN here.test does not match there.test"),
  ],
  ["TLS_Clt wants this subject and issuer", `TLS_Clt:|VERIFY+CS:/CN=here.test++CI:${ISSUER}`, "here", DENIED],
  [
    "TLS_Clt wants this subject and another issuer",
    "TLS_Clt:|VERIFY+CS:/CN=here.test++CI:/CN=x",
    "here",
    inside(`454 4.7.0 Cert Issuer ${ISSUER} does not match /CN=x`),
  ],
  [
    "TLS_Clt is met, and the authority may relay",
    `TLS_Clt:127.0.0.3|VERIFY+CN:here.test\nCertIssuer:${ISSUER}|RELAY`,
    "here",
    OK,
  ],
  [
    "TLS_Clt is not met by one whose authority may relay",
    `TLS_Clt:127.0.0.3|VERIFY+CN:here.test\nCertIssuer:${ISSUER}|RELAY`,
    "odd",
    inside("454 4.7.0 CN mx.b.test does not match here.test"),
  ],
  ["TLS_Clt of another client", "TLS_Clt:127.0.0.4|VERIFY", "none", DENIED],
];

/** Where the table has parts of the names: the CN of the issuer, and what is below the organisation. */
const PART_DEFINES = `
define(\`_CERT_REGEX_ISSUER_', \`-s1 ^/O=Test.*/CN=(.*)')
define(\`_CERT_REGEX_SUBJECT_', \`-s1 ^/C=../[^/]*(/.*)')`;

const PART_ROWS: readonly Row[] = [
  ["a part of the issuer's name may relay", "CertIssuer:Test+20CA|RELAY", "here", OK],
  ["the whole name is not what is looked for", `CertIssuer:${ISSUER}|RELAY`, "here", DENIED],
  [
    "a name that the expression does not fit counts whole",
    "CertIssuer:Test+20CA|SUBJECT\nCertSubject:/CN=here.test|RELAY",
    "here",
    OK,
  ],
  ["parts of both", "CertIssuer:Test+20CA|SUBJECT\nCertSubject:/CN=mx.b.test|RELAY", "odd", OK],
  [
    "a part of the issuer's name, the whole subject",
    `CertIssuer:Test+20CA|SUBJECT\nCertSubject:${ODD_SUBJECT}|RELAY`,
    "odd",
    DENIED,
  ],
  ["a part of another issuer's name", "CertIssuer:Other+20CA|RELAY", "here", DENIED],
  ["a stranger's whole name", "CertIssuer:/CN=sink.test|RELAY", "stranger", DENIED],
  ["TLS_Clt has whole names", `TLS_Clt:|VERIFY+CS:/CN=here.test++CI:${ISSUER}\nCertIssuer:Test+20CA|RELAY`, "here", OK],
  [
    "TLS_Clt does not know parts",
    "TLS_Clt:|VERIFY+CI:Test+20CA",
    "here",
    inside(`454 4.7.0 Cert Issuer ${ISSUER} does not match Test+20CA`),
  ],
];

function casesOf(rows: readonly Row[]): readonly CertificateCase[] {
  return rows.map(([name, access, client, said]) => ({
    name,
    access: access === "" ? [] : access.split("\n"),
    client,
    said,
  }));
}

export interface CertificateSite {
  readonly name: string;
  /** More m4. */
  readonly defines: string;
  readonly cases: readonly CertificateCase[];
}

export const certificateSites: readonly CertificateSite[] = [
  { name: "whole", defines: "", cases: casesOf(ROWS) },
  { name: "parts", defines: PART_DEFINES, cases: casesOf(PART_ROWS) },
];

/** The site in m4; the server's key is of the same authority, `folder` where makeCertificateSite has put its files. */
export function certificateMc(folder: string, port: number, { defines }: Pick<CertificateSite, "defines">): string {
  return `${defines}
define(\`confDOMAIN_NAME', \`mail.example.test')
define(\`confDONT_PROBE_INTERFACES', \`True')
define(\`confSERVER_CERT', \`${folder}/server.pem')
define(\`confSERVER_KEY', \`${folder}/server.key')
define(\`confCACERT', \`${folder}/ca.pem')
define(\`confCACERT_PATH', \`${folder}')
define(\`confDELIVERY_MODE', \`queueonly')
define(\`confPID_FILE', \`${folder}/pid')
define(\`ALIAS_FILE', \`${folder}/aliases')
FEATURE(\`no_default_msa')
FEATURE(\`nocanonify')
FEATURE(\`accept_unresolvable_domains')
FEATURE(\`access_db', \`text -o -T<TMPF> -k0 -v1 -z| ${folder}/access')
DAEMON_OPTIONS(\`Name=MTA, Addr=127.0.0.1, Port=${port}')
MAILER(\`local')
MAILER(\`smtp')
`;
}

/** Writes what the site needs beside its configuration. */
export function makeCertificateSite(folder: string): void {
  const put = (name: string, text: string): void => writeFileSync(join(folder, name), `${text}\n`, { mode: 0o600 });
  put("ca.pem", TEST_CA);
  put("server.pem", KNOWN_CERTIFICATE);
  put("server.key", KNOWN_KEY);
  put("access", "");
  put("aliases", "");
}

/** The same files as options, for a server without rules. */
export const CERTIFICATE_OPTIONS = (folder: string) => ({
  ServerCertFile: join(folder, "server.pem"),
  ServerKeyFile: join(folder, "server.key"),
  CACertFile: join(folder, "ca.pem"),
});

/** What the server says to MAIL and RCPT of a client as the case has it. */
export async function holdCertificateCase({ access, client }: CertificateCase, port: number, folder: string) {
  writeFileSync(join(folder, "access"), access.map((line) => `${line}\n`).join(""));
  const dialogue = await SmtpDialogue.open(port, "127.0.0.1", CLIENT_ADDRESS);
  try {
    await dialogue.reply();
    await dialogue.ask("EHLO c.test");
    if (client !== "clear") {
      await dialogue.ask("STARTTLS");
      await handshake(dialogue, CERTIFICATES[client]);
      await dialogue.ask("EHLO c.test");
    }
    return await dialogue.script("MAIL FROM:<a@far.test>", "RCPT TO:<b@far.test>");
  } finally {
    dialogue.destroy();
  }
}

if (process.argv[1] === import.meta.filename) {
  const [, , folder, port, site] = process.argv;
  if (port === undefined) makeCertificateSite(folder);
  else {
    const said: [name: string, said: readonly string[]][] = [];
    const { cases } = certificateSites.find(({ name }) => name === site)!;
    for (const each of cases) said.push([each.name, await holdCertificateCase(each, Number(port), folder)]);
    process.stdout.write(`${JSON.stringify(said)}\n`);
  }
}
