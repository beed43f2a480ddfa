/** Mail that stays here: SMTP and the command line in, mailboxes, files, programs and lists out. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { SmtpClient, sendMail } from "../support/smtp-client.ts";

let dns: DnsServer;
let server: MailServer;

beforeAll(async () => {
  dns = await startDnsServer();
  server = await MailServer.start({
    aliases: [
      "postmaster: alice",
      "mailer-daemon: postmaster",
      "team: alice, bob, carol",
      "loop1: loop2",
      "loop2: loop1",
      "looplist: loop1, carol",
    ].join("\n"),
    users: ["alice", "bob", "carol"],
    machine: dns.machine(),
  });
});
afterAll(async () => {
  await server.remove();
  await dns.close();
});

const message = (subject: string): string => `From: a@example.test\r\nSubject: ${subject}\r\n\r\nbody of ${subject}`;

function contains(file: string, text: string): boolean {
  return existsSync(file) && readFileSync(file, "latin1").includes(text);
}

function withSubject(user: string, subject: string): string[] {
  return server
    .mailbox(user)
    .filter((text) => text.includes(`Subject: ${subject}\r\n`) || text.includes(`Subject: ${subject}\n`));
}

describe("SMTP to local users", () => {
  test("a message lies in the Maildir with Return-Path: and Received:, and the log tells its story", async () => {
    const answer = await sendMail(server.port, "", ["alice@mail.example.test"], message("one"));
    const id = /^250 2\.0\.0 (\S+) Message accepted for delivery$/.exec(answer)?.[1];
    expect(id).toBeDefined();
    const [text] = await eventually(
      "the message",
      () => withSubject("alice", "one").length > 0 && withSubject("alice", "one"),
    );
    expect(text).toMatch(/^Return-Path: <.*>\n/);
    expect(text).toMatch(
      /\nReceived: from client\.test \(localhost \[127\.0\.0\.1\]\)\n\tby mail\.example\.test \(.*\) with ESMTP id \S+/,
    );
    expect(text).toContain(`id ${id}`);
    expect(text.endsWith("\n\nbody of one\n")).toBe(true);
    const log = await eventually("the log", () => server.log().includes("stat=Sent") && server.log());
    expect(log).toMatch(
      new RegExp(
        `${id}: from=<>, size=\\d+, class=0, nrcpts=1, .*proto=ESMTP, daemon=MTA, relay=localhost \\[127\\.0\\.0\\.1\\]`,
      ),
    );
    expect(log).toMatch(
      new RegExp(`${id}: to=<alice@mail\\.example\\.test>, .*mailer=local, .*dsn=2\\.0\\.0, stat=Sent`),
    );
  });

  test("an alias of three reaches three mailboxes", async () => {
    await sendMail(server.port, "", ["team@mail.example.test"], message("three"));
    for (const user of ["alice", "bob", "carol"]) {
      await eventually(`mail of ${user}`, () => withSubject(user, "three").length === 1);
    }
  });

  test("an unknown user is refused at RCPT, others of the message are not", async () => {
    const { client } = await SmtpClient.open(server.port);
    await client.command("EHLO client.test");
    await client.command("MAIL FROM:<>");
    expect(await client.command("RCPT TO:<nobody@mail.example.test>")).toBe(
      "550 5.1.1 <nobody@mail.example.test>... User unknown",
    );
    expect(await client.command("RCPT TO:<bob@mail.example.test>")).toMatch(/^250 2\.1\.5 /);
    client.close();
  });

  test("strangers may not relay", async () => {
    const { client } = await SmtpClient.open(server.port, "127.0.0.1", "127.0.0.9");
    await client.command("EHLO stranger.test");
    await client.command("MAIL FROM:<>");
    expect(await client.command("RCPT TO:<x@elsewhere.test>")).toMatch(
      /^550 5\.7\.1 <x@elsewhere\.test>\.\.\. Relaying denied/,
    );
    expect(await client.command("RCPT TO:<bob@mail.example.test>")).toMatch(/^250 /);
    client.close();
    const line = /ruleset=check_rcpt, arg1=<x@elsewhere\.test>, .*reject=550 5\.7\.1/;
    await eventually("the log line", () => line.test(server.log()));
  });

  test("nobody may name programs or files from outside", async () => {
    const { client } = await SmtpClient.open(server.port);
    await client.command("EHLO client.test");
    await client.command("MAIL FROM:<>");
    for (const address of ['"|/bin/sh"', "/etc/passwd", ":include:/etc/passwd"]) {
      expect(await client.command(`RCPT TO:<${address}>`)).toMatch(/^5\d\d 5\./);
    }
    client.close();
  });

  test("aliases that only lead to each other are refused; with somebody else behind them he gets the mail", async () => {
    const { client } = await SmtpClient.open(server.port);
    await client.command("EHLO client.test");
    await client.command("MAIL FROM:<>");
    for (const name of ["loop1", "loop2"]) {
      const answer = await client.command(`RCPT TO:<${name}@mail.example.test>`);
      expect(answer).toBe("554 5.4.6 aliasing/forwarding loop broken");
    }
    expect(await client.command("RCPT TO:<looplist@mail.example.test>")).toMatch(/^250/);
    client.close();
    await sendMail(server.port, "", ["looplist@mail.example.test"], message("looplist"));
    await eventually("carol's mail", () => withSubject("carol", "looplist").length === 1);
  });
});

describe("the command line", () => {
  test("sendmail -t takes recipients from the header, drops Bcc, ends at a dot", async () => {
    const text = "To: Alice <alice>, bob@localhost\nBcc: carol\nSubject: from-t\n\nline\n.\nnot this\n";
    const { code, err } = await server.run("sendmail", ["-t"], text);
    expect([code, err]).toEqual([0, ""]);
    for (const user of ["alice", "bob", "carol"]) {
      await eventually(`mail of ${user}`, () => withSubject(user, "from-t").length === 1);
    }
    const [mail] = withSubject("bob", "from-t");
    expect(mail).not.toMatch(/^Bcc:/m);
    expect(mail).not.toContain("not this");
    expect(mail).toMatch(/^To: .*alice@mail\.example\.test/m);
    expect(mail).toMatch(/^Message-Id: </m);
    expect(mail).toMatch(/^Date: /m);
  });

  test("sendmail -i -f keeps lone dots and sets the sender", async () => {
    const { code } = await server.run(
      "sendmail",
      ["-i", "-f", "boss@example.test", "bob"],
      "Subject: from-i\n\na\n.\nb\n",
    );
    expect(code).toBe(0);
    const [mail] = await eventually(
      "the mail",
      () => withSubject("bob", "from-i").length > 0 && withSubject("bob", "from-i"),
    );
    expect(mail).toMatch(/^Return-Path: <boss@example\.test>/);
    expect(mail.endsWith("\na\n.\nb\n")).toBe(true);
  });

  test("an unknown user is said at once, with status 67", async () => {
    const { code, err } = await server.run("sendmail", ["nobody"], "Subject: x\n\n");
    expect(code).toBe(67);
    expect(err).toBe("nobody... User unknown\n");
  });

  test("without recipients nothing is sent, with status 64", async () => {
    expect((await server.run("sendmail", [], "x\n")).code).toBe(64);
    expect((await server.run("sendmail", ["-t"], "Subject: none\n\n")).code).not.toBe(0);
  });

  test("-bs speaks SMTP on standard input", async () => {
    const { code, out } = await server.run(
      "sendmail",
      ["-bs"],
      "MAIL FROM:<boss@mail.example.test>\r\nRCPT TO:<nobody>\r\nRCPT TO:<bob>\r\nDATA\r\nSubject: from-bs\r\n\r\nhi\r\n.\r\nQUIT\r\n",
    );
    expect(code).toBe(0);
    expect(out).toMatch(
      /^220 mail\.example\.test ESMTP .*\r\n250 2\.1\.0 .*\r\n550 5\.1\.1 .*\r\n250 2\.1\.5 .*\r\n354 .*\r\n250 2\.0\.0 \S+ Message accepted for delivery\r\n221 /,
    );
    await eventually("the mail", () => withSubject("bob", "from-bs").length === 1);
  });

  test("-bv tells where addresses would go, mailq that nothing waits", async () => {
    const { out, code } = await server.run("sendmail", ["-bv", "team"]);
    expect(code).toBe(0);
    expect(out.split("\n").toSorted().filter(Boolean)).toEqual([
      "alice... deliverable: mailer local, user alice",
      "bob... deliverable: mailer local, user bob",
      "carol... deliverable: mailer local, user carol",
    ]);
    await server.emptied();
  });
});

describe(".forward, files, programs, lists", () => {
  test(".forward sends mail on, to a program and to the mailbox itself", async () => {
    const copy = join(server.home, "copy.txt");
    const box = join(server.home, "home", "carol", "box");
    const program = join(server.home, "take.sh");
    writeFileSync(program, `#!/bin/sh\ncat > "${copy}"\n`, { mode: 0o700 });
    writeFileSync(join(server.home, "home", "carol", ".forward"), `\\carol, bob, "|${program}", ${box}\n`, {
      mode: 0o600,
    });
    await sendMail(server.port, "", ["carol@mail.example.test"], message("forwarded"));
    await eventually("carol's copy", () => withSubject("carol", "forwarded").length === 1);
    await eventually("bob's copy", () => withSubject("bob", "forwarded").length === 1);
    await eventually("the program's copy", () => contains(copy, "body of forwarded"));
    const text = readFileSync(copy, "latin1");
    expect(text).toContain("Subject: forwarded");
    await eventually("the file", () => contains(box, "body of forwarded"));
    writeFileSync(join(server.home, "home", "carol", ".forward"), "", { mode: 0o600 });
  });

  test("a .forward that others may write is ignored, and the log says so", async () => {
    const file = join(server.home, "home", "bob", ".forward");
    writeFileSync(file, "alice\n");
    chmodSync(file, 0o666);
    await sendMail(server.port, "", ["bob@mail.example.test"], message("unsafe"));
    await eventually("bob's mail", () => withSubject("bob", "unsafe").length === 1);
    expect(withSubject("alice", "unsafe")).toEqual([]);
    await eventually("the log", () => /forward .*\.forward: /.test(server.log()));
    writeFileSync(file, "");
    chmodSync(file, 0o600);
  });

  test("newaliases builds the database that is used from then on", async () => {
    const list = join(server.home, "club.list");
    writeFileSync(list, "# members\nalice\nbob\n", { mode: 0o600 });
    writeFileSync(
      join(server.home, "aliases"),
      `postmaster: alice\nmailer-daemon: postmaster\nclub: :include:${list}\nowner-club: carol\n`,
      { mode: 0o600 },
    );
    const { code, out, err } = await server.run("newaliases", []);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("aliases: 4 aliases, longest");
    // Databases are looked at once a second.
    await eventually("the new alias", async () => {
      const { client } = await SmtpClient.open(server.port);
      await client.command("EHLO client.test");
      await client.command("MAIL FROM:<>");
      const answer = await client.command("RCPT TO:<club@mail.example.test>");
      client.close();
      return answer.startsWith("250");
    });
    await sendMail(server.port, "alice@mail.example.test", ["club@mail.example.test"], message("club"));
    for (const user of ["alice", "bob"]) {
      await eventually(`mail of ${user}`, () => withSubject(user, "club").length === 1);
    }
    expect(withSubject("bob", "club")[0]).toMatch(/^Return-Path: <carol(?:@mail\.example\.test)?>/);
  });

  test("a broken line of the aliases is named and spoils only itself", async () => {
    const lines = "good: alice\nno colon here\ngood: bob\nclub: alice\nround: trip\ntrip: round\nj\xc3\xbcrg: carol\n";
    writeFileSync(join(server.home, "aliases"), lines, { mode: 0o600, encoding: "latin1" });
    const { code, out, err } = await server.run("newaliases", []);
    expect(code).toBe(70);
    expect(err).toMatch(/aliases: line 2: missing colon\n.*aliases: line 3: Warning: duplicate alias name good\n$/);
    expect(out).toContain("aliases: 6 aliases,");
    const good = await server.run("sendmail", ["-C", join(server.home, "sendmail.cf"), "-bv", "good"]);
    expect(good.out).toBe("bob... deliverable: mailer local, user bob\n");
    const utf8 = await server.run("sendmail", ["-C", join(server.home, "sendmail.cf"), "-bv", "j\u00fcrg", "n\u00fcr"]);
    expect(utf8.out).toContain("carol... deliverable: mailer local, user carol\n");
    // As octets: what the caller wrote comes back as it was.
    expect(utf8.out).toContain("n\xc3\xbcr... User unknown\n");
    expect(utf8.code).toBe(67);
  });

  test("aliases that lead in a circle are refused at once", async () => {
    const { client } = await SmtpClient.open(server.port);
    await client.command("EHLO client.test");
    await client.command("MAIL FROM:<>");
    await eventually("the new aliases", async () => {
      const answer = await client.command("RCPT TO:<round@mail.example.test>");
      return answer === "554 5.4.6 aliasing/forwarding loop broken";
    });
    client.close();
  });

  test("a text that others may write is not built: the old database stays", async () => {
    const file = join(server.home, "aliases");
    writeFileSync(file, "good: alice\nevil: |/bin/false\n");
    for (const [mode, problem] of [
      [0o646, "World writable file"],
      [0o664, "Group writable file"],
    ] as const) {
      chmodSync(file, mode);
      const { code, out, err } = await server.run("newaliases", []);
      expect([code, out]).toEqual([66, ""]);
      expect(err).toContain(`newaliases: cannot open ${file}: ${problem}`);
    }
    const good = await server.run("sendmail", ["-C", join(server.home, "sendmail.cf"), "-bv", "good"]);
    expect(good.out).toBe("bob... deliverable: mailer local, user bob\n");
    chmodSync(file, 0o600);
  });

  test("newaliases writes nothing into a folder that others may write", async () => {
    const open = join(server.home, "open");
    mkdirSync(open);
    writeFileSync(join(open, "aliases"), "a: b\n", { mode: 0o600 });
    chmodSync(open, 0o777);
    const { code, err } = await server.run("newaliases", [`-oA${join(open, "aliases")}`]);
    expect(code).toBe(66);
    expect(err).toContain("World writable directory");
    const silent = await server.run("newaliases", [`-oAhash:-o ${join(open, "nothing")}`]);
    expect(silent).toEqual({ code: 0, out: "", err: "" });
  });
});
