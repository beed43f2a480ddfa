/** Ports that are more than a number: unix sockets, LMTP, clients that come through proxies (PROXY, XCLIENT), LIMITS. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { BoundPort } from "../../src/daemon/bound-ports.ts";
import { openSmtpServer } from "../../src/smtpd/server.ts";
import { reply } from "../../src/mail/reply.ts";
import { fakePort, fakeServices } from "../support/fake-smtp-services.ts";
import { SmtpDialogue, until } from "../support/smtp-dialogue.ts";
import { withServer } from "../support/smtp-server-under-test.ts";

const EVERYBODY = "127.0.0.0/8";
const MACROS = ["client_addr", "client_name", "client_port", "daemon_addr", "daemon_port", "_", "s", "r"] as const;

const refuseBad = (ruleset: string, [name]: readonly string[]) =>
  ruleset === "check_relay" && name === "bad.test"
    ? ({ kind: "refuse", reply: reply(550, "5.7.1", "Access denied") } as const)
    : ({ kind: "ok" } as const);

const finish = () => Promise.resolve(reply(250, "2.0.0", "taken"));

const local = (address: string) => fakePort({ family: "local", address });

/** Calls back with the path of a socket that is not there yet. */
async function inFolder(work: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "port-"));
  try {
    await work(join(folder, "smtp"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const ownName = (own: string): Promise<string> => Promise.resolve(`name of ${own}`);

describe("PROXY in front of the greeting (M=P)", () => {
  const behaviour = {
    port: { modifiers: new Set("P") },
    options: { ProxyHosts: EVERYBODY },
    identify: (address: string) => ({ name: `[${address}]`, ptr: "", resolve: "FAIL" as const }),
  };

  test("the client is whom the proxy names", async () => {
    await withServer(behaviour, async ({ connect, services }) => {
      const client = await connect();
      await client.raw("PROXY TCP4 192.0.2.7 198.51.100.1 40000 25\r\n");
      expect(await client.reply()).toMatch(/^220 /);
      await client.script("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<joe>", "DATA", "hi\r\n.");
      const { scope, client: who } = services.messages[0].transaction;
      expect(who.relay).toBe("[192.0.2.7]");
      expect(MACROS.map((name) => scope.get(name))).toEqual([
        "192.0.2.7",
        "[192.0.2.7]",
        "40000",
        "198.51.100.1",
        "25",
        "[192.0.2.7]",
        "x",
        "ESMTP",
      ]);
      expect(services.asked).toContain("check_relay [192.0.2.7] $| 192.0.2.7");
    });
  });

  test.each([
    ["TCP4 192.0.2.7 198.51.100.1", "198.51.100.1", "2"],
    ["TCP6 2001:db8::7 2001:db8::1", "IPv6:2001:db8:0:0:0:0:0:1", "10"],
    ["TCP4 127.0.0.7 127.0.0.1", undefined, undefined],
    ["TCP6 ::1 ::1", undefined, undefined],
  ])(
    "{if_addr} and its kin of %s, as sendmail has them: none on loopback but a name",
    async (ends, address, family) => {
      await withServer({ ...behaviour, ownName }, async ({ connect, services }) => {
        const client = await connect();
        await client.raw(`PROXY ${ends} 40000 25\r\n`);
        await client.reply();
        await client.script("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<joe>", "DATA", "hi\r\n.");
        const { scope } = services.messages[0].transaction;
        expect(["if_addr", "if_family", "if_name"].map((name) => scope.get(name))).toEqual([
          address,
          family,
          `name of ${ends.split(" ")[2]}`,
        ]);
      });
    },
  );

  test("connections are counted for the client, not for the proxy", async () => {
    const options = { ...behaviour.options, MaxConnectionsPerClient: 1 };
    await withServer({ ...behaviour, options }, async ({ connect }) => {
      for (const [address, answer] of [
        ["192.0.2.7", /^220 /],
        ["192.0.2.8", /^220 /],
        ["192.0.2.7", /^421 4\.3\.2 .* Too many open connections/],
      ] as const) {
        const client = await connect();
        await client.raw(`PROXY TCP4 ${address} 198.51.100.1 40000 25\r\n`);
        expect(await client.reply()).toMatch(answer);
      }
    });
  });

  test("a proxy that asks whether we are there is a client itself", async () => {
    await withServer(behaviour, async ({ connect, services }) => {
      const client = await connect();
      await client.raw("PROXY UNKNOWN\r\nQUIT\r\n");
      expect(await client.reply()).toMatch(/^220 /);
      expect(services.asked).toEqual(["check_relay [127.0.0.1] $| 127.0.0.1"]);
    });
  });

  test.each([
    ["no header", EVERYBODY, "EHLO x\r\n", "no PROXY header"],
    ["not one of the proxies", "192.0.2.0/24", "PROXY UNKNOWN\r\n", "not one of ProxyHosts"],
    ["no proxies at all", "", "PROXY UNKNOWN\r\n", "not one of ProxyHosts"],
  ])("%s: sent away, and the log says so", async (_name, hosts, said, reason) => {
    await withServer({ ...behaviour, options: { ProxyHosts: hosts } }, async ({ connect, services }) => {
      const client = await connect();
      await client.raw(said);
      expect(await client.rest()).toBe("554 mail.example.test ESMTP not accepting messages\r\n");
      expect(services.lines.map(({ text }) => text)).toEqual([
        `rejecting connection from 127.0.0.1 on daemon MTA: ${reason}`,
      ]);
      expect(services.asked).toEqual([]);
    });
  });

  test("on other ports PROXY is no command", async () => {
    await withServer({ options: { ProxyHosts: EVERYBODY } }, async ({ greeted }) => {
      expect(await (await greeted()).ask("PROXY UNKNOWN")).toMatch(/^500 5\.5\.1 Command unrecognized/);
    });
  });
});

describe("XCLIENT", () => {
  const options = { XclientHosts: EVERYBODY };

  test("the session begins anew as that of the client", async () => {
    await withServer({ options }, async ({ greeted, services }) => {
      const client = await greeted();
      expect(await client.ask("EHLO proxy")).toContain(
        "\n250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT\n",
      );
      expect(
        await client.ask(
          "XCLIENT NAME=mail.b.test ADDR=192.0.2.7 PORT=40000 PROTO=ESMTP HELO=h+2Eb DESTADDR=198.51.100.1 DESTPORT=25",
        ),
      ).toMatch(/^220 mail\.example\.test ESMTP /);
      await client.script("MAIL FROM:<a@b>", "RCPT TO:<joe>", "DATA", "hi\r\n.");
      const { scope, client: who } = services.messages[0].transaction;
      expect(who.relay).toBe("mail.b.test [192.0.2.7]");
      expect(MACROS.map((name) => scope.get(name))).toEqual([
        "192.0.2.7",
        "mail.b.test",
        "40000",
        "198.51.100.1",
        "25",
        "mail.b.test [192.0.2.7]",
        "h.b",
        "ESMTP",
      ]);
      expect(services.asked.filter((asked) => asked.startsWith("check_relay"))).toEqual([
        "check_relay localhost $| 127.0.0.1",
        "check_relay mail.b.test $| 192.0.2.7",
      ]);
    });
  });

  test("LOGIN: as that user, until somebody else speaks", async () => {
    const port = { modifiers: new Set("a") };
    await withServer({ options, port }, async ({ greeted, services }) => {
      const client = await greeted();
      expect(await client.script("EHLO proxy", "MAIL FROM:<a@b>")).toEqual([
        expect.stringMatching(/^250-/),
        "530 5.7.0 Authentication required",
      ]);
      expect(await client.ask("XCLIENT ADDR=192.0.2.7 NAME=x.test HELO=x.test PROTO=ESMTP LOGIN=joe+2Bx")).toMatch(
        /^220 /,
      );
      await client.script("MAIL FROM:<a@b>", "RCPT TO:<joe>", "DATA", "hi\r\n.");
      const { scope } = services.messages[0].transaction;
      expect(["auth_type", "auth_authen", "r"].map((name) => scope.get(name))).toEqual([
        "XCLIENT",
        "joe+2Bx",
        "ESMTPA",
      ]);
      expect(services.lines.map(({ text }) => text)).toContain(
        "AUTH=server, relay=x.test [192.0.2.7], authid=joe+x, mech=XCLIENT, bits=0",
      );
      for (const login of ["", " LOGIN=[UNAVAILABLE]"]) {
        await client.ask(`XCLIENT ADDR=192.0.2.8${login}`);
        expect(await client.ask("MAIL FROM:<a@b>")).toBe("530 5.7.0 Authentication required");
      }
    });
  });

  test("whoever is refused then stays refused", async () => {
    await withServer({ options, check: refuseBad }, async ({ greeted }) => {
      const client = await greeted();
      expect(
        await client.script("XCLIENT NAME=bad.test", "EHLO x", "MAIL FROM:<a@b>", "XCLIENT NAME=good.test"),
      ).toEqual([
        expect.stringMatching(/^220 /),
        expect.stringMatching(/\n250 ENHANCEDSTATUSCODES$/),
        "550 5.7.1 Access denied",
        "550 5.7.1 Access denied",
      ]);
    });
  });

  test("it is for the listed hosts, outside of a message, and for values that fit in a log line", async () => {
    await withServer({ options }, async ({ introduced }) => {
      const client = await introduced();
      for (const word of [
        "",
        "FOO=bar",
        "ADDR",
        "ADDR=",
        "ADDR=host",
        "ADDR=192.0.2.7;",
        "PORT=70000",
        "NAME=a+0Ab",
        "NAME=a(b)",
        "HELO=<x>",
        "NAME=a=b",
      ]) {
        expect([word, await client.ask(`XCLIENT ${word}`)]).toEqual([
          word,
          `501 5.5.4 Bad XCLIENT attribute "${word}"`,
        ]);
      }
      expect(await client.script("MAIL FROM:<a@b>", "XCLIENT NAME=x")).toEqual([
        expect.stringMatching(/^250 /),
        "503 5.5.1 XCLIENT not permitted during a mail transaction",
      ]);
    });
    for (const hosts of ["", "192.0.2.0/24"]) {
      await withServer({ options: { XclientHosts: hosts } }, async ({ greeted }) => {
        const client = await greeted();
        expect(await client.ask("EHLO x")).not.toContain("XCLIENT");
        expect(await client.ask("XCLIENT NAME=x")).toBe("550 5.7.1 XCLIENT not permitted from this host");
      });
    }
  });

  test.each([
    ["[UNAVAILABLE]", "FAIL"],
    ["[TEMPUNAVAIL]", "TEMP"],
  ])("a name that is %s is none", async (name, resolve) => {
    await withServer({ options }, async ({ greeted, services }) => {
      const client = await greeted();
      await client.script(`XCLIENT NAME=${name} ADDR=IPv6:2001:db8::7 HELO=[UNAVAILABLE]`, "MAIL FROM:<a@b>");
      await client.script("RCPT TO:<joe>", "DATA", "hi\r\n.");
      const { scope, client: who } = services.messages[0].transaction;
      expect(who.relay).toBe("[IPv6:2001:db8:0:0:0:0:0:7]");
      expect(scope.get("client_resolve")).toBe(resolve);
    });
  });
});

describe("LMTP (M=L)", () => {
  const port = { modifiers: new Set("L") };

  test("LHLO in the place of HELO and EHLO, and an answer for each accepted recipient", async () => {
    await withServer({ port, finish }, async ({ greeted, services }) => {
      const client = await greeted();
      expect(await client.ask("EHLO x")).toBe('500 5.5.1 Command unrecognized: "EHLO x"');
      expect(await client.ask("LHLO x")).toMatch(/^250-mail\.example\.test Hello .*\n250-PIPELINING\n/s);
      await client.script("MAIL FROM:<a@b>", "RCPT TO:<joe>", "RCPT TO:<nobody>", "RCPT TO:<jane@x>", "DATA");
      await client.raw("hi\r\n.\r\nNOOP\r\n");
      expect([await client.reply(), await client.reply(), await client.reply()]).toEqual([
        "250 2.0.0 taken",
        "250 2.0.0 taken",
        "250 2.0.0 OK",
      ]);
      expect(services.messages[0].transaction.scope.get("r")).toBe("LMTP");
      await client.script("MAIL FROM:<a@b>", "RCPT TO:<joe>", "RCPT TO:<jane@x>");
      await client.raw("BDAT 4\r\nhi\r\nBDAT 0 LAST\r\nNOOP\r\n");
      expect([await client.reply(), await client.reply(), await client.reply(), await client.reply()]).toEqual([
        "250 2.0.0 4 octets received",
        "250 2.0.0 taken",
        "250 2.0.0 taken",
        "250 2.0.0 OK",
      ]);
    });
  });

  test("DATA without a recipient is refused, once", async () => {
    await withServer({ port }, async ({ greeted }) => {
      const client = await greeted();
      expect((await client.script("LHLO x", "MAIL FROM:<a@b>", "RCPT TO:<nobody>", "DATA", "NOOP")).slice(3)).toEqual([
        "503 5.0.0 Need RCPT (recipient)",
        "250 2.0.0 OK",
      ]);
    });
  });
});

test("LIMITS (RFC 9422) tells how many recipients a message may have", async () => {
  await withServer({ options: { MaxRecipientsPerMessage: 7 } }, async ({ greeted }) => {
    expect(await (await greeted()).ask("EHLO x")).toContain("\n250-LIMITS RCPTMAX=7\n");
  });
  await withServer({}, async ({ greeted }) => {
    expect(await (await greeted()).ask("EHLO x")).not.toContain("LIMITS");
  });
});

describe("a unix socket (Family=local)", () => {
  test.each(["opened when it is asked for", "bound before"])("%s", async (how) => {
    await inFolder(async (path) => {
      const services = fakeServices();
      const bound = how === "bound before" ? await BoundPort.bind(local(path)) : undefined;
      const waiting = bound === undefined ? undefined : await SmtpDialogue.openPath(path);
      const listener = await openSmtpServer(local(path), services, { bound });
      expect([listener.address, listener.boundPort]).toEqual([path, 0]);
      const client = waiting ?? (await SmtpDialogue.openPath(path));
      expect(await client.reply()).toMatch(/^220 /);
      await client.script("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<joe>", "DATA", "hi\r\n.");
      const { scope, client: who } = services.messages[0].transaction;
      expect(who.relay).toBe("localhost [[UNIX: localhost]]");
      const values = ["client_addr", "client_name", "client_port", "daemon_family", "daemon_addr"].map((name) =>
        scope.get(name),
      );
      expect(values).toEqual(["[UNIX: localhost]", "localhost", "0", "local", `[UNIX: ${path}]`]);
      await client.ask("QUIT");
      client.half();
      await until(() => listener.sessions === 0);
      await listener.close(1);
      expect(existsSync(path)).toBe(false);
    });
  });

  test("a socket that a killed server left is replaced, one that is served is not", async () => {
    await inFolder(async (path) => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(path, resolve));
      await expect(openSmtpServer(local(path), fakeServices())).rejects.toMatchObject({ code: "EADDRINUSE" });
      await new Promise((resolve) => other.close(resolve));
      // Whoever is killed takes nothing away.
      const program = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;
      spawnSync(process.execPath, ["-e", program, path]);
      expect(existsSync(path)).toBe(true);
      const listener = await openSmtpServer(local(path), fakeServices());
      await listener.close(1);
    });
  });
});
