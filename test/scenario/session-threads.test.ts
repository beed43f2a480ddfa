/**
 * SMTP sessions in a thread of their own: what crosses to the queue, and what happens when that thread dies. A thread that dies
 * between hand-over and 250 may leave a message that is delivered and not acknowledged; one that was acknowledged is in the queue.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { ServerAnswers } from "../../src/daemon/sessions/session-thread.ts";
import { SessionThread } from "../../src/daemon/sessions/session-thread.ts";
import { silentLog } from "../../src/log/log.ts";
import { Statistics } from "../../src/log/statistics.ts";
import { compileMc } from "../../src/mc/compile.ts";
import { type OpenedQueue, openQueue } from "../../src/queue/open-queue.ts";
import { QueueUnavailableError } from "../../src/queue/queue.ts";
import type { Site } from "../../src/site/site.ts";
import { takeArrival } from "../../src/reception/arrival.ts";
import { fakePort } from "../support/fake-smtp-services.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { signedMessage, signingPair } from "../support/signed-message.ts";
import { SmtpDialogue } from "../support/smtp-dialogue.ts";

const root = join(import.meta.dirname, "..", "..");

/** Bodies above it go to files. */
const INLINE = 2_000;

/** A thread loads its scripts, and the configuration is read twice: on a busy machine that takes its time. */
const RENEWAL_MS = 40_000;

function isListening(port: number): Promise<boolean> {
  return SmtpDialogue.open(port).then(
    (client) => {
      client.destroy();
      return true;
    },
    () => false,
  );
}

const nothing = (): never => {
  throw new Error("nobody is to ask for this");
};

const isFull = (): never => {
  throw new QueueUnavailableError("no room");
};

describe("a thread that dies", () => {
  let folder: string;
  let queue: OpenedQueue;
  let thread: SessionThread;
  let client: SmtpDialogue | undefined;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "session-threads-"));
    const places = { SERVER_HOME: folder, SERVER_SETTINGS: folder, SERVER_DOMAIN: "mail.example.test" };
    const defines = { ...places, SERVER_PORT: "0", SERVER_CERTS: "" };
    const { text } = compileMc({ file: join(root, "cf/standalone.mc") }, { defines });
    writeFileSync(join(folder, "site.cf"), text, "latin1");
    writeFileSync(join(folder, "passwd"), "alice:x:1:1::/:/bin/sh\n");
    writeFileSync(join(folder, "aliases"), "");
    writeFileSync(join(folder, "hosts"), "127.0.0.1 localhost\n127.0.0.2 mail.example.test\n");
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    queue = await openQueue({ directory: join(folder, "queue"), inlineLimit: INLINE });
    const names = { hostName: "mail.example.test", search: [], hostsFile: join(folder, "hosts") };
    const machine = { nameServers: [], ndots: 1, timeout: 1, attempts: 1, ...names };
    const statistics = new Statistics();
    const configFile = join(folder, "site.cf");
    // Built: from the source it would strip types of hundreds of files, for each test.
    const script = join(root, "dist/sessions.js");
    thread = new SessionThread({ configFile, settings: [], machine, log: silentLog, statistics, script });
    expect(await thread.prepare()).toMatchObject({ isOpen: true });
    await thread.adopt(true);
  });

  afterEach(async () => {
    client?.destroy();
    await thread.abandon();
    await queue.store.close();
    rmSync(join(folder, "queue"), { recursive: true, force: true });
  });

  /** The usual end of a message. */
  const accept: ServerAnswers["take"] = async ({ arrival, octets }) => {
    const environment = { queue: queue.store, log: silentLog, firstTry: () => Infinity, accepted: () => undefined };
    const body = octets === undefined ? ({ kind: "file" } as const) : ({ kind: "octets", chunks: [octets] } as const);
    await takeArrival(environment, undefined as unknown as Site, arrival, body);
    return undefined;
  };

  const acceptAndDie: ServerAnswers["take"] = async (message) => {
    await accept(message);
    await thread.abandon();
    return undefined;
  };

  /** Sends a message; what is answered to its last octet, "" for nothing. */
  async function send(take: ServerAnswers["take"], body: string): Promise<string> {
    await thread.begin(
      { queue: queue.lend(), queueInterval: undefined, hasDoor: false },
      {
        take,
        newId: () => queue.store.newId(),
        startQueueRun: nothing,
        readByRoot: nothing,
        readFile: nothing,
        readPart: nothing,
        evidence: nothing,
      },
    );
    const { boundPort } = await thread.open(fakePort());
    client = await SmtpDialogue.open(boundPort);
    await client.reply();
    for (const line of ["EHLO client.test", "MAIL FROM:<>", "RCPT TO:<alice@mail.example.test>", "DATA"]) {
      expect(await client.ask(line)).toMatch(/^[23]/);
    }
    void client.raw(`Subject: one\r\n\r\n${body}\r\n.\r\n`);
    return client.reply();
  }

  const waiting = async (): Promise<number> => queue.store.count();
  const files = (kind: string): string[] => readdirSync(join(folder, "queue")).filter((name) => name.startsWith(kind));

  describe.each([
    ["in one piece", "text"],
    ["as a file", "text of seventy octets or so, many times\r\n".repeat(200)],
  ])("with a message %s", (_how, body) => {
    test("not at all: 250, and it is in the queue", async () => {
      expect(await send(accept, body)).toMatch(/^250 2\.0\.0 /);
      expect(await waiting()).toBe(1);
      expect(files("df")).toHaveLength(body.length > INLINE ? 1 : 0);
    });

    test("before the queue has it: neither", async () => {
      const died = Promise.withResolvers<void>();
      const take = async (): Promise<undefined> => {
        await thread.abandon();
        died.resolve();
        throw new QueueUnavailableError("nobody waits for it");
      };
      expect(await send(take, body)).toBe("");
      await died.promise;
      expect(await waiting()).toBe(0);
    });

    test("before it could answer: in the queue, and not acknowledged", async () => {
      expect(await send(acceptAndDie, body)).toBe("");
      expect(await waiting()).toBe(1);
    });

    test("a queue that does not take it: 452, and nothing of it is kept", async () => {
      expect(await send(isFull, body)).toMatch(/^452 4\.3\.1 /);
      expect(await waiting()).toBe(0);
      await eventually("no file", () => files("df").length === 0);
    });
  });

  test("while a body is on its way into a file: what it has left is taken away at the next start", async () => {
    let taken: ReturnType<ServerAnswers["take"]>;
    const answer = send((message) => (taken = accept(message)), `${"x".repeat(70)}\r\n`.repeat(1_000));
    await eventually("a file", () => existsSync(join(folder, "queue")) && files("df").length === 1);
    await thread.abandon();
    await answer;
    // What it has handed over is taken, whatever becomes of it.
    await taken;
    const held = await waiting();
    await queue.store.close();
    queue = await openQueue({ directory: join(folder, "queue") });
    await queue.loaded;
    expect(files("df")).toHaveLength(held);
  });
});

describe("a server whose thread dies", () => {
  let server: MailServer;
  let dns: DnsServer;
  const key = signingPair();
  const killer = `--import ${join(root, "test/support/thread-killer.mjs")}`;

  beforeAll(async () => {
    dns = await startDnsServer({
      "7.2.0.192.in-addr.arpa": ["PTR client.far.test"],
      "client.far.test": ["A 192.0.2.7"],
      "far.test": ["MX 5 client.far.test", "TXT v=spf1 ip4:192.0.2.7 -all"],
      "s1._domainkey.far.test": [`TXT ${key.record}`],
      "_dmarc.far.test": ["TXT v=DMARC1; p=reject; rua=mailto:reports@far.test"],
    });
    const features = ["FEATURE(`spf')", "FEATURE(`dmarc')", "define(`confCOLLECT_REPORTS', `dmarc')"];
    const options = ["LOCAL_CONFIG", "O SessionThreads=1", "O XclientHosts=127.0.0.1"];
    const mc = [...features, ...options, ""].join("\n");
    server = await MailServer.start({ mc, machine: dns.machine(), environment: { NODE_OPTIONS: killer } });
  });
  afterAll(async () => {
    await server.remove();
    await dns.close();
  });

  async function deliver(subject: string): Promise<void> {
    const client = await SmtpDialogue.open(server.port);
    await client.reply();
    for (const line of ["EHLO client.test", "MAIL FROM:<>", "RCPT TO:<alice@mail.example.test>", "DATA"]) {
      expect(await client.ask(line)).toMatch(/^[23]/);
    }
    expect(await client.ask(`Subject: ${subject}\r\n\r\ntext\r\n.`)).toMatch(/^250 2\.0\.0 /);
    client.destroy();
    await eventually(subject, () => server.mailbox("alice").some((text) => text.includes(`Subject: ${subject}\n`)));
  }

  test("asks who has sent a message", async () => {
    const client = await SmtpDialogue.open(server.port);
    await client.reply();
    expect(await client.ask("XCLIENT ADDR=192.0.2.7 NAME=client.far.test")).toMatch(/^220 /);
    for (const line of [
      "EHLO client.far.test",
      "MAIL FROM:<ann@far.test>",
      "RCPT TO:<alice@mail.example.test>",
      "DATA",
    ]) {
      expect(await client.ask(line)).toMatch(/^[23]/);
    }
    const message = "From: ann@far.test\r\nSubject: signed\r\n\r\ntext\r\n";
    const answer = await client.ask(`${await signedMessage(message, "far.test", "s1", key.privateKey)}.`);
    expect(answer).toMatch(/^250 2\.0\.0 /);
    client.destroy();
    const text = await eventually("it", () =>
      server.mailbox("alice").find((each) => each.includes("Subject: signed\n")),
    );
    expect(text).toMatch(/^Authentication-Results: [^]*\bspf=pass[^]*\bdkim=pass[^]*\bdmarc=pass/m);
  });

  test("begins another one, at the same ports; the session that was open is over", async () => {
    await deliver("before");
    const open = await SmtpDialogue.open(server.port);
    await open.reply();
    writeFileSync(join(server.home, "kill-sessions"), "");
    expect(await open.reply()).toBe("");
    await eventually("the line in the log", () =>
      /SYSERR: the thread of the sessions has ended, another one begins: .*killed by a test/.test(server.log()),
    );
    await eventually("the new configuration", () => /sendmail\.cf in force/.test(server.log()), RENEWAL_MS);
    await eventually("a port", () => isListening(server.port), RENEWAL_MS);
    await deliver("after");
    // Ids of both threads, none twice.
    const logged = (): string[] => [...server.log().matchAll(/ (\w{14}): from=<>/g)].map(([, id]) => id);
    await eventually("both lines", () => logged().length === 2);
    const ids = logged();
    expect(ids[0].slice(-6)).not.toBe(ids[1].slice(-6));
  });

  test("tells of the sessions of the thread, and reads the configuration again with it", async () => {
    const open = await SmtpDialogue.open(server.port);
    await open.reply();
    const { out } = await server.run("rulemail", ["status", "--sessions"]);
    expect(out).toMatch(/state: 1 sessions/);
    open.destroy();
    server.signal("SIGHUP");
    await eventually("the second one", () => server.log().match(/sendmail\.cf in force/g)?.length === 2);
    await deliver("after a reload");
  });

  test("ends as any other, and what was counted for reports is there", async () => {
    expect(await server.stop()).toBe(0);
    const folder = join(server.home, "queue", "reports");
    const [file] = readdirSync(folder).filter((name) => name.endsWith(".counts"));
    expect(readFileSync(join(folder, file), "utf8")).toMatch(/"kind":"dmarc"[^\n]*far\.test/);
  });
});
