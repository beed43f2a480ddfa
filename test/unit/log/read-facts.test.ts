/** Reading lines of a mail log: whatever mail-log.ts writes is read back; lines of a genuine sendmail 8.17. */
import { describe, expect, test } from "@jest/globals";
import type { Log, LogLine } from "../../../src/log/log.ts";
import { logFrom, logTo, logVerdict } from "../../../src/log/mail-log.ts";
import { readFacts } from "../../../src/log/read-facts.ts";
import { harmless } from "../../../src/log/safe-text.ts";
import { fuzz, type Random, randomWords } from "../../support/fuzz.ts";

function written(write: (log: Log) => void): string {
  const lines: LogLine[] = [];
  write({ enabled: (level) => level <= 9, write: (_level, line) => void lines.push(line) });
  return harmless(lines[0].text);
}

/** Words with which a stranger would pretend fields. */
const NASTY = [
  "a", "x@y.example", ", size=1, class=0, nrcpts=9", ", relay=evil", ", stat=Sent", ", dsn=2.0.0", ", delay=00:00:00, xdelay=00:00:00",
  ", reject=550 no", ", discard", ", arg2=", ", ctladdr=", " ", "=", ",", ">", "<", "\t", "\u00e9",
]; // prettier-ignore

const some = (random: Random, most = 3): string => randomWords(random, NASTY, most);

/** An address as SMTP takes it: outside of quotes neither brackets, commas nor blanks. */
function address(random: Random): string {
  const kinds = [
    () => "joe@x.example",
    () => `"${some(random).replaceAll(/["\\]/g, "")}"@x.example`,
    () => `"a\\"${some(random).replaceAll(/["\\]/g, "")}"@x.example`,
    () => `user+${random(1000)}=y.example@z.example`,
  ];
  return kinds[random(kinds.length)]();
}

const pick = <T>(random: Random, values: readonly T[]): T => values[random(values.length)];

const STATUSES = [
  { status: "2.0.0", action: "relayed", outcome: "sent", words: "Sent (ok " },
  { status: "4.4.1", action: "delayed", outcome: "deferred", words: "Deferred: no route" },
  { status: "5.1.1", action: "failed", outcome: "bounced", words: "User unknown" },
  { status: "4.4.7", action: "failed", outcome: "bounced", words: "Cannot send message for 5 days" },
] as const;

function say(facts: { arg1: string; arg2?: string; ruleset: string; outcome: string }) {
  return readFacts(written((log) => logVerdict(log, { relay: "h.b [192.0.2.1]", ...facts })));
}

describe("whatever mail-log.ts writes is read back", () => {
  test("from=", () =>
    fuzz(500, (random, note) => {
      const isLocal = random(3) === 0;
      const sender = isLocal ? "joe" : pick(random, ["", address(random)]);
      const facts = {
        envelope: { id: "5AKJ3Crx012345", sender, messageClass: pick(random, [0, -60]), arrived: 0, recipients: [] },
        size: random(1_000_000),
        recipientCount: random(50),
        messageId: pick(random, ["", "<1@b>", `<${some(random)}>`]),
        relay: pick(random, [
          "host.b [192.0.2.1]",
          "[IPv6:2001:db8::1]",
          "joe@localhost",
          "x [192.0.2.1] (may be forged)",
        ]),
        ...(isLocal ? {} : { protocol: pick(random, ["SMTP", "ESMTPSA"]), daemon: "MTA v4" }),
        ...(random(2) === 0 && { auth: "SCRAM-SHA-256" }),
        ...(random(2) === 0 && { tlsVerify: "NO" }),
      };
      const text = written((log) => logFrom(log, facts));
      note(text);
      expect(readFacts(text)).toEqual({
        kind: "from",
        from: harmless(sender),
        size: facts.size,
        nrcpts: facts.recipientCount,
        relay: facts.relay,
        ...(facts.messageId !== "" && { msgid: harmless(facts.messageId) }),
        ...(facts.protocol !== undefined && { proto: facts.protocol, daemon: facts.daemon }),
        ...(facts.auth !== undefined && { auth: facts.auth }),
        ...(facts.tlsVerify !== undefined && { tlsVerify: facts.tlsVerify }),
      });
    }));

  test("to=", () =>
    fuzz(500, (random, note) => {
      const { status, action, outcome, words } = pick(random, STATUSES);
      const given = pick(random, ["bob", "/var/mail/x", address(random)]);
      const isListed = random(3) === 0;
      const recipients = isListed ? [{ given: "list@x.example" }, { given }] : [{ given }];
      const rights = { user: "joe", uid: 1001, gid: 100 };
      const text = words + some(random).replaceAll("\t", "");
      const relay = pick(random, [undefined, "mx.d.example. [192.0.2.7]", "local"]);
      const line = pick(random, [undefined, "dane=3-1-1"]);
      const started = 90_061_000;
      const logged = written((log) =>
        logTo(log, {
          envelope: { id: "5AKJ3Crx012345", arrived: 0, recipients },
          recipients: [{ recipient: isListed ? { given, parent: 0, rights } : { given } }],
          mailer: pick(random, ["esmtp", "local"]),
          priority: 30_331,
          started,
          now: started + 2_000,
          status: { action, status, text, ...(relay !== undefined && { relay }), ...(line !== undefined && { line }) },
        }),
      );
      note(logged);
      expect(readFacts(logged)).toEqual({
        kind: "to",
        to: [harmless(given)],
        ...(isListed && { ctladdr: "<list@x.example> (1001/100)" }),
        delay: 90_063,
        xdelay: 2,
        mailer: expect.stringMatching(/^(?:esmtp|local)$/),
        ...(relay !== undefined && { relay }),
        ...(line !== undefined && { line }),
        dsn: status,
        stat: harmless(text),
        outcome,
      });
    }));

  test("ruleset=", () =>
    fuzz(500, (random, note) => {
      const arg = address(random);
      const relay = "host.b [192.0.2.1]";
      const reply = `550 5.7.1 <${arg}>... Relaying denied${some(random)}`;
      const facts = { id: "5AKJ3Crx012345", ruleset: "check_rcpt", arg1: `<${arg}>`, relay };
      const text = written((log) => logVerdict(log, { ...facts, outcome: `reject=${reply}` }));
      note(text);
      const { ruleset, arg1 } = facts;
      const read = { kind: "ruleset", ruleset, arg1: harmless(arg1), relay, verdict: "reject", text: harmless(reply) };
      expect(readFacts(text)).toEqual(read);
    }));

  test("ruleset= of hosts and header fields, which may hold anything", () => {
    expect(say({ ruleset: "check_relay", arg1: "h.b", arg2: "192.0.2.1", outcome: "discard" })).toEqual({
      kind: "ruleset", ruleset: "check_relay", arg1: "h.b", arg2: "192.0.2.1", relay: "h.b [192.0.2.1]", verdict: "discard", text: "",
    }); // prettier-ignore
    const pretended = "hello, relay=good [192.0.2.9], reject=250 fine";
    expect(say({ ruleset: "CheckSubject", arg1: pretended, outcome: "quarantine=odd, really" })).toEqual({
      kind: "ruleset", ruleset: "CheckSubject", arg1: pretended, relay: "h.b [192.0.2.1]", verdict: "quarantine", text: "odd, really",
    }); // prettier-ignore
  });
});

test("no text is too odd to be read", () =>
  fuzz(500, (random, note) => {
    const begin = pick(random, [
      "from=",
      "to=",
      "to=<",
      "ruleset=",
      "Milter: ",
      "milter=",
      "split: ",
      "5AKJ3Crx012345: DSN: ",
    ]);
    const text = begin + some(random, 12);
    note(text);
    expect(readFacts(text)).toHaveProperty("kind");
  }));

describe("lines of a genuine sendmail", () => {
  test.each([
    [
      "to=nobody-here, ctladdr=list (8/0), delay=00:00:00, mailer=local, pri=0, dsn=5.1.1, reply=550 5.1.1 User unknown, stat=User unknown",
      {
        kind: "to",
        to: ["nobody-here"],
        ctladdr: "list (8/0)",
        mailer: "local",
        dsn: "5.1.1",
        stat: "User unknown",
        outcome: "bounced",
      },
    ],
    [
      "to=root, delay=00:00:00, xdelay=00:00:00, mailer=local, pri=31038, dsn=4.0.0, stat=Operating system error",
      { kind: "to", to: ["root"], outcome: "deferred" },
    ],
    [
      "to=<a@b.example>,<c@b.example>, delay=2+03:00:01, xdelay=00:00:00, mailer=*file*, pri=30014, stat=queued",
      { kind: "to", to: ["a@b.example", "c@b.example"], delay: 183_601, outcome: "queued" },
    ],
    [
      "from=root, size=14, class=0, pri=30014, nrcpts=1, msgid=<1@mail.example.test>, relay=root@localhost",
      { kind: "from", from: "root", nrcpts: 1, msgid: "<1@mail.example.test>", relay: "root@localhost" },
    ],
    ["6B1AFKn8000108: clone: owner=root", { kind: "link", how: "part", id: "6B1AFKn8000108" }],
    ["6B1AFKn9000108: DSN: Host unknown", { kind: "link", how: "report", id: "6B1AFKn9000108" }],
    ["nobody-here... User unknown", { kind: "other" }],
    ["Milter: data, reject=550 5.7.1 no", { kind: "filter", text: "550 5.7.1 no" }],
  ])("%s", (text, facts) => expect(readFacts(text)).toMatchObject(facts));
});
