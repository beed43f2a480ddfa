/**
 * Questions about addresses, and calls that need a process of their own: -bv, EXPN, VRFY, RCPT with a backslash, mailq, error
 * modes, delivery modes, octets of the command line. What genuine sendmail 8.17 answered is pinned.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { connectControl } from "../../src/control/client.ts";
import { startSite } from "../support/command-line-server.ts";
import { takeDeliveries } from "../support/command-line-site.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, type MailServer } from "../support/mail-server.ts";
import { SmtpClient } from "../support/smtp-client.ts";

let dns: DnsServer;
let server: MailServer;

beforeAll(async () => {
  dns = await startDnsServer();
  server = await startSite(dns);
});
afterAll(async () => {
  await server.remove();
  await dns.close();
});

const deliveries = () => takeDeliveries(join(server.home, "out"));
const sorted = (text: string): string[] => text.trimEnd().split("\n").toSorted();
const cf = (): string[] => ["-C", join(server.home, "sendmail.cf")];

describe("-bv", () => {
  test.each<[string[], number, string[]]>([
    [["joe,ann"], 0, ["ann... deliverable: mailer local, user ann", "joe... deliverable: mailer local, user joe"]],
    [
      ["list"],
      0,
      [
        "ann... deliverable: mailer local, user ann",
        "bob@b.test... deliverable: mailer remote, host hub.example.test, user bob@b.test",
        "joe... deliverable: mailer local, user joe",
      ],
    ],
    [["fred"], 0, ["ann... deliverable: mailer local, user ann"]],
    [["mixed"], 67, ["joe... deliverable: mailer local, user joe", "nosuch... User unknown"]],
    [["a@nouser.test"], 67, ["a@nouser.test... No such person"]],
    [["|true"], 64, ["|true... Cannot mail directly to programs"]],
    [["loop1"], 64, ["aliasing/forwarding loop broken"]],
    [
      ["joe", "nosuch", "ann"],
      67,
      [
        "ann... deliverable: mailer local, user ann",
        "joe... deliverable: mailer local, user joe",
        "nosuch... User unknown",
      ],
    ],
    [[], 64, ["Recipient names must be specified"]],
    [
      ["Joe <joe>, ann (x)"],
      0,
      ["Joe <joe>... deliverable: mailer local, user joe", "ann (x)... deliverable: mailer local, user ann"],
    ],
    [["<joe"], 64, ["<joe... Unbalanced '<'", "<joe... deliverable: mailer local, user joe"]],
    [["|true", "nosuch"], 67, ["nosuch... User unknown", "|true... Cannot mail directly to programs"]],
    [["-v", "carol"], 0, ["carol... aliased to joe", "joe... deliverable: mailer local, user joe"]],
    [["-n", "carol"], 0, ["carol... deliverable: mailer local, user carol"]],
    [["-v", "fred"], 0, ["HOME/forward/fred: line 1: forwarding to ann", "ann... deliverable: mailer local, user ann"]],
    [
      ["-v", "carol", "members"],
      0,
      [
        ":include:HOME/members... including file HOME/members",
        "HOME/members: line 2: joe... duplicate suppressed",
        "HOME/members: line 2: sending to joe, ann",
        "HOME/members: line 3: sending to bob@b.test",
        "ann... deliverable: mailer local, user ann",
        "bob@b.test... deliverable: mailer remote, host hub.example.test, user bob@b.test",
        "carol... aliased to joe",
        "joe... deliverable: mailer local, user joe",
        "members... aliased to :include:HOME/members",
      ],
    ],
  ])("%j", async (args, code, lines) => {
    const answer = await server.run("sendmail", [...cf(), "-bv", ...args]);
    const shown = sorted((answer.out + answer.err).replaceAll(server.home, "HOME"));
    expect({ code: answer.code, lines: shown }).toEqual({ code, lines });
  });

  test("-v -v also says which line of which file an alias stands in", async () => {
    const { out } = await server.run("sendmail", [...cf(), "-bv", "-v", "-v", "members", "list"]);
    const lines = out.replaceAll(server.home, "HOME").split("\n");
    expect(lines.slice(0, 4)).toEqual([
      expect.stringMatching(/^HOME\/aliases: line \d+: members\.\.\. aliased to :include:HOME\/members$/),
      "HOME/aliases: line 3: list... aliased to joe, ann, bob@b.test",
      ":include:HOME/members... including file HOME/members",
      "HOME/members: line 2: sending to joe, ann",
    ]);
  });
});

describe("EXPN and VRFY", () => {
  const JOE = "Joe Q. Public <joe@mail.example.test>";
  const ANN = "Ann Ann <ann@mail.example.test>";
  const BOB = "<bob@b.test>";
  test.each<[string, string[]]>([
    ["EXPN members", [ANN, JOE, BOB]],
    ["EXPN list", [ANN, JOE, BOB]],
    ["EXPN fred", [ANN]],
    ["EXPN joe", [JOE]],
    ["EXPN carol", [JOE]],
    ["EXPN owned", [JOE]],
    ["EXPN \\carol", ["<\\carol@mail.example.test>"]],
    ["EXPN \\fred", ["Fred <\\fred@mail.example.test>"]],
    ["EXPN a@b.test", ["<a@b.test>"]],
    ["EXPN joe,ann", [ANN, JOE]],
    ["EXPN joe list", [ANN, JOE, BOB]],
    ["EXPN <joe>", [JOE]],
    ["EXPN list,list", [ANN, JOE, BOB]],
    ["EXPN mixed", ["550 5.1.1 nosuch... User unknown"]],
    ["EXPN joe,nosuch,ann", ["550 5.1.1 nosuch... User unknown"]],
    ["EXPN :include:/etc/passwd", ["550 5.7.1 :include:/etc/passwd... Cannot mail directly to :include:s"]],
    ["VRFY carol", ["<carol@mail.example.test>"]],
    ["VRFY list", ["<list@mail.example.test>"]],
    ["VRFY fred", ["Fred <fred@mail.example.test>"]],
    ["VRFY joe, ann", [ANN, JOE]],
    ["VRFY Joe <joe>", [JOE]],
    ["VRFY joe@mail.example.test", [JOE]],
    ["VRFY nosuch", ["550 5.1.1 nosuch... User unknown"]],
    ["VRFY |x", ["550 5.7.1 |x... Cannot mail directly to programs"]],
    ["VRFY bob", ['Bob "the" Builder (x) \\ <y> <bob@mail.example.test>']],
  ])("%s", async (command, wanted) => {
    const { client } = await SmtpClient.open(server.port);
    const answer = await client.command(command);
    client.close();
    const lines = answer.split("\n").map((line) => line.replace(/^250[- ]2\.1\.5 /, ""));
    expect(lines.toSorted()).toEqual(wanted.toSorted());
  });

  test.each([
    ["VRFY carol", "250 2.1.5"],
    ["VRFY a@b.test", "252 2.1.5"],
    ["VRFY joe, a@b.test", "252-2.1.5"],
    ["EXPN a@b.test", "250 2.1.5"],
  ])("%s: %s, as mailers have F=q or not", async (command, code) => {
    const { client } = await SmtpClient.open(server.port);
    const answer = await client.command(command);
    client.close();
    expect(answer.slice(0, 9)).toBe(code);
  });

  // As genuine sendmail 8.17; without VERB there is nothing but members, for programs.
  test.each<[string, string[]]>([
    ["EXPN carol", ["050 carol... aliased to joe"]],
    ["EXPN fred", ["050 HOME/forward/fred: line 1: forwarding to ann"]],
    [
      "EXPN members",
      [
        "050 members... aliased to :include:HOME/members",
        "050 :include:HOME/members... including file HOME/members",
        "050 HOME/members: line 2: sending to joe, ann",
        "050 HOME/members: line 3: sending to bob@b.test",
      ],
    ],
    ["EXPN nosuch", []],
    ["VRFY carol", []],
  ])("VERB and %s tells which line says so", async (command, wanted) => {
    const { client } = await SmtpClient.open(server.port);
    const before = await client.command(command);
    expect(before).not.toContain("050");
    expect(await client.command("VERB")).toBe("250 2.0.0 Verbose mode");
    let answer = await client.command(command);
    const told: string[] = [];
    for (; answer.startsWith("050 "); answer = await client.reply()) told.push(answer);
    client.close();
    expect(told.map((line) => line.replaceAll(server.home, "HOME"))).toEqual(wanted);
    expect(answer).toBe(before);
  });

  test("a list that cannot be opened names no secret", async () => {
    const { client } = await SmtpClient.open(server.port);
    expect(await client.command("EXPN missing")).toMatch(/^550 5\.2\.4 /);
    expect(await client.command("EXPN loop1")).toMatch(/^554 5\.4\.6 .*aliasing\/forwarding loop broken/);
    client.close();
  });
});

test("RCPT <\\user> is that user: no alias, no .forward", async () => {
  const { client } = await SmtpClient.open(server.port);
  await client.command("EHLO client.test");
  expect(await client.command("MAIL FROM:<ann@mail.example.test>")).toMatch(/^250 /);
  expect(await client.command("RCPT TO:<\\carol>")).toMatch(/^250 /);
  expect(await client.command("RCPT TO:<\\nosuch@mail.example.test>")).toMatch(/^550 5\.1\.1 /);
  // An alias of its own name is the user, who is nobody.
  expect(await client.command("RCPT TO:<self@mail.example.test>")).toMatch(/^550 5\.1\.1 .*User unknown/);
  expect(await client.command("RCPT TO:<\\fred@mail.example.test>")).toMatch(/^250 /);
  await client.command("DATA");
  expect(await client.command("Subject: x\r\n\r\nx\r\n.")).toMatch(/^250 /);
  client.close();
  const users: string[] = [];
  await eventually("both deliveries", () => users.push(...deliveries().flatMap((each) => each.users)) === 2);
  expect(users.toSorted()).toEqual(["carol", "fred"]);
});

test("octets of the command line arrive as they are", async () => {
  const args = ["-odi", "-f", "r\u00fcdi@b.test", "-F", "unused", "ann"];
  expect(await server.run("sendmail", args, "Subject: x\n\nx\n")).toMatchObject({ code: 0, err: "" });
  const [{ sender, header }] = deliveries();
  expect(sender).toBe("r\u00c3\u00bcdi@b.test");
  expect(header).toContain("Return-Path: <r\u00c3\u00bcdi@b.test>");
});

test("octets that are no UTF-8 arrive as they are, too", () => {
  // What Node gives to a program is UTF-8: a shell makes the words.
  const script = 'exec "$0" -odi -f "$(printf "r\\374di@b.test")" -F "$(printf "J\\366rg")" ann';
  const sendmail = join(import.meta.dirname, "../../bin/sendmail");
  const call = (...words: string[]) =>
    spawnSync("sh", ["-c", words.join(" "), sendmail], {
      input: "From: x\nSubject: x\n\nx\n",
      encoding: "latin1",
      env: { PATH: process.env["PATH"], RULEMAIL_HOME: server.home },
    });
  expect(call(script)).toMatchObject({ status: 0, stderr: "" });
  expect(deliveries()[0].header).toContain("Return-Path: <r\u00fcdi@b.test>");
  expect(call('exec "$0" -odi -f ann -F "$(printf "J\\366rg")" -t joe <<E\nTo: bob\n\nE')).toMatchObject({ status: 0 });
  expect(deliveries()[0].header).toContain("From: J\u00f6rg <ann>");
});

test("-odq and -odd leave the message to a queue run", async () => {
  for (const mode of ["-odq", "-odd", "-ODeliveryMode=q"]) {
    expect(await server.run("sendmail", [mode, "joe"], "Subject: x\n\nx\n")).toMatchObject({ code: 0 });
  }
  expect((await server.run("mailq", [])).out).toContain("(3 requests)");
  expect(deliveries()).toEqual([]);
  await server.run("sendmail", ["-q"]);
  await eventually("three deliveries", () => (waiting.push(...deliveries()), waiting.length === 3));
});
const waiting: unknown[] = [];

test("-oem sends the reasons to the sender, -oeq to nobody", async () => {
  const silent = { out: "", err: "" };
  expect(await server.run("sendmail", ["-oeq", "nosuch"], "\nx\n")).toEqual({ ...silent, code: 67 });
  expect(await server.run("sendmail", ["-oem", "-f", "eve", "nosuch"], "\nx\n")).toEqual({ ...silent, code: 67 });
  expect(await server.run("sendmail", ["-oee", "-f", "eve", "nosuch"], "\nx\n")).toEqual({ ...silent, code: 0 });
  const reports = (): number => server.log().split(/to=eve, .*mailer=local.*stat=Sent/).length - 1;
  await eventually("both reports", () => reports() === 2);
});

test("mailq shows quarantined messages with -qQ, and only then", async () => {
  await server.run("sendmail", ["-odq", "joe"], "Subject: x\n\nx\n");
  await server.run("sendmail", ["-odq", "ann"], "Subject: x\n\nx\n");
  const client = await connectControl(join(server.home, "control"));
  const [{ id, recipients }] = await client.list();
  await client.hold({ ids: [id] }, "bad");
  const { address } = recipients[0];
  const all = await server.run("mailq", []);
  const quarantined = await server.run("mailq", ["-qQ"]);
  await client.remove({});
  client.close();
  expect(all.out).toContain("(1 request)");
  expect(all.out).not.toContain("QUARANTINE");
  expect(quarantined.out).toContain("QUARANTINE: bad");
  expect(quarantined.out).toContain(address);
  expect(quarantined.out).toContain("(1 request)");
});

test("without a server lists are taken apart, too, and the name travels along", async () => {
  await server.stop();
  const args = ["-F", "Some Body", "-t", "-f", "ann", "'joe, bob'".slice(1, -1)];
  expect(await server.run("sendmail", args, "To: eve dave\nBcc: carol\n\nx\n")).toMatchObject({ code: 0, err: "" });
  server = await startSite(dns, {}, server.home);
  const found: ReturnType<typeof deliveries> = [];
  await eventually("four deliveries", () => (found.push(...deliveries()), found.length === 4));
  expect(found.flatMap((each) => each.users).toSorted()).toEqual(["bob", "dave", "eve", "joe"]);
  expect(found[0].header).toEqual(expect.arrayContaining(["From: Some Body <ann>", "To: eve, dave"]));
  expect(found[0].header.join("\n")).not.toMatch(/bcc/i);
});

test("without a server -n, -od and -h are kept for it", async () => {
  await server.stop();
  const calls = [
    ["-n", "-odb", "carol"],
    ["-odq", "joe"],
    ["-odd", "ann"],
    ["-h", "99", "-f", "eve", "bob"],
  ];
  for (const args of calls) expect(await server.run("sendmail", args, "Subject: x\n\nx\n")).toMatchObject({ code: 0 });
  server = await startSite(dns, {}, server.home);
  await eventually("the report about too many hops", () => /to=eve, .*mailer=local.*stat=Sent/.test(server.log()));
  const found = deliveries();
  await eventually("a delivery", () => (found.push(...deliveries()), found.some(({ users }) => users[0] === "carol")));
  const waits = async (): Promise<boolean> => (await server.run("mailq", [])).out.includes("(2 requests)");
  await eventually("two that wait for a queue run", waits);
  await server.run("sendmail", ["-q"]);
  await eventually("their delivery", () => (found.push(...deliveries()), found.length === 3));
  expect(found.flatMap(({ users }) => users).toSorted()).toEqual(["ann", "carol", "joe"]);
});

test.each([
  [["-t"], "No recipient addresses found in header\n"],
  [[""], "Recipient names must be specified\n"],
  [["(nobody)", ","], "Recipient names must be specified\n"],
])("without a server a message to nobody is refused as with one: %j", async (args, err) => {
  await server.stop();
  expect(await server.run("sendmail", args, "Subject: x\n\nx\n")).toEqual({ code: 64, out: "", err });
});

async function expand(...words: string[]): Promise<{ readonly code: number | null; out: string; err: string }> {
  const answer = await server.run("rulemail", ["expand", ...cf(), ...words]);
  return { ...answer, out: answer.out.replaceAll(`${server.home}/`, "/site/") };
}

describe("rulemail expand", () => {
  test("shows who gets the mail, and which line of which file names him", async () => {
    expect(await expand("list", "fred", "members")).toEqual({
      code: 0,
      err: "",
      out: `list: alias list
  joe: mailer local, user joe (/site/aliases: line 3)
  ann: mailer local, user ann (/site/aliases: line 3)
  bob@b.test: mailer remote, host hub.example.test, user bob@b.test (/site/aliases: line 3)
fred: forwards as /site/forward/fred
  ann: mailer local, user ann (/site/forward/fred: line 1)
members: alias members
  :include:/site/members: list /site/members (/site/aliases: line 26)
    joe: mailer local, user joe (/site/members: line 2)
    ann: mailer local, user ann (/site/members: line 2)
    bob@b.test: mailer remote, host hub.example.test, user bob@b.test (/site/members: line 3)
`,
    });
  });

  test("shows circles, who is refused, and ends with a status that says so", async () => {
    const { code, out, err } = await expand("loop1", "mixed");
    expect({ code, out }).toEqual({
      code: 69,
      out: `loop1: alias loop1 5.4.6 aliasing/forwarding loop broken
  loop2: alias loop2 (/site/aliases: line 7)
    loop1: circle loop1 -> loop2 -> loop1 named before (/site/aliases: line 8)
mixed: alias mixed
  joe: mailer local, user joe (/site/aliases: line 21)
  nosuch: 5.1.1 User unknown (/site/aliases: line 21)
`,
    });
    expect(err).toContain("loop1: aliasing/forwarding loop: loop1 -> loop2 -> loop1");
  });

  test("answers programs, too", async () => {
    const { code, out } = await expand("--json", "carol");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      given: "carol",
      list: { kind: "alias", name: "carol" },
      outcome: "list",
      text: "",
      members: [
        {
          given: "joe",
          origin: "/site/aliases: line 4",
          outcome: "deliverable",
          text: "mailer local, user joe",
          members: [],
        },
      ],
    });
  });
});
