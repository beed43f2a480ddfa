/** What the SMTP agent sends, and to programs and sockets. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import type { AddressRewriter } from "../../../../src/routing/address-rewriter.ts";
import { type JobValues, testConfig, testMailer, testMessage, testOptions } from "../../../support/delivery-job.ts";
import { closing } from "../../../support/closing.ts";
import { agent, sink, texts } from "../../../support/smtp-delivery.ts";

describe("a transaction", () => {
  test("sends header and body and reports the server's answer", async () => {
    const server = await sink();
    const report = await agent(server.port)({ body: "Hello\r\n.dot\r\nlast line" });
    expect(report.statuses.get(0)).toMatchObject({
      action: "relayed",
      status: "2.0.0",
      text: "Sent (ok queued as 1)",
      relay: "[127.0.0.1] [127.0.0.1]",
      passedOn: true,
      diagnostic: { type: "smtp", text: "250 2.0.0 ok queued as 1" },
    });
    expect(server.messages).toMatchObject([
      {
        sender: "joe@a.test",
        recipients: ["jane@b.test"],
        data: "From: joe@a.test\r\nSubject: test\r\n\r\nHello\r\n.dot\r\nlast line\r\n",
      },
    ]);
    expect(server.commands).toEqual([
      "EHLO here.test",
      expect.stringMatching(/^MAIL FROM:<joe@a\.test> SIZE=\d+$/),
      "RCPT TO:<jane@b.test>",
      "DATA",
    ]);
  });

  test("is heard by whoever watches, and only while it lasts: the next one on the connection is somebody else's", async () => {
    const server = await sink({ extensions: [], name: "next.test" });
    const deliver = agent(server.port);
    const [first, third]: string[][] = [[], []];
    await deliver({ heard: (line) => void first.push(line) });
    await deliver();
    await deliver({ heard: (line) => void third.push(line) });
    expect(server.commands.filter((line) => line.startsWith("EHLO"))).toHaveLength(1);
    const said = [">>> MAIL FROM:<joe@a.test>", ">>> RCPT TO:<jane@b.test>", ">>> DATA", ">>> ."];
    expect(first.filter((line) => line.startsWith(">>> "))).toEqual([">>> EHLO here.test", ...said]);
    expect(first[0]).toMatch(/^220 next\.test /);
    expect(third.filter((line) => line.startsWith(">>> "))).toEqual(said);
  });

  test("goes step by step with a server that has no PIPELINING", async () => {
    const server = await sink({ extensions: [] });
    const report = await agent(server.port)({ users: ["a@b.test", "c@b.test"] });
    expect(texts(report)).toEqual(["2.0.0 Sent (ok queued as 1)", "2.0.0 Sent (ok queued as 1)"]);
    expect(server.messages[0].recipients).toEqual(["a@b.test", "c@b.test"]);
  });

  test("falls back to HELO", async () => {
    const server = await sink({ reply: ({ verb }) => (verb === "EHLO" ? "502 5.5.1 unknown command" : undefined) });
    expect(texts(await agent(server.port)())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
    expect(server.commands.slice(0, 3)).toEqual(["EHLO here.test", "HELO here.test", "MAIL FROM:<joe@a.test>"]);
  });

  test("streams a body that does not lie in memory", async () => {
    const server = await sink();
    const line = `${"x".repeat(70)}\r\n.${"y".repeat(50)}\r\n`;
    const body = line.repeat(20_000);
    await agent(server.port)({ message: testMessage(body, false) });
    expect(server.messages[0].data.endsWith(body)).toBe(true);
    expect(server.messages[0].data.length).toBe("From: joe@a.test\r\nSubject: test\r\n\r\n".length + body.length);
  });

  test("does not let a body that cannot be read pass for a whole one", async () => {
    const server = await sink();
    const message = testMessage("x", false);
    const broken = {
      ...message,
      stream: () => {
        const stream = message.stream();
        stream.destroy(new Error("disk is gone"));
        return stream;
      },
    };
    expect(texts(await agent(server.port)({ message: broken }))).toEqual([
      "4.3.0 Deferred: cannot read the message: disk is gone",
    ]);
    expect(server.messages).toEqual([]);
  });

  test("writes addresses as octets", async () => {
    const server = await sink({ extensions: ["PIPELINING", "SMTPUTF8"] });
    await agent(server.port)({ users: ["j\xc3\xb6rg@b.test"], envelope: { smtputf8: true } });
    expect(server.messages[0].recipients).toEqual(["j\xc3\xb6rg@b.test"]);
    expect(server.messages[0].parameters).toBe(" SMTPUTF8");
  });
});

describe("parameters", () => {
  test("DSN parameters go with each recipient, if the server knows them", async () => {
    const job: JobValues = {
      users: ["a@b.test", "c@b.test"],
      recipients: [{ notify: ["FAILURE", "DELAY"], orcpt: "rfc822;a+2Bb@b.test" }, { notify: ["NEVER"] }],
      envelope: { ret: "HDRS", envid: "id+2B1" },
    };
    const knows = await sink({ extensions: ["DSN"] });
    await agent(knows.port)(job);
    expect(knows.messages[0]).toMatchObject({
      parameters: " RET=HDRS ENVID=id+2B1",
      recipientParameters: [" NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb@b.test", " NOTIFY=NEVER"],
    });
    const ignorant = await sink({ extensions: [] });
    const report = await agent(ignorant.port)(job);
    expect(ignorant.messages[0]).toMatchObject({ parameters: "", recipientParameters: ["", ""] });
    expect(report.statuses.get(0)?.passedOn).toBeUndefined();
  });

  test("8BITMIME is announced for a body that needs it", async () => {
    const server = await sink({ extensions: ["8BITMIME"] });
    await agent(server.port)({ envelope: { eightBit: true }, body: "gr\xfc\xdfe\r\n" });
    expect(server.messages[0]).toMatchObject({
      parameters: " BODY=8BITMIME",
      data: expect.stringContaining("gr\xfc\xdfe"),
    });
  });

  test("a message larger than the server's SIZE is not offered to it", async () => {
    const server = await sink({ extensions: ["SIZE 100"] });
    expect(texts(await agent(server.port)({ body: "x".repeat(200) }))).toEqual([
      "5.2.3 Message is too large; 100 bytes max",
    ]);
    expect(server.commands).toEqual(["EHLO here.test"]);
  });

  test("an address that needs SMTPUTF8 is returned when the server lacks it, the others go", async () => {
    const server = await sink();
    const report = await agent(server.port)({ users: ["j\xc3\xb6rg@b.test", "jane@b.test"] });
    expect(report.statuses.get(0)).toMatchObject({ action: "failed", status: "5.6.7" });
    expect(report.statuses.get(1)).toMatchObject({ action: "relayed" });
  });

  test("a line end in an address is never sent", async () => {
    const server = await sink();
    const report = await agent(server.port)({ users: ["a@b.test>\r\nRCPT TO:<evil@c.test"] });
    expect(report.statuses.get(0)).toMatchObject({ action: "failed", status: "5.1.3" });
    expect(server.messages).toEqual([]);
  });

  test("the null reverse-path stays null, except for mailers with F=g whose rulesets have a name for it", async () => {
    const server = await sink();
    const deliver = agent(server.port);
    await deliver({ envelope: { sender: "" } });
    const named: AddressRewriter = {
      rewrite: (_mailer, text) => ({ kind: "address", text: text === "" ? "MAILER-DAEMON" : text }),
    };
    for (const flags of ["m", "mg"]) {
      const mailer = testMailer({ argv: ["TCP", "[127.0.0.1]", String(server.port)], flags });
      await deliver({ envelope: { sender: "" }, mailer });
      await deliver({ envelope: { sender: "" }, mailer, addresses: named });
    }
    expect(server.messages.map(({ sender }) => sender)).toEqual(["", "", "", "", "MAILER-DAEMON"]);
  });

  test("mail for members of a list comes from the list's owner", async () => {
    const server = await sink();
    await agent(server.port)({ recipients: [{ owner: "owner-list@a.test" }] });
    expect(server.messages[0].sender).toBe("owner-list@a.test");
  });
});

describe("P=[LPC]", () => {
  test.each([
    ["SMTP", "mX", false],
    ["LMTP", "mXz", true],
  ])("takes %s to a unix socket", async (_, flags, lmtp) => {
    const folder = await mkdtemp(join(tmpdir(), "lpc-"));
    closing.push(() => rm(folder, { recursive: true }));
    const path = join(folder, "b.test");
    const server = await sink({ path, lmtp });
    // In any letter case, as sendmail reads it; the socket may be named by the host.
    const mailer = testMailer({ path: "[lpc]", argv: ["FILE", `${folder}/$h`], flags });
    const deliver = agent(0);
    const report = await deliver({ mailer, host: "b.test", users: ["ann", "bob"], body: "x\r\n" });
    expect([...report.statuses.values()].map(({ action, relay }) => [action, relay])).toEqual([
      ["relayed", path],
      ["relayed", path],
    ]);
    await deliver({ mailer, host: "b.test", users: ["cy"] });
    expect(server.messages.map(({ recipients }) => recipients)).toEqual([["ann", "bob"], ["cy"]]);
    expect([server.commands[0], server.connections]).toEqual([lmtp ? "LHLO here.test" : "EHLO here.test", 1]);
  });

  test("takes it to a port as P=[IPC] does", async () => {
    const server = await sink();
    const mailer = testMailer({ path: "[LPC]", argv: ["TCP", "[127.0.0.1]", String(server.port)] });
    expect(texts(await agent(0)({ mailer }))).toEqual(["2.0.0 Sent (ok queued as 1)"]);
  });

  test("waits for a socket that is not there, or that nobody serves", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lpc-"));
    closing.push(() => rm(folder, { recursive: true }));
    const left = await sink({ path: join(folder, "left") });
    await left.close();
    await writeFile(join(folder, "file"), "");
    for (const name of ["missing", "left", "file", ""]) {
      const mailer = testMailer({ path: "[LPC]", argv: ["FILE", name === "" ? "" : join(folder, name)], flags: "mz" });
      const { statuses } = await agent(0)({ mailer });
      expect([name, statuses.get(0)]).toEqual([name, expect.objectContaining({ action: "delayed" })]);
    }
  });
});

describe("LMTP", () => {
  test("every recipient has its own reply after the message", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lmtp-"));
    closing.push(() => rm(folder, { recursive: true }));
    const path = join(folder, "socket");
    await sink({
      path,
      lmtp: true,
      reply: ({ verb, recipient }) => (verb === "." && recipient === "full" ? "452 4.2.2 mailbox full" : undefined),
    });
    const mailer = testMailer({ argv: ["FILE", path], flags: "lmz" });
    const report = await agent(0)({ mailer, users: ["ann", "full"] });
    expect(texts(report)).toEqual(["2.1.5 Sent (<ann> stored)", "4.2.2 Deferred: 452 4.2.2 mailbox full"]);
    expect(report.statuses.get(0)).toMatchObject({ action: "delivered", relay: path });
  });
});

describe("programs that speak LMTP on standard input and output", () => {
  const script = `
    process.stdout.write("220 local LMTP\\r\\n");
    let text = "", data = false, count = 0;
    process.stdin.on("end", () => process.exit(0)).on("data", (chunk) => {
      text += chunk;
      for (let end = text.indexOf("\\r\\n"); end >= 0; end = text.indexOf("\\r\\n")) {
        const line = text.slice(0, end);
        text = text.slice(end + 2);
        if (data && line !== ".") continue;
        if (line === ".") { data = false; for (; count > 0; count--) process.stdout.write("250 2.1.5 stored\\r\\n"); continue; }
        if (line.startsWith("LHLO")) process.stdout.write("250-local\\r\\n250 PIPELINING\\r\\n");
        else if (line === "DATA") { data = true; process.stdout.write("354 go on\\r\\n"); }
        else { if (line.startsWith("RCPT")) count++; process.stdout.write("250 2.0.0 ok\\r\\n"); }
      }
    });`;

  test("are started once for several messages", async () => {
    const mailer = testMailer({ name: "local", path: process.execPath, argv: ["lmtp", "-e", script], flags: "lmz" });
    // The script is no macro text.
    const config = { ...testConfig(), expand: (text: string) => text };
    const deliver = agent(0, { config });
    for (let count = 0; count < 2; count++) {
      const report = await deliver({ mailer, users: ["ann", "bob"], body: "x\r\n".repeat(100_000) });
      expect(texts(report)).toEqual(["2.1.5 Sent (stored)", "2.1.5 Sent (stored)"]);
      expect(report.statuses.get(0)).toMatchObject({ action: "delivered", relay: "local" });
    }
  });

  test("a program that is not there is a reason to wait", async () => {
    const mailer = testMailer({ path: "/nonexistent/program", argv: ["program", "-l"], flags: "lmz" });
    expect(texts(await agent(0)({ mailer }))).toEqual([
      "4.4.1 Deferred: /nonexistent/program: No such file or directory",
    ]);
  });

  test("a program that ends before it has answered has taken nothing", async () => {
    const replies = ["220 local LMTP", "250 local", "250 2.1.0 ok", "250 2.1.5 ok", "354 go on", "250 2.1.5 stored"];
    const config = { ...testConfig(), expand: (text: string) => text };
    const found = await Promise.all(
      Array.from({ length: replies.length + 1 }, async (_, count) => {
        // Greets, answers each line, reads the message up to the dot, and ends after so many replies.
        const steps = replies.map((reply, number) => {
          const read = number === 0 ? ":" : number < 5 ? "read -r line" : "grep -m1 -q '^[.]'";
          return `${read}; [ ${number} -lt ${count} ] || exit 0; printf '${reply}\\r\\n'`;
        });
        const mailer = testMailer({
          name: "local",
          path: "/bin/sh",
          argv: ["sh", "-c", steps.join("\n")],
          flags: "lmz",
        });
        return (await agent(0, { config })({ mailer, users: ["ann"] })).statuses.get(0)?.action;
      }),
    );
    expect(found).toEqual([...Array<string>(6).fill("delayed"), "delivered"]);
  });

  test("a program that says nothing is given up", async () => {
    const mailer = testMailer({ path: "/bin/sleep", argv: ["sleep", "100"], flags: "lmz" });
    const config = testConfig(testOptions({ "Timeout.initial": 50 }));
    const report = await agent(0, { config })({ mailer });
    expect(report.statuses.get(0)).toMatchObject({ action: "delayed", status: "4.4.2" });
  });
});
