/**
 * DMARC beside opendmarc: it reads what we wrote of SPF and DKIM, asks for the same records, and comes to the same result. The
 * message, its signatures, and what both ask the DNS for are real.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SignedNames, startSigner } from "../../src/authentication/dkim/sign.ts";
import { Examination } from "../../src/authentication/examination.ts";
import { resultsField } from "../../src/authentication/results-field.ts";
import { parsePrivateKey } from "../../src/authentication/signing/private-key.ts";
import { publicRecord, recordName } from "../../src/authentication/signing/public-record.ts";
import { runMilterCommand } from "../../src/cli/milter/command.ts";
import { Dns2Resolver } from "../../src/dns/dns2-resolver.ts";
import { parseHeader } from "../../src/mail/header.ts";
import { systemClock } from "../../src/sys/clock.ts";
import { runCommand } from "../support/command.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { peerDescribe } from "../support/peers.ts";
import { type RealFilter, startDmarc, startVerifier } from "../support/real-filters.ts";
import { layDownKeys, PEM } from "../support/signed-mail.ts";

/** SPF lets only one of them send, whatever the domain. */
const FRIEND = "192.0.2.1";
const STRANGER = "192.0.2.9";
const US = "mx.y.example";
/** Of the list of public suffixes, what the names below need; ours is the whole one. */
const SUFFIXES = ["com", "org", "uk", "co.uk"];

/** Policies; a domain that has one here exists. */
const POLICIES: Readonly<Record<string, string>> = {
  "none.com": "v=DMARC1; p=none",
  "quarantine.com": "v=DMARC1; p=quarantine",
  "reject.com": "v=DMARC1; p=reject",
  "below.com": "v=DMARC1; p=reject; sp=none",
  "harsher.com": "v=DMARC1; p=none; sp=reject",
  "strict.com": "v=DMARC1; p=reject; aspf=s; adkim=s",
  "own.strict.com": "v=DMARC1; p=reject; aspf=s; adkim=s",
  "shop.co.uk": "v=DMARC1; p=reject",
  "own.reject.com": "v=DMARC1; p=quarantine",
  "sampled.com": "v=DMARC1; p=reject; pct=0",
  "testing.com": "v=DMARC1; p=reject; t=y",
  "absent.com": "v=DMARC1; p=none; sp=quarantine; np=reject",
  "dept.wide.com": "v=DMARC1; p=reject; psd=n",
  "wide.com": "v=DMARC1; p=none",
  "broken.com": "v=DMARC1; p=whatever",
};
/** Names that exist, of which nobody has said anything. */
const HOSTS = [
  "news.below.com",
  "news.harsher.com",
  "www.none.com",
  "team.dept.wide.com",
  "a.shop.co.uk",
  "silent.org",
];

interface Case {
  readonly from: string;
  /** Domain of MAIL, for which SPF passes; "-": it fails; "": the null sender. */
  readonly mail: string;
  readonly helo?: string;
  /** Domains that sign; "!": the signature no longer holds. */
  readonly signed?: readonly string[];
  /** opendmarc is asked without the list of public suffixes. */
  readonly isListless?: boolean;
  /** Our result, and the policy that holds for the message. */
  readonly ours: string;
  /** That of opendmarc, where it differs, and why it may. */
  readonly theirs?: readonly [result: string, why: string];
}

/**
 * Strict alignment is looked at without the list of public suffixes: with it opendmarc 1.4 counts the organization's names as equal
 * (github.com/trusteddomainproject/OpenDMARC/pull/354).
 */
const CASES: Readonly<Record<string, Case>> = {
  "SPF of the very domain": { from: "reject.com", mail: "reject.com", ours: "pass reject" },
  "SPF of a name below": { from: "reject.com", mail: "bounce.reject.com", ours: "pass reject" },
  "SPF of a name above": { from: "www.none.com", mail: "none.com", ours: "pass none" },
  "SPF of a sister": { from: "www.none.com", mail: "bounce.none.com", ours: "pass none" },
  "SPF of somebody else": { from: "reject.com", mail: "other.org", ours: "fail reject" },
  "SPF fails for the domain": { from: "reject.com", mail: "-reject.com", ours: "fail reject" },
  "strict SPF of the very domain": { from: "strict.com", mail: "strict.com", ours: "pass reject" },
  "strict SPF of a name below": {
    from: "strict.com",
    mail: "bounce.strict.com",
    isListless: true,
    ours: "fail reject",
  },
  "DKIM of the very domain": { from: "reject.com", mail: "other.org", signed: ["reject.com"], ours: "pass reject" },
  "DKIM of a name below": { from: "reject.com", mail: "other.org", signed: ["s.reject.com"], ours: "pass reject" },
  "DKIM of somebody else": { from: "reject.com", mail: "other.org", signed: ["other.org"], ours: "fail reject" },
  "DKIM that no longer holds": { from: "reject.com", mail: "other.org", signed: ["!reject.com"], ours: "fail reject" },
  "strict DKIM of the very domain": {
    from: "strict.com",
    mail: "-other.org",
    signed: ["strict.com"],
    ours: "pass reject",
  },
  "strict DKIM of a name below": {
    from: "strict.com",
    mail: "-other.org",
    signed: ["s.strict.com"],
    isListless: true,
    ours: "fail reject",
    theirs: ["pass reject", "its strict mode takes names below for the same, for DKIM also without the list"],
  },
  "strict DKIM of a name above": {
    from: "own.strict.com",
    mail: "-other.org",
    signed: ["strict.com"],
    isListless: true,
    ours: "fail reject",
  },
  "several signatures, the last one counts": {
    from: "reject.com",
    mail: "other.org",
    signed: ["other.org", "!reject.com", "reject.com"],
    ours: "pass reject",
  },
  "several signatures, none of them the author's": {
    from: "quarantine.com",
    mail: "other.org",
    signed: ["other.org", "reject.com", "!quarantine.com"],
    ours: "fail quarantine",
  },
  "a milder policy below": { from: "news.below.com", mail: "other.org", ours: "fail none" },
  "a harsher policy below": { from: "news.harsher.com", mail: "other.org", ours: "fail reject" },
  "a record of its own below": { from: "own.reject.com", mail: "other.org", ours: "fail quarantine" },
  "p=none": { from: "none.com", mail: "other.org", ours: "fail none" },
  "p=quarantine": { from: "quarantine.com", mail: "other.org", ours: "fail quarantine" },
  "no record": { from: "silent.org", mail: "silent.org", ours: "none none" },
  "the organization below two labels": { from: "a.shop.co.uk", mail: "b.shop.co.uk", ours: "pass reject" },
  "another one below the same suffix": { from: "a.shop.co.uk", mail: "else.co.uk", ours: "fail reject" },
  "the null sender, HELO of the organization": {
    from: "reject.com",
    mail: "",
    helo: "mx.reject.com",
    ours: "pass reject",
    theirs: ["fail reject", "of the null sender it counts no SPF that others have found; RFC 7489 §3.1.2 does"],
  },
  "the null sender, HELO of somebody else": { from: "reject.com", mail: "", helo: "mx.other.org", ours: "fail reject" },
  "pct=0": {
    from: "sampled.com",
    mail: "other.org",
    ours: "fail quarantine",
    theirs: ["fail reject", "it names the policy of the record, and leaves out messages when it acts"],
  },
  "t=y": {
    from: "testing.com",
    mail: "other.org",
    ours: "fail quarantine",
    theirs: ["fail reject", "t= is of the successor of RFC 7489, as is np="],
  },
  "np=, for a name that does not exist": {
    from: "nobody.absent.com",
    mail: "other.org",
    ours: "fail reject",
    theirs: ["fail quarantine", "np= is of the successor of RFC 7489; before it was sp="],
  },
  "an organization that begins lower": {
    from: "team.dept.wide.com",
    mail: "wide.com",
    ours: "fail reject",
    theirs: ["pass none", "the tree walk heeds psd=n; the list of public suffixes knows only wide.com"],
  },
};

/** One key signs for all. */
const KEY = parsePrivateKey(Buffer.from(PEM.ed25519), "key");

let folder: string;
let dns: DnsServer;
let withList: RealFilter;
let withoutList: RealFilter;

function zoneOfCases(): Record<string, readonly string[]> {
  const zone = new Map<string, Set<string>>();
  const add = (name: string, record: string): unknown => zone.set(name, (zone.get(name) ?? new Set()).add(record));
  for (const [name, policy] of Object.entries(POLICIES)) add(`_dmarc.${name}`, `TXT ${policy}`);
  for (const name of [...Object.keys(POLICIES), ...HOSTS]) add(name, "A 192.0.2.80");
  for (const { mail, helo, signed = [] } of Object.values(CASES)) {
    add(mail.replace("-", "") || helo!, `TXT v=spf1 ip4:${FRIEND} -all`);
    for (const name of signed) add(recordName("s", name.replace("!", "")), `TXT ${publicRecord(KEY)}`);
  }
  return Object.fromEntries([...zone].map(([name, records]) => [name, [...records]]));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dmarc-"));
  dns = await startDnsServer(zoneOfCases());
});
afterAll(async () => {
  await dns.close();
  rmSync(folder, { recursive: true, force: true });
});

const BODY = "hello\r\n";

/** The message of a case as it arrives, and its DKIM-Signature fields on top. */
async function messageOf({ from, signed = [] }: Case): Promise<string> {
  const header = `From: Joe <joe@${from}>\r\nTo: ann@y.example\r\nSubject: x\r\nDate: Mon, 30 Nov 2026 19:11:01 +0000\r\nMessage-Id: <1@x>\r\n`;
  const signatures: string[] = [];
  for (const name of signed) {
    const key = { domain: name.replace("!", ""), selector: "s", key: KEY.key };
    const options = { clock: systemClock, names: new SignedNames(["From", "Subject"], []) };
    const signer = startSigner(parseHeader(header).fields, [key], options);
    signer.update(Buffer.from(name.startsWith("!") ? "hullo\r\n" : BODY));
    signatures.push(...(await signer.end()).map((field) => `${field}\r\n`));
  }
  return `${signatures.join("")}${header}\r\n${BODY}`;
}

/** "RESULT POLICY" of ours, and the message with our field on top. */
async function judgedByUs(subject: Case): Promise<{ readonly verdict: string; readonly message: string }> {
  const message = await messageOf(subject);
  const resolver = new Dns2Resolver({ machine: dns.machine(), clock: systemClock });
  const mailFrom = subject.mail === "" ? "" : `joe@${subject.mail.replace("-", "")}`;
  const client = subject.mail.startsWith("-") ? STRANGER : FRIEND;
  const examination = new Examination(
    { client, helo: subject.helo ?? "mx.x.example", mailFrom, iprev: { result: "permerror", address: client } },
    new Set(["spf", "dkim", "dmarc"]),
    // pct= leaves out whatever it may.
    { resolver, clock: systemClock, timeLimit: 20_000, hostName: US, random: () => 0.5, hasWaited: () => false },
  );
  await examination.sender();
  examination.begin(parseHeader(message.slice(0, message.indexOf("\r\n\r\n") + 2)).fields);
  examination.update(Buffer.from(BODY));
  const { evidence, told } = await examination.finish();
  const { name, value } = resultsField(US, told);
  return { verdict: `${evidence.dmarc.result} ${evidence.dmarc.policy}`, message: `${name}:${value}\r\n${message}` };
}

/** What opendmarc writes on top: "RESULT POLICY". */
async function judgedByOpendmarc(
  { mail, helo = "mx.x.example", isListless = false }: Case,
  message: string,
): Promise<string> {
  const { socket } = isListless ? withoutList : withList;
  const file = join(folder, "message");
  writeFileSync(file, message, "latin1");
  const sender = mail === "" ? "" : `joe@${mail.replace("-", "")}`;
  const words = ["--client", `mx.x.example [${FRIEND}]`, "--helo", helo, "--from", sender];
  const { output, errors } = await runCommand(runMilterCommand, ["test", "--json", ...words, socket, file]);
  expect(errors).toBe("");
  const { edits } = JSON.parse(output) as { edits: { name: string; value: string }[] };
  const [, result, policy] = /; dmarc=(\w+) \(p=(\w+) /.exec(edits[0]?.value) ?? [];
  return `${result} ${policy}`;
}

peerDescribe("the same messages judged by opendmarc", ["opendmarc"], () => {
  beforeAll(async () => {
    const records = Object.fromEntries(Object.entries(POLICIES).map(([name, text]) => [`_dmarc.${name}`, text]));
    const settings = "RejectFailures false\n";
    withList = await startDmarc({ records, publicSuffixes: SUFFIXES, settings });
    withoutList = await startDmarc({ records, settings });
  });
  afterAll(async () => {
    await withList.stop();
    await withoutList.stop();
  });

  test.each(Object.entries(CASES))("%s", async (_name, subject) => {
    const { verdict, message } = await judgedByUs(subject);
    expect(verdict).toBe(subject.ours);
    expect(await judgedByOpendmarc(subject, message)).toBe(subject.theirs?.[0] ?? subject.ours);
  });
});

peerDescribe("opendkim and opendmarc as filters of ours", ["opendkim", "opendmarc"], () => {
  test("what another of ours has signed passes both, and what it has not signed is refused", async () => {
    const records = layDownKeys(join(folder, "keys"), { "brand.test/s": "rsa" });
    const verifier = await startVerifier(records);
    const judge = await startDmarc({
      records: { "_dmarc.brand.test": "v=DMARC1; p=reject" },
      publicSuffixes: ["test"],
    });
    const place = await startDnsServer({ "far.test": ["A 127.0.0.1"], "brand.test": ["A 127.0.0.1"] });
    const filters = [
      `INPUT_MAIL_FILTER(\`dkim', \`S=${verifier.socket}, F=T')`,
      `INPUT_MAIL_FILTER(\`dmarc', \`S=${judge.socket}, F=T')`,
    ];
    const receiver = await MailServer.start({
      mc: ["define(`confDOMAIN_NAME', `mx.far.test')dnl", "LOCAL_DOMAIN(`far.test')", ...filters].join("\n"),
      machine: place.machine(),
    });
    const ports = ["SMTP", "ESMTP", "RELAY"].map(
      (name) => `define(\`${name}_MAILER_ARGS', \`TCP $h ${receiver.port}')dnl`,
    );
    const sending = (...lines: string[]) =>
      MailServer.start({
        mc: [...ports, "MASQUERADE_AS(`brand.test')", ...lines].join("\n"),
        machine: place.machine(),
      });
    const signer = await sending(`FEATURE(\`dkim_sign', \`${join(folder, "keys")}')`);
    const other = await sending();
    try {
      const message = "From: Alice <alice@mail.example.test>\nTo: alice@far.test\nSubject: hello\n\nhello\n.dot\n";
      await signer.run("sendmail", ["-i", "-f", "alice", "alice@far.test"], message);
      const [arrived] = await eventually("the message", () => {
        const mails = receiver.mailbox("alice");
        return mails.length > 0 && mails;
      });
      const results = arrived.replaceAll(/\r?\n[ \t]+/g, " ").match(/^Authentication-Results: .*$/gm);
      expect(results).toEqual([
        expect.stringContaining("mx.y.example; dmarc=pass (p=reject dis=none) header.from=brand.test"),
        expect.stringMatching(/mx\.y\.example; dkim=pass .*header\.d=brand\.test/),
      ]);
      await other.run("sendmail", ["-i", "-f", "alice", "alice@far.test"], message);
      await eventually("a bounce", () =>
        other.mailbox("alice")[0]?.includes("rejected by DMARC policy for brand.test"),
      );
      expect(receiver.mailbox("alice").length).toBe(1);
    } finally {
      for (const server of [signer, other, receiver]) await server.remove();
      await place.close();
      await judge.stop();
      await verifier.stop();
    }
  });
});
