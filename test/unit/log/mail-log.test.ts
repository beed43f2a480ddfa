import { describe, expect, test } from "@jest/globals";
import type { Log, LogLine } from "../../../src/log/log.ts";
import { logFrom, logTo, logVerdict, sameOutcomes } from "../../../src/log/mail-log.ts";
import { shorten } from "../../../src/log/safe-text.ts";

function recorder(level = 9): Log & { readonly lines: (LogLine & { readonly level: number })[] } {
  const lines: (LogLine & { level: number })[] = [];
  return {
    lines,
    enabled: (wanted) => wanted <= level,
    write: (lineLevel, line) => void lines.push({ ...line, level: lineLevel }),
  };
}

const arrived = 1_000_000;
const envelope = {
  id: "5AK",
  sender: "a@b",
  messageClass: 0,
  arrived,
  recipients: [{ given: "c@d" }, { given: "e@f" }],
};

describe("logFrom()", () => {
  test("writes a message from the network", () => {
    const log = recorder();
    logFrom(log, {
      envelope: { ...envelope, bodyType: "8BITMIME" },
      size: 331,
      messageId: "<1@b>",
      protocol: "ESMTPS",
      daemon: "MTA",
      tlsVerify: "NO",
      relay: "host.b [192.0.2.1]",
    });
    expect(log.lines[0]).toMatchObject({
      level: 5,
      id: "5AK",
      text: "from=<a@b>, size=331, class=0, nrcpts=2, msgid=<1@b>, bodytype=8BITMIME, proto=ESMTPS, daemon=MTA, tls_verify=NO, relay=host.b [192.0.2.1]",
    });
    expect(log.lines[0].fields?.()).toMatchObject({ event: "from", from: "a@b", size: 331, nrcpts: 2 });
  });

  test("writes a message from the command line, and the null sender", () => {
    const log = recorder();
    logFrom(log, { envelope: { ...envelope, sender: "joe" }, size: 1, messageId: "<1@b>", relay: "joe@localhost" });
    logFrom(log, { envelope: { ...envelope, sender: "" }, size: 1, messageId: "", relay: "localhost" });
    expect(log.lines.map((line) => line.text)).toEqual([
      "from=joe, size=1, class=0, nrcpts=2, msgid=<1@b>, relay=joe@localhost",
      "from=<>, size=1, class=0, nrcpts=2, relay=localhost",
    ]);
  });

  test("is silent below its level", () => {
    const log = recorder(4);
    logFrom(log, { envelope, size: 1, messageId: "", relay: "" });
    expect(log.lines).toEqual([]);
  });
});

describe("logTo()", () => {
  const facts = {
    envelope,
    recipients: [{ recipient: { given: "c@d" } }],
    mailer: "esmtp",
    priority: 30331,
    started: arrived + 500,
    now: arrived + 1_700,
    status: { action: "relayed", status: "2.0.0", text: "Sent (ok)", relay: "mx.d. [192.0.2.1]" },
  };

  test("writes a delivery", () => {
    const log = recorder();
    logTo(log, facts);
    expect(log.lines[0]).toMatchObject({
      level: 8,
      text: "to=<c@d>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=30331, relay=mx.d. [192.0.2.1], dsn=2.0.0, stat=Sent (ok)",
    });
    expect(log.lines[0].fields?.()).toMatchObject({ event: "to", to: ["c@d"], delay: 1.7, xdelay: 1.2, dsn: "2.0.0" });
  });

  test("names the address that a recipient came from", () => {
    const log = recorder();
    const rights = { user: "joe", uid: 1001, gid: 100 };
    logTo(log, { ...facts, recipients: [{ recipient: { given: "|/bin/prog", parent: 1, rights } }], mailer: "prog" });
    logTo(log, { ...facts, recipients: [{ recipient: { given: "x", parent: 0 } }, { recipient: { given: "y" } }] });
    expect(log.lines[0].text).toMatch(/^to=\|\/bin\/prog, ctladdr=<e@f> \(1001\/100\), delay=/);
    expect(log.lines[1].text).toMatch(/^to=x,y, ctladdr=<c@d>, delay=/);
  });

  test("goes on in a further line where a list is long, as sendmail does", () => {
    const log = recorder();
    const numbers = Array.from({ length: 60 }, (_, i) => 60 - i).filter((number) => number % 10 !== 6);
    const recipients = numbers.map((number) => ({ recipient: { given: `user${number}@far.example` } }));
    const relay = "[127.0.0.1] [127.0.0.1]";
    const status = { action: "relayed", status: "2.0.0", text: "Sent (taken)", relay };
    logTo(log, { ...facts, recipients, priority: 1_800_018, status });
    const rest =
      ", delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1800018, relay=[127.0.0.1] [127.0.0.1], dsn=2.0.0, stat=Sent (taken)";
    const named = recipients.map(({ recipient }) => `<${recipient.given}>`);
    const [first, second, ...others] = log.lines;
    expect(others).toEqual([]);
    expect(first.text).toBe(`to=${named.slice(0, 38).join(",")}, [more]${rest}`);
    expect(second.text).toBe(`to=${named.slice(38).join(",")}${rest}`);
    expect(first.text.length + named[38].length).toBeGreaterThan(924);
    expect([first, second].flatMap((line) => line.fields?.()["to"])).toEqual(
      recipients.map(({ recipient }) => recipient.given),
    );
  });

  test("a list of addresses as long as they can be loses none", () => {
    const log = recorder();
    const recipients = ["a", "b", "c"].map((letter) => ({ recipient: { given: `${letter.repeat(2_000)}@x` } }));
    logTo(log, { ...facts, recipients });
    expect(log.lines.map(({ text }) => text.slice(0, 10))).toEqual(["to=<aaaaaa"]);
    expect(log.lines[0].text).toMatch(/^to=<a+\.\.\.a+@x>,<b+\.\.\.b+@x>,<c+\.\.\.c+@x>, delay=/);
  });

  test("failures and deferrals have levels of their own", () => {
    const log = recorder(8);
    logTo(log, { ...facts, status: { action: "failed", status: "5.1.1", text: "User unknown" } });
    logTo(log, { ...facts, status: { action: "delayed", status: "4.0.0", text: "Deferred" } });
    expect(log.lines.map(({ level, text }) => [level, text.slice(text.indexOf("pri="))])).toEqual([
      [7, "pri=30331, dsn=5.1.1, stat=User unknown"],
    ]);
  });

  test("long addresses and texts lose their middle", () => {
    const log = recorder();
    logTo(log, { ...facts, status: { ...facts.status, text: `Sent (${"x".repeat(1_000)} end)` } });
    expect(log.lines[0].text).toMatch(/stat=Sent \(x+\.\.\.x+ end\)$/);
    expect(shorten("x".repeat(500))).toHaveLength(203);
  });
});

test("sameOutcomes() puts those together who have the same outcome, and leaves refusals alone", () => {
  const taken = { action: "relayed", status: "2.0.0", text: "Sent (ok)", relay: "mx.d. [192.0.2.1]" };
  const refused = { action: "failed", status: "5.1.1", text: "User unknown" };
  const each = (given: string, status: typeof refused, more: object = {}) => ({
    recipient: { given, ...more },
    status,
  });
  const groups = sameOutcomes([
    each("a", taken),
    each("b", refused),
    each("c", { ...taken }),
    each("d", { ...taken, text: "Sent (also)" }),
    each("e", refused),
    each("f", taken, { parent: 0 }),
    each("g", taken, { parent: 0 }),
    each("h", taken, { parent: 0, rights: { user: "joe", uid: 1, gid: 2 } }),
  ]);
  expect([...groups].map((group) => group.map(({ recipient }) => recipient.given).join())).toEqual([
    "a,c",
    "b",
    "d",
    "e",
    "f,g",
    "h",
  ]);
});

test("logVerdict() writes what a ruleset refused", () => {
  const log = recorder();
  const facts = { ruleset: "check_rcpt", arg1: "<x@y>", relay: "h [192.0.2.1]" };
  logVerdict(log, { ...facts, id: "5AK", outcome: "reject=550 5.7.1 <x@y>... Relaying denied" });
  logVerdict(log, { ...facts, ruleset: "check_relay", arg1: "h", arg2: "192.0.2.1", outcome: "discard" });
  expect(log.lines.map(({ text }) => text)).toEqual([
    "ruleset=check_rcpt, arg1=<x@y>, relay=h [192.0.2.1], reject=550 5.7.1 <x@y>... Relaying denied",
    "ruleset=check_relay, arg1=h, arg2=192.0.2.1, relay=h [192.0.2.1], discard",
  ]);
  expect(log.lines[0].fields?.()).toMatchObject({
    ruleset: "check_rcpt",
    reject: "550 5.7.1 <x@y>... Relaying denied",
  });
  expect(log.lines[1].fields?.()).toMatchObject({ discard: true });
});
