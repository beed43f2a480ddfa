import { describe, expect, test } from "@jest/globals";
import type { Triple } from "../../src/envelope/recipient.ts";
import { ACCEPTED, type Verdict } from "../../src/routing/verdict.ts";
import { refusal } from "../support/fake-smtp-services.ts";
import { withServer } from "../support/smtp-server-under-test.ts";

function expandList({ user }: Triple): readonly string[] | undefined {
  return user === "list" ? ["joe", "jane@x"] : undefined;
}

function refuseBad(ruleset: string, [argument]: readonly string[]): Verdict {
  return ruleset === "check_vrfy" && argument === "bad" ? refusal(550, "5.7.1", "no vrfy") : ACCEPTED;
}

function fail(): never {
  throw new Error("oops");
}

describe("a whole conversation", () => {
  test("greets with the host name, ESMTP, the version and the date", async () => {
    await withServer({}, async ({ connect }) => {
      const client = await connect();
      expect(await client.reply()).toMatch(
        /^220 mail\.example\.test ESMTP Sendmail 8\.18\/rulemail; \w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$/,
      );
    });
  });

  test("a greeting of several lines says ESMTP in the first", async () => {
    await withServer({ options: { SmtpGreetingMessage: "$j one\ntwo" } }, async ({ connect }) => {
      const client = await connect();
      expect(await client.reply()).toBe("220-mail.example.test ESMTP one\n220 two");
    });
  });

  test("takes a message and hands it to the intake with what was said about it", async () => {
    await withServer({}, async ({ greeted, services }) => {
      const client = await greeted();
      expect(await client.ask("EHLO client.example.test")).toBe(
        [
          "250-mail.example.test Hello localhost [127.0.0.1], pleased to meet you",
          "250-ENHANCEDSTATUSCODES",
          "250-PIPELINING",
          "250-EXPN",
          "250-VERB",
          "250-8BITMIME",
          "250-CHUNKING",
          "250-BINARYMIME",
          "250-SIZE",
          "250-DSN",
          "250-ETRN",
          "250-DELIVERBY",
          "250 HELP",
        ].join("\n"),
      );
      expect(
        await client.script(
          "MAIL FROM:<a@b> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=x+2By",
          "RCPT TO:<joe> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;joe",
          "RCPT TO:<jane@elsewhere.test>",
          "DATA",
        ),
      ).toEqual([
        "250 2.1.0 <a@b>... Sender ok",
        "250 2.1.5 <joe>... Recipient ok",
        "250 2.1.5 <jane@elsewhere.test>... Recipient ok",
        "354 End data with <CR><LF>.<CR><LF>",
      ]);
      expect(await client.ask("Subject: hi\r\n\r\n..dot\r\n.")).toBe("250 2.0.0 m1 Message accepted for delivery");
      expect(await client.ask("QUIT")).toBe("221 2.0.0 mail.example.test closing connection");
      expect(await client.rest()).toBe("");
      const [message] = services.messages;
      expect(message.text).toBe("Subject: hi\r\n\r\n.dot\r\n");
      expect(message.state).toBe("finished");
      expect(message.transaction).toMatchObject({
        announced: { sender: "a@b", bodyType: "8BITMIME", smtputf8: false, ret: "HDRS", envid: "x+2By" },
        client: { relay: "localhost [127.0.0.1]", daemon: "MTA" },
        fate: { kind: "ok" },
        recipients: [
          {
            given: "joe",
            state: "todo",
            resolved: { mailer: "local", host: "", user: "joe" },
            notify: ["SUCCESS", "FAILURE"],
            orcpt: "rfc822;joe",
          },
          { given: "jane@elsewhere.test", state: "todo" },
        ],
      });
      expect(services.asked).toEqual([
        "check_relay localhost $| 127.0.0.1",
        "check_mail <a@b>",
        "check_rcpt <joe>",
        "check_rcpt <jane@elsewhere.test>",
        "check_data 2",
      ]);
    });
  });

  test("sets the macros that rulesets and the Received field ask for", async () => {
    await withServer({}, async ({ sending, services }) => {
      const client = await sending("joe");
      await client.ask("x\r\n.");
      const { scope } = services.messages[0].transaction;
      const values = ["s", "r", "_", "f", "client_name", "client_addr", "client_resolve", "daemon_name", "mail_addr"];
      expect(values.map((name) => scope.get(name))).toEqual([
        "client.example.test",
        "ESMTP",
        "localhost [127.0.0.1]",
        "a@example.test",
        "localhost",
        "127.0.0.1",
        "OK",
        "MTA",
        "a@example.test",
      ]);
    });
  });

  test("HELO works without extensions, and so does a session without any hello", async () => {
    await withServer({}, async ({ greeted, services }) => {
      const client = await greeted();
      expect(await client.ask("MAIL FROM:<a@b>")).toBe("250 2.1.0 <a@b>... Sender ok");
      expect(await client.ask("HELO x")).toBe("250 mail.example.test Hello localhost [127.0.0.1], pleased to meet you");
      await client.script("MAIL FROM:<>", "RCPT TO:joe", "DATA", "hi\r\n.");
      expect(services.messages[0].transaction.announced.sender).toBe("");
      expect(services.messages[0].transaction.scope.get("r")).toBe("SMTP");
    });
  });

  test("takes many messages over one connection, each with its own envelope", async () => {
    await withServer({}, async ({ introduced, services }) => {
      const client = await introduced();
      for (let i = 1; i <= 30; i++) {
        const replies = await client.script(`MAIL FROM:<a${i}@b>`, `RCPT TO:<u${i}>`, "DATA", `${i}\r\n.`);
        expect(replies[3]).toBe(`250 2.0.0 m${i} Message accepted for delivery`);
      }
      expect(services.messages.map(({ transaction }) => transaction.recipients.length)).toEqual(Array(30).fill(1));
    });
  });

  test("answers small commands", async () => {
    await withServer({}, async ({ greeted }) => {
      const client = await greeted();
      expect(
        await client.script(
          "NOOP",
          "NOOP something",
          "noop",
          "\tNOOP",
          "NOOP\tx",
          "RSET",
          "HELP",
          "HELP MAIL",
          "VERB",
          "SEND FROM:<a@b>",
          "SAML x",
          "SOML x",
          "TURN",
          "AUTH PLAIN xx",
          "STARTTLS",
          "FOO",
          "foo bar baz",
          "",
          "F\x01O",
        ),
      ).toEqual([
        "250 2.0.0 OK",
        "250 2.0.0 OK",
        "250 2.0.0 OK",
        "250 2.0.0 OK",
        "250 2.0.0 OK",
        "250 2.0.0 Reset state",
        "502 5.3.0 Sendmail 8.18 -- HELP not implemented",
        "502 5.3.0 Sendmail 8.18 -- HELP not implemented",
        "250 2.0.0 Verbose mode",
        '502 5.5.1 Command not implemented: "SEND FROM:<a@b>"',
        '502 5.5.1 Command not implemented: "SAML x"',
        '502 5.5.1 Command not implemented: "SOML x"',
        '502 5.5.1 Command not implemented: "TURN"',
        "503 5.3.3 AUTH not available",
        "454 4.3.3 TLS not available after start",
        '500 5.5.1 Command unrecognized: "FOO"',
        '500 5.5.1 Command unrecognized: "foo bar baz"',
        '500 5.5.1 Command unrecognized: ""',
        '500 5.5.1 Command unrecognized: "F?O"',
      ]);
    });
  });

  test("hello needs a name, and a proper one", async () => {
    await withServer({}, async ({ greeted }) => {
      const client = await greeted();
      expect(await client.script("HELO", "EHLO")).toEqual([
        "501 5.0.0 HELO requires domain address",
        "501 5.0.0 EHLO requires domain address",
      ]);
      const other = await greeted();
      expect(await other.script("HELO a<b>", `EHLO ${"z".repeat(300)}`)).toEqual([
        "501 5.0.0 Invalid domain name",
        "501 5.0.0 Invalid domain name",
      ]);
      const third = await greeted();
      expect(await third.script("HELO a b", "EHLO [127.0.0.1]")).toEqual([
        "501 5.0.0 Invalid domain name",
        expect.stringMatching(/^250-mail.example.test Hello /),
      ]);
    });
  });

  test("AllowBogusHELO: any name, or none, as a genuine sendmail answers; it goes on without what names have not", async () => {
    await withServer({ options: { AllowBogusHELO: true } }, async ({ greeted, services }) => {
      for (const [line, words, name] of [
        ["HELO", "pleased to meet you", ""],
        ["HELO a b", "pleased to meet you", "a"],
        ["HELO a_b", "pleased to meet you", "a_b"],
        ["HELO a<b>(\xe9", "accepting invalid domain name", "a?b???"],
      ]) {
        const client = await greeted();
        expect(await client.ask(line)).toBe(`250 mail.example.test Hello localhost [127.0.0.1], ${words}`);
        await client.script("MAIL FROM:<a@b>", "RCPT TO:<joe>", "DATA", "hi\r\n.");
        expect(services.messages.at(-1)!.transaction.scope.get("s")).toBe(name);
      }
      expect(await (await greeted()).ask(`EHLO ${"z".repeat(300)}`)).toBe("501 5.0.0 Invalid domain name");
    });
  });

  test("commands out of order", async () => {
    await withServer({}, async ({ greeted }) => {
      const client = await greeted();
      expect(
        await client.script("RCPT TO:<a>", "DATA", "MAIL FROM:<a@b>", "MAIL FROM:<c@d>", "DATA", "RSET", "RCPT TO:<a>"),
      ).toEqual([
        "503 5.0.0 Need MAIL before RCPT",
        "503 5.0.0 Need MAIL command",
        "250 2.1.0 <a@b>... Sender ok",
        "503 5.5.0 Sender already specified",
        "503 5.0.0 Need RCPT (recipient)",
        "250 2.0.0 Reset state",
        "503 5.0.0 Need MAIL before RCPT",
      ]);
    });
  });

  test("DATA after nothing but refused recipients is refused", async () => {
    await withServer({}, async ({ introduced }) => {
      const client = await introduced();
      expect(await client.script("MAIL FROM:<a@b>", "RCPT TO:<nobody>", "DATA")).toEqual([
        "250 2.1.0 <a@b>... Sender ok",
        "550 5.1.1 <nobody>... User unknown",
        "503 5.0.0 Need RCPT (recipient)",
      ]);
    });
  });

  test("MAIL parameters", async () => {
    const options = { MaxMessageSize: 1000 };
    await withServer({ options }, async ({ introduced }) => {
      const client = await introduced();
      const refusals: readonly (readonly [string, string])[] = [
        ["MAIL", '501 5.5.2 Syntax error in parameters scanning ""'],
        ["MAIL FROM", '501 5.5.2 Syntax error in parameters scanning "FROM"'],
        ["MAIL FROM:", '501 5.5.2 Syntax error in parameters scanning "FROM"'],
        ["MAIL FROM:<a@b", "553 5.0.0 <a@b... Unbalanced '<'"],
        ["MAIL FROM:a@b>", "553 5.0.0 a@b>... Unbalanced '>'"],
        ['MAIL FROM:a"b', "553 5.0.0 a\"b... Unbalanced '\"'"],
        ["MAIL FROM:a(b", "553 5.0.0 a(b... Unbalanced '('"],
        ["MAIL FROM:a)b", "553 5.0.0 a)b... Unbalanced ')'"],
        ["MAIL FROM:<a\x01@b>", '501 5.1.7 Syntax error in mailbox address "a?@b" (non-printable character)'],
        ["MAIL FROM:<a\xe4@b>", "553 5.6.7 <a?@b>... Address requires SMTPUTF8"],
        ["MAIL FROM:<a@b> FOO", "555 5.5.4 FOO parameter unrecognized"],
        ["MAIL FROM:<a@b> FOO=bar", "555 5.5.4 FOO parameter unrecognized"],
        ["MAIL FROM:<a@b>FOO=bar", "555 5.5.4 FOO parameter unrecognized"],
        ["MAIL FROM:<a@b> (comment)", "555 5.5.4  parameter unrecognized"],
        ["MAIL FROM:<a@b> SIZE", "501 5.5.2 SIZE requires a value"],
        ["MAIL FROM:<a@b> SIZE=2000", "552 5.2.3 Message size exceeds fixed maximum message size (1000)"],
        ["MAIL FROM:<a@b> SIZE=99999999999999999999999", "552 5.2.3 Message size exceeds maximum value"],
        ["MAIL FROM:<a@b> BODY", "501 5.5.2 BODY requires a value"],
        ["MAIL FROM:<a@b> BODY=foo", "501 5.5.4 Unknown BODY type foo"],
        ["MAIL FROM:<a@b> RET", "501 5.5.2 RET requires a value"],
        ["MAIL FROM:<a@b> RET=foo", '501 5.5.2 Bad argument "foo" to RET'],
        ["MAIL FROM:<a@b> RET=FULL RET=HDRS", "501 5.5.0 Duplicate RET parameter"],
        ["MAIL FROM:<a@b> ENVID", "501 5.5.2 ENVID requires a value"],
        ["MAIL FROM:<a@b> ENVID=a=b", "555 5.5.4 b parameter unrecognized"],
        ["MAIL FROM:<a@b> ENVID=a+zz", "501 5.5.4 Syntax error in ENVID parameter value"],
        ["MAIL FROM:<a@b> ENVID=a ENVID=b", "501 5.5.0 Duplicate ENVID parameter"],
        ["MAIL FROM:<a@b> AUTH", "501 5.5.2 AUTH= requires a value"],
        ["MAIL FROM:<a@b> SMTPUTF8", "555 5.5.4 SMTPUTF8 parameter unrecognized"],
      ];
      for (const [line, reply] of refusals) expect([line, await client.ask(line)]).toEqual([line, reply]);
      expect(await client.ask("MAIL FROM:<a@b> SIZE=abc")).toBe("250 2.1.0 <a@b>... Sender ok");
    });
  });

  test.each([
    ["PrivacyOptions", "noreceipts"],
    ["SendMimeErrors", false],
  ])("no reports, no DSN: %s=%s", async (name, value) => {
    await withServer({ options: { [name]: value } }, async ({ introduced }) => {
      const client = await introduced();
      const refusals = [
        ["MAIL FROM:<a@b> RET=HDRS", "504 5.7.0 Sorry, RET not supported, we do not allow DSN"],
        ["MAIL FROM:<a@b> ENVID=x", "504 5.7.0 Sorry, ENVID not supported, we do not allow DSN"],
        ["MAIL FROM:<a@b>", "250 2.1.0 <a@b>... Sender ok"],
        ["RCPT TO:<joe> NOTIFY=NEVER", "504 5.7.0 Sorry, NOTIFY not supported, we do not allow DSN"],
        ["RCPT TO:<joe> ORCPT=rfc822;a@b", "504 5.7.0 Sorry, ORCPT not supported, we do not allow DSN"],
      ];
      for (const [line, reply] of refusals) expect([line, await client.ask(line)]).toEqual([line, reply]);
    });
  });

  test("an original recipient may have any characters where SMTPUTF8 is said", async () => {
    await withServer({ options: { SmtpUTF8: true } }, async ({ introduced }) => {
      const client = await introduced();
      const original = "ORCPT=utf-8;j\xc3\xb6@b";
      await client.ask("MAIL FROM:<a@b>");
      expect(await client.ask(`RCPT TO:<joe> ${original}`)).toMatch(/^5/);
      expect(await client.ask("RCPT TO:<joe> ORCPT=utf-8;j\\x{F6}@b")).toMatch(/^250 /);
      await client.ask("RSET");
      await client.ask("MAIL FROM:<a@b> SMTPUTF8");
      expect(await client.ask("RCPT TO:<joe> ORCPT=utf-8;j\xf6@b")).toMatch(/^5/);
      expect(await client.ask(`RCPT TO:<joe> ${original}`)).toMatch(/^250 /);
    });
  });

  test("RCPT parameters", async () => {
    await withServer({}, async ({ introduced }) => {
      const client = await introduced();
      await client.ask("MAIL FROM:<a@b>");
      const refusals: readonly (readonly [string, string])[] = [
        ["RCPT", '501 5.5.2 Syntax error in parameters scanning ""'],
        ["RCPT TO", '501 5.5.2 Syntax error in parameters scanning "TO"'],
        ["RCPT TO:", '501 5.5.2 Syntax error in parameters scanning "TO"'],
        ["RCPT TO:<>", "553 5.0.0 <>... User address required"],
        ["RCPT TO:<x", "553 5.0.0 <x... Unbalanced '<'"],
        ["RCPT TO:<j\xe4@x>", "553 5.6.7 <j?@x>... Address requires SMTPUTF8"],
        ["RCPT TO:<a@b> NOTIFY", "501 5.5.2 NOTIFY requires a value"],
        ["RCPT TO:<a@b> NOTIFY=foo", '501 5.5.4 Bad argument "foo"  to NOTIFY'],
        ["RCPT TO:<a@b> NOTIFY=NEVER,SUCCESS", '501 5.5.4 Bad argument "NEVER"  to NOTIFY'],
        ["RCPT TO:<a@b> ORCPT", "501 5.5.2 ORCPT requires a value"],
        ["RCPT TO:<a@b> ORCPT=foo", "501 5.5.4 Syntax error in ORCPT parameter value"],
        ["RCPT TO:<a@b> ORCPT=rfc822;a=b", "555 5.5.4 b parameter unrecognized"],
        ["RCPT TO:<a@b> ORCPT=rfc822;a ORCPT=rfc822;b", "501 5.5.0 Duplicate ORCPT parameter"],
        ["RCPT TO:<a@b> FOO=bar", "555 5.5.4 FOO parameter unrecognized"],
        ["RCPT TO:<nobody>", "550 5.1.1 <nobody>... User unknown"],
        ["RCPT TO:<later>", "451 4.4.3 Name server timeout"],
      ];
      for (const [line, reply] of refusals) expect([line, await client.ask(line)]).toEqual([line, reply]);
    });
  });

  test("paths are taken as leniently as sendmail takes them", async () => {
    const given: string[] = [];
    const resolve = (address: string) => {
      given.push(address);
      return { kind: "triple", triple: { mailer: "local", host: "", user: address }, canonical: address } as const;
    };
    await withServer({ resolve }, async ({ introduced }) => {
      const client = await introduced();
      await client.ask("MAIL FROM:<>");
      const paths: readonly (readonly [string, string, string])[] = [
        ["TO:joe", "joe", "joe"],
        ["TO: <joe>", "<joe>", "joe"],
        ["TO : <joe>", "<joe>", "joe"],
        ["to:< joe >", "<joe>", "joe"],
        ['TO:"jo e"', '"jo e"', '"jo e"'],
        ["TO:<@a,@b:joe@c>", "<@a,@b:joe@c>", "@a,@b:joe@c"],
        ["TO:<a b@c>", "<a b@c>", "a b@c"],
        ['TO:<"jo>e"@x>', '<"jo>e"@x>', '"jo>e"@x'],
        ["TO:<host!user>", "<host!user>", "host!user"],
        ["TO:<a@b.>", "<a@b.>", "a@b."],
        ["TO:<joe>  NOTIFY=NEVER", "<joe>", "joe"],
      ];
      for (const [argument, shown, address] of paths) {
        expect(await client.ask(`RCPT ${argument}`)).toBe(`250 2.1.5 ${shown}... Recipient ok`);
        expect(given.at(-1)).toBe(address);
      }
      const long = `${"a".repeat(300)}@b`;
      expect(await client.ask(`RCPT TO:<${long}>`)).toBe(
        `250 2.1.5 <${"a".repeat(99)}...${"a".repeat(97)}@b>... Recipient ok`,
      );
      expect(given.at(-1)).toBe(long);
    });
  });

  test("SMTPUTF8 lets addresses have octets above 127 through, as octets", async () => {
    await withServer({ options: { SmtpUTF8: true } }, async ({ introduced, services }) => {
      const client = await introduced();
      expect(
        await client.script(
          "MAIL FROM:<j\xc3\xb6@b> SMTPUTF8=x",
          "MAIL FROM:<j\xc3\xb6@b> SMTPUTF8",
          "RCPT TO:<\xc3\xb6>",
        ),
      ).toEqual([
        "501 5.5.4 SMTPUTF8 takes no value",
        "250 2.1.0 <j\xc3\xb6@b>... Sender ok",
        "250 2.1.5 <\xc3\xb6>... Recipient ok",
      ]);
      await client.script("DATA", "x\r\n.");
      expect(services.messages[0].transaction.announced).toMatchObject({ smtputf8: true, sender: "j\xc3\xb6@b" });
    });
  });

  test("MaxRecipientsPerMessage ends the list", async () => {
    await withServer({ options: { MaxRecipientsPerMessage: 2 } }, async ({ introduced }) => {
      const client = await introduced();
      expect(await client.script("MAIL FROM:<>", "RCPT TO:<a>", "RCPT TO:<b>", "RCPT TO:<c>")).toEqual([
        "250 2.1.0 <>... Sender ok",
        "250 2.1.5 <a>... Recipient ok",
        "250 2.1.5 <b>... Recipient ok",
        "452 4.5.3 Too many recipients",
      ]);
    });
  });

  test("VRFY and EXPN", async () => {
    await withServer({ expand: expandList, check: refuseBad }, async ({ greeted }) => {
      const client = await greeted();
      expect(await client.script("VRFY", "VRFY joe", "VRFY <joe@x>", "VRFY nobody", "VRFY bad")).toEqual([
        "501 5.5.2 Argument required",
        "250 2.1.5 <joe@mail.example.test>",
        "250 2.1.5 <joe@x>",
        "550 5.1.1 nobody... User unknown",
        "550 5.7.1 no vrfy",
      ]);
      const other = await greeted();
      expect(await other.script("EXPN", "EXPN joe", "EXPN list", "VRFY later", "VRFY gone")).toEqual([
        "501 5.5.2 Argument required",
        "250 2.1.5 <joe@mail.example.test>",
        "250-2.1.5 <joe@mail.example.test>\n250 2.1.5 <jane@x>",
        "451 4.4.3 Name server timeout",
        "252 2.5.2 Cannot VRFY user; try RCPT to attempt delivery (or try finger)",
      ]);
    });
  });

  test("ETRN starts a queue run for a host", async () => {
    await withServer({ waiting: 3 }, async ({ greeted }) => {
      const client = await greeted();
      expect(await client.script("ETRN", "ETRN foo", "ETRN @foo", "ETRN #foo", "ETRN #mqueue")).toEqual([
        "500 5.5.2 Parameter required",
        "250 2.0.0 Queuing for node foo started",
        "250 2.0.0 Queuing for node @foo started",
        "459 4.5.4 Queue foo unknown",
        "250 2.0.0 Queuing for queue group mqueue started",
      ]);
    });
    await withServer(
      { check: (set) => (set === "check_etrn" ? refusal(450, "5.7.1", "no etrn") : { kind: "ok" }) },
      async ({ greeted }) => {
        const client = await greeted();
        expect(await client.ask("ETRN foo")).toBe("450 5.7.1 no etrn");
      },
    );
  });

  test("PrivacyOptions take commands away", async () => {
    await withServer({ options: { PrivacyOptions: "goaway,noetrn" } }, async ({ greeted }) => {
      const client = await greeted();
      expect(await client.script("VRFY joe", "EXPN joe", "VERB", "ETRN foo", "MAIL FROM:<a@b>")).toEqual([
        "252 2.5.2 Cannot VRFY user; try RCPT to attempt delivery (or try finger)",
        "502 5.7.0 Sorry, we do not allow this operation",
        "502 5.7.0 Verbose unavailable",
        "502 5.7.0 Sorry, we do not allow this operation",
        "503 5.0.0 Polite people say HELO first",
      ]);
      expect(await client.ask("EHLO x")).not.toMatch(/EXPN|-VERB|ETRN/);
    });
    await withServer({ options: { PrivacyOptions: "needvrfyhelo, needexpnhelo" } }, async ({ greeted }) => {
      const client = await greeted();
      expect(await client.script("VRFY joe", "EXPN joe")).toEqual([
        "503 5.0.0 I demand that you introduce yourself first",
        "503 5.0.0 I demand that you introduce yourself first",
      ]);
    });
  });

  test("srv_features takes extensions away, the modifier E takes ETRN", async () => {
    await withServer(
      { select: (set) => (set === "srv_features" ? "P D X B" : undefined), port: { modifiers: new Set(["E"]) } },
      async ({ greeted }) => {
        const client = await greeted();
        expect(await client.ask("EHLO x")).not.toMatch(/PIPELINING|DSN|EXPN|-VERB|ETRN/);
      },
    );
  });

  test("a full disk is said at MAIL, a queue that takes nothing at DATA", async () => {
    await withServer({ storageProblem: () => "10 blocks free" }, async ({ greeted }) => {
      const client = await greeted();
      expect(await client.ask("MAIL FROM:<>")).toBe(
        "452 4.4.5 Insufficient disk space; try again later (10 blocks free)",
      );
    });
    for (const begin of [fail, async () => fail()]) {
      await withServer({ begin }, async ({ introduced, services }) => {
        const client = await introduced();
        await client.script("MAIL FROM:<>", "RCPT TO:<a>");
        expect(await client.ask("DATA")).toBe("452 4.3.1 Queue not available; try again later");
        expect(services.lines.map(({ text }) => text)).toContain("SYSERR: cannot queue a message: oops");
        expect(await client.ask("NOOP")).toBe("250 2.0.0 OK");
      });
    }
  });

  test("a fault of ours is answered 451 and the session goes on", async () => {
    for (const resolve of [fail, async () => fail()]) {
      await withServer({ resolve }, async ({ introduced, services }) => {
        const client = await introduced();
        await client.ask("MAIL FROM:<>");
        expect(await client.ask("RCPT TO:<a>")).toBe("451 4.3.0 Internal error; try again later");
        expect(services.lines.some(({ text }) => text.startsWith("SYSERR: Error: oops"))).toBe(true);
        expect(await client.ask("NOOP")).toBe("250 2.0.0 OK");
      });
    }
  });
});
