import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  CLIENT_CERTIFICATE,
  CLIENT_KEY,
  EMPTY_LIST,
  KNOWN_CERTIFICATE,
  KNOWN_KEY,
  NAMELESS_CERTIFICATE,
  NAMELESS_KEY,
  TEST_CA,
  WITHDRAWN_LIST,
} from "../support/authority.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../support/certificate.ts";
import { type FakeBehaviour, refusal } from "../support/fake-smtp-services.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { type SmtpDialogue, until } from "../support/smtp-dialogue.ts";
import { type UnderTest, withServer } from "../support/smtp-server-under-test.ts";
import { handshake } from "../support/tls-client.ts";

let folder = "";

/** Writes a file of the test's folder, readable by its owner alone; its time is another one each time. */
let writes = 0;
function put(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  utimesSync(path, ++writes, writes);
  return path;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "smtp-tls-"));
  put("test.pem", TEST_CERTIFICATE);
  put("test.key", TEST_KEY);
  put("known.pem", KNOWN_CERTIFICATE);
  put("known.key", KNOWN_KEY);
  put("both.pem", `${NAMELESS_CERTIFICATE}\n${NAMELESS_KEY}\n`);
  put("ca.pem", TEST_CA);
});

afterAll(() => rmSync(folder, { recursive: true }));

function options(more: Record<string, string> = {}): Record<string, string> {
  return {
    ServerCertFile: join(folder, "test.pem"),
    ServerKeyFile: join(folder, "test.key"),
    CACertFile: join(folder, "ca.pem"),
    ...more,
  };
}

/** A client inside TLS that has said EHLO. */
async function inside(
  { introduced }: UnderTest,
  tls: ConnectionOptions = {},
  keepTicket?: (session: Buffer) => void,
): Promise<[SmtpDialogue, TLSSocket]> {
  const client = await introduced();
  expect(await client.ask("STARTTLS")).toBe("220 2.0.0 Ready to start TLS");
  const socket = await handshake(client, tls, keepTicket);
  await client.ask("EHLO again");
  return [client, socket];
}

const CLIENTS = {
  known: { cert: CLIENT_CERTIFICATE, key: CLIENT_KEY },
  stranger: { cert: TEST_CERTIFICATE, key: TEST_KEY },
  nobody: {},
};

interface Meeting {
  readonly who: keyof typeof CLIENTS;
  /** Of srv_features. */
  readonly letters?: string;
  readonly more?: Record<string, string>;
  readonly verify: string;
  /** {cn_subject}, {cn_issuer} */
  readonly subject?: string;
  readonly issuer?: string;
  readonly message?: string;
}

/** As genuine logs and hands to rules. */
const MEETINGS: readonly Meeting[] = [
  { who: "known", verify: "OK", subject: "here.test", issuer: "Test+20CA" },
  { who: "stranger", verify: "FAIL", subject: "sink.test", issuer: "sink.test", message: "self-signed certificate" },
  { who: "nobody", verify: "NO" },
  { who: "known", letters: "V", verify: "NOT" },
  { who: "known", more: { TLSSrvOptions: "V" }, verify: "NOT" },
  { who: "known", letters: "v", more: { TLSSrvOptions: "V" }, verify: "OK", subject: "here.test", issuer: "Test+20CA" },
];

test.each(MEETINGS)("what is said of a client after the handshake: %j", async (meeting) => {
  const { who, letters, more, verify, subject: name, issuer, message = "ok" } = meeting;
  const select = (set: string) => (set === "srv_features" ? letters : undefined);
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    await withServer({ options: options(more), select, logLevel: 11 }, async (subject) => {
      await inside(subject, { ...CLIENTS[who], maxVersion });
      const { services, listener } = subject;
      const cipher = maxVersion === "TLSv1.3" ? "TLS_AES_256_GCM_SHA384" : "ECDHE-ECDSA-AES128-GCM-SHA256";
      const bits = maxVersion === "TLSv1.3" ? "256/256" : "128/128";
      const lines = services.lines.map(({ text }) => text);
      expect(lines).toContain(
        `STARTTLS=server, relay=localhost [127.0.0.1], version=${maxVersion}, verify=${verify}, cipher=${cipher}, bits=${bits}`,
      );
      const names = lines.find((line) => line.startsWith("STARTTLS=server, cert-subject="));
      expect(names?.split("verifymsg=")[1]).toBe(message);
      expect(services.asked).toContain(`tls_client ${verify} $| STARTTLS`);
      expect(listener.sessions).toBe(1);
      expect(services.scopes.at(-1)?.get("cn_subject")).toBe(name);
      expect(services.scopes.at(-1)?.get("cn_issuer")).toBe(issuer);
      expect(services.scopes.at(-1)?.get("cipher")).toBe(cipher);
    });
  }
});

function refusing(code: number, enhanced: string): FakeBehaviour["check"] {
  return (set) => (set === "tls_client" ? refusal(code, enhanced, "not like this") : { kind: "ok" });
}

test.each([
  [554, "5.7.0"],
  [454, "4.7.0"],
])("what tls_client says with %s is the answer to everything that moves mail", async (code, enhanced) => {
  for (const implicit of [false, true]) {
    const port = implicit ? { modifiers: new Set(["s"]) } : {};
    await withServer({ options: options(), check: refusing(code, enhanced), port }, async (subject) => {
      const client = implicit ? await subject.connect() : (await inside(subject))[0];
      if (implicit) {
        await handshake(client);
        expect(await client.reply()).toMatch(/^220 /);
        expect(await client.ask("EHLO x")).toMatch(/^250/);
      }
      for (const line of ["MAIL FROM:<a@b>", "RCPT TO:<joe>", "VRFY joe", "STARTTLS"]) {
        expect(await client.ask(line)).toBe(`${code} ${enhanced} not like this`);
      }
      expect(await client.script("NOOP", "RSET")).toEqual(["250 2.0.0 OK", "250 2.0.0 Reset state"]);
      expect(subject.services.lines.map(({ text }) => text)).toContain(
        `ruleset=tls_client, arg1=NO, arg2=STARTTLS, relay=localhost [127.0.0.1], reject=${code} ${enhanced} not like this`,
      );
    });
  }
});

function failing(set: string): { readonly kind: "ok" } {
  if (set === "tls_client") throw new Error("oops");
  return { kind: "ok" };
}

test("rules that cannot be asked about a client let nothing through", async () => {
  await withServer({ options: options(), check: failing }, async (subject) => {
    const [client] = await inside(subject);
    expect(await client.ask("MAIL FROM:<a@b>")).toMatch(/^451 4\.3\.0 /);
  });
});

function pausing(set: string): string | undefined {
  return set === "greet_pause" ? "5000" : undefined;
}

test("M=s: TLS comes first, then greet_pause and the greeting; STARTTLS is not offered", async () => {
  const clock = new ManualClock();
  const port = { modifiers: new Set(["s"]) };
  await withServer({ options: options(), port, clock, select: pausing }, async ({ connect, services }) => {
    const client = await connect();
    await handshake(client);
    await until(() => services.asked.includes("tls_client NO $| STARTTLS"));
    expect(services.asked.indexOf("check_relay localhost $| 127.0.0.1")).toBe(0);
    clock.advance(5000);
    expect(await client.reply()).toMatch(/^220 mail\.example\.test ESMTP/);
    const hello = await client.ask("EHLO x");
    expect(hello).not.toMatch(/STARTTLS/);
    expect(await client.script("MAIL FROM:<a@b>", "RCPT TO:<joe>", "DATA")).toHaveLength(3);
    expect(await client.ask("hello\r\n.")).toMatch(/^250 /);
    expect(services.messages[0].transaction.scope.get("r")).toBe("ESMTPS");
  });
});

test("a port with M=s and no certificate hangs up, and says so in the log", async () => {
  for (const more of [{ ServerCertFile: "" }, { ServerCertFile: "/nowhere/cert.pem" }]) {
    await withServer({ options: options(more), port: { modifiers: new Set(["s"]) } }, async ({ connect, services }) => {
      expect(await (await connect()).rest()).toBe("");
      expect(services.lines.map(({ text }) => text)).toContain(
        "localhost [127.0.0.1]: smtps: TLS not available, exiting",
      );
    });
  }
});

test.each([
  ["a file that is not there", { ServerCertFile: "/nowhere/cert.pem" }, /\/nowhere\/cert\.pem/],
  ["a key of somebody else", { ServerKeyFile: () => join(folder, "known.key") }, /test\.pem: .*mismatch/],
  ["a cipher that does not exist", { CipherList: "NONSENSE" }, /test\.pem: .*cipher/],
  ["no authority", { CACertFile: "/nowhere/ca.pem" }, /\/nowhere\/ca\.pem/],
])("what is wrong with certificates is logged and nothing is offered: %s", async (_case, more, problem) => {
  const set = Object.fromEntries(
    Object.entries(more).map(([name, value]) => [name, typeof value === "string" ? value : value()]),
  );
  await withServer({ options: options(set) }, async ({ greeted, services }) => {
    const client = await greeted();
    expect(await client.ask("EHLO x")).not.toMatch(/STARTTLS/);
    expect(await client.ask("STARTTLS")).toBe("454 4.3.3 TLS not available after start");
    const told = services.lines.filter(({ text }) => text.startsWith("STARTTLS=server: not possible: "));
    expect(told).toHaveLength(1);
    expect(told[0].text).toMatch(problem);
  });
});

test("a client that shakes no hands within Timeout.starttls is gone, and that is logged", async () => {
  const clock = new ManualClock();
  const slow = { ...options(), "Timeout.starttls": 7000 };
  await withServer({ options: slow, clock }, async ({ introduced, services, listener }) => {
    const client = await introduced();
    await client.ask("STARTTLS");
    clock.advance(7000);
    await client.rest();
    await until(() => listener.sessions === 0);
    expect(services.lines.map(({ text }) => text)).toContain(
      "STARTTLS=server, error: accept failed=-1, reason=timeout, relay=localhost [127.0.0.1]",
    );
  });
});

test("SSL 3 to TLS 1.1 are refused whatever ServerSSLOptions say, TLS 1.2 where they forbid it", async () => {
  const cases = [
    [{ ServerSSLOptions: "-SSL_OP_NO_TLSv1_1" }, "TLSv1.1"],
    [{ ServerSSLOptions: "SSL_OP_NO_TLSv1_2" }, "TLSv1.2"],
  ] as const;
  for (const [more, version] of cases) {
    await withServer({ options: options(more) }, async ({ introduced, services }) => {
      const client = await introduced();
      await client.ask("STARTTLS");
      const tls = { minVersion: "TLSv1", maxVersion: version, ciphers: "ALL:@SECLEVEL=0" } as const;
      await expect(handshake(client, tls)).rejects.toThrow();
      const failed = /^STARTTLS=server, error: accept failed=-1, reason=.*(?:version|protocol).*, relay=localhost/;
      await until(() => services.lines.some(({ text }) => failed.test(text)));
    });
  }
});

const NAMES = [
  [undefined, "sink.test"],
  ["sink.test", "sink.test"],
  ["mx.b.test", "mx.b.test"],
  ["other.test", "sink.test"],
] as const;

test.each(NAMES)("a client that asks for %s gets the certificate of %s", async (servername, expected) => {
  const nameCerts = `${join(folder, "known.pem")} ${join(folder, "known.key")}, ${join(folder, "both.pem")}`;
  await withServer({ options: options({ ServerNameCerts: nameCerts }) }, async (subject) => {
    const [, socket] = await inside(subject, servername === undefined ? {} : { servername });
    expect(socket.getPeerCertificate().subject.CN).toBe(expected);
  });
});

test("tls_srv_features chooses certificate, ciphers and switches for a client", async () => {
  const known = `CertFile=${join(folder, "known.pem")}; KeyFile=${join(folder, "known.key")}; Options=SSL_OP_NO_TLSv1_3; CipherList=ECDHE-ECDSA-AES256-GCM-SHA384`;
  const text = (set: string) => (set === "tls_srv_features" ? known : undefined);
  await withServer({ options: options(), text }, async (subject) => {
    const [, socket] = await inside(subject);
    expect(socket.getPeerCertificate().subject.CN).toBe("mx.b.test");
    expect([socket.getProtocol(), socket.getCipher().name]).toEqual(["TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"]);
  });
  await withServer(
    { options: options(), text: () => "CertFile=/nowhere/c; KeyFile=/nowhere/k" },
    async ({ introduced }) => {
      expect(await (await introduced()).ask("STARTTLS")).toBe("454 4.3.3 TLS currently not available");
    },
  );
});

test("a certificate that changes on disk is used by the next session and not by the open one", async () => {
  const clock = new ManualClock();
  const own = options({ ServerCertFile: put("own.pem", TEST_CERTIFICATE), ServerKeyFile: put("own.key", TEST_KEY) });
  await withServer({ options: own, clock }, async (subject) => {
    const nameOf = async () => (await inside(subject))[1].getPeerCertificate().subject.CN;
    const told = (text: string) => subject.services.lines.filter((line) => line.text.includes(text)).length;
    expect(await nameOf()).toBe("sink.test");
    const open = await subject.introduced();
    put("own.pem", KNOWN_CERTIFICATE);
    clock.advance(1000);
    // The key is still the old one: nothing changes, and that is said once.
    for (let i = 0; i < 3; i++) {
      expect(await nameOf()).toBe("sink.test");
      clock.advance(1000);
    }
    expect(told("what was read before stays in force")).toBe(1);
    put("own.key", KNOWN_KEY);
    clock.advance(1000);
    expect(await nameOf()).toBe("mx.b.test");
    expect(told("certificates were read again")).toBe(1);
    // The session that was open all the time has what it began with.
    await open.ask("STARTTLS");
    expect((await handshake(open)).getPeerCertificate().subject.CN).toBe("sink.test");
  });
});

test("files that only root may read are read again through root", async () => {
  const clock = new ManualClock();
  const own = options({ ServerCertFile: put("r.pem", TEST_CERTIFICATE), ServerKeyFile: put("r.key", TEST_KEY) });
  const asked: (readonly string[])[] = [];
  const readByRoot = async (paths: readonly string[]) => {
    asked.push(paths);
    return new Map<string, Buffer>();
  };
  await withServer({ options: own, clock, readByRoot }, async (subject) => {
    expect(asked).toEqual([]);
    put("r.pem", KNOWN_CERTIFICATE);
    put("r.key", KNOWN_KEY);
    clock.advance(1000);
    expect((await inside(subject))[1].getPeerCertificate().subject.CN).toBe("mx.b.test");
    expect(asked).toEqual([[own.ServerCertFile, own.ServerKeyFile, own.CACertFile]]);
  });
});

/** A full handshake, then another with its ticket. */
async function resumes(subject: UnderTest, between: () => void, tls: ConnectionOptions = {}): Promise<boolean> {
  const ticket = await new Promise<Buffer>((resolve, reject) => void inside(subject, tls, resolve).catch(reject));
  between();
  const [, second] = await inside(subject, { ...tls, session: ticket });
  return second.isSessionReused();
}

function change(clock: ManualClock, ...files: readonly (readonly [name: string, text: string])[]): void {
  for (const [name, text] of files) put(name, text);
  clock.advance(1000);
}

test("sessions are taken up again, also with the next certificate, but not when others are trusted", async () => {
  const clock = new ManualClock();
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const own = options({
      ServerCertFile: put("t.pem", TEST_CERTIFICATE),
      ServerKeyFile: put("t.key", TEST_KEY),
      CRLFile: put("list.pem", EMPTY_LIST),
    });
    await withServer({ options: own, clock, logLevel: 11 }, async (subject) => {
      const tls = { ...CLIENTS.known, maxVersion };
      expect(await resumes(subject, () => undefined, tls)).toBe(true);
      // The certificate of the client is known from the first handshake.
      expect(subject.services.asked.filter((each) => each === "tls_client OK $| STARTTLS")).toHaveLength(2);
      const renewed = resumes(subject, () => change(clock, ["t.pem", KNOWN_CERTIFICATE], ["t.key", KNOWN_KEY]), tls);
      expect(await renewed).toBe(true);
      expect(await resumes(subject, () => change(clock, ["list.pem", WITHDRAWN_LIST]), tls)).toBe(false);
    });
  }
});
