/** AUTH as a client: whose password, which mechanism, what is never said in clear, and what a refusal means for mail. */
import { createHmac } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { ScramServer, scramVerifier } from "../../../../src/auth/scram.ts";
import { readAuthInfo } from "../../../../src/delivery/smtp/authinfo.ts";
import { CLIENT_CERTIFICATE, CLIENT_KEY, KNOWN_CERTIFICATE, KNOWN_KEY, TEST_CA } from "../../../support/authority.ts";
import { sink, texts } from "../../../support/smtp-delivery.ts";
import { type SmtpSite, smtpSite } from "../../../support/smtp-site.ts";
import type { SinkCommand, SinkScript, SmtpSink } from "../../../support/smtp-sink.ts";

const ASKING = { cert: KNOWN_CERTIFICATE, key: KNOWN_KEY, ca: TEST_CA, requestCert: true };
const SENT = "2.0.0 Sent (ok queued as 1)";
const SECRET = "s3cret w\u00f6rd";
const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");
const PLAIN = `AUTH PLAIN ${base64(`\0joe\0${SECRET}`)}`;

interface Case {
  /** What follows AUTH in the answer to EHLO. */
  readonly offered: string;
  readonly info?: string;
  readonly tls?: boolean;
  readonly mc?: readonly string[];
  readonly reply?: SinkScript["reply"];
  readonly files?: Readonly<Record<string, string>>;
  readonly asksForCertificate?: boolean;
}

async function auth({
  offered,
  info = `"U:joe" "P=${base64(SECRET)}"`,
  tls = true,
  mc = [],
  reply,
  files,
  asksForCertificate,
}: Case) {
  const server = await sink({
    extensions: [`AUTH ${offered}`, ...(tls ? ["STARTTLS"] : [])],
    ...(reply === undefined ? {} : { reply }),
    ...(asksForCertificate === true ? { tls: ASKING } : {}),
  });
  const map = "FEATURE(`authinfo', `text -o -k0 -v1 -z| @DIR@/authinfo')";
  const site = await smtpSite([map, ...mc], server.port, { ...files, authinfo: `AuthInfo:mx.b.test|${info}\n` });
  const heard: string[] = [];
  const outcome = texts(await site.deliver({ heard: (line) => void heard.push(line) }));
  const said = server.commands.filter((line) => !/^(?:EHLO|STARTTLS|MAIL|RCPT|DATA|RSET|QUIT)/.test(line));
  noSecretIn(site, server, heard);
  return { outcome: outcome[0], said, server, log: site.log };
}

function noSecretIn({ log }: SmtpSite, { commands }: SmtpSink, heard: readonly string[]): void {
  const text = [...log, ...heard].join("\n");
  // Who watches sees which mechanism it was.
  const verbs = commands
    .filter((line) => line.startsWith("AUTH "))
    .map((line) => line.split(" ").slice(0, 2).join(" "));
  expect(heard.filter((line) => line.startsWith(">>> AUTH"))).toEqual(verbs.map((verb) => `>>> ${verb}`));
  for (const each of [
    SECRET,
    base64(SECRET),
    ...commands.filter((line) => line.startsWith("AUTH ") && line.length > 20),
  ])
    expect(text).not.toContain(each);
}

/** @param replies by how the line begins */
function answering(replies: Readonly<Record<string, string>>) {
  return ({ line }: SinkCommand) => Object.entries(replies).find(([begin]) => line.startsWith(begin))?.[1];
}

function first(reply: string) {
  return ({ verb }: SinkCommand) => (verb === "AUTH" ? reply : undefined);
}

describe("inside TLS", () => {
  test("PLAIN", async () => {
    const { outcome, said, log } = await auth({ offered: "PLAIN LOGIN" });
    expect([outcome, said]).toEqual([SENT, [PLAIN]]);
    expect(log).toContain("AUTH=client, relay=mx.b.test., mech=PLAIN, bits=0");
  });

  test("LOGIN, when the entry names it", async () => {
    const questions = ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"];
    const reply = ({ verb }: SinkCommand) => (verb === "AUTH" ? questions.shift() : undefined);
    const { outcome, said } = await auth({ offered: "PLAIN LOGIN", info: '"I:joe" "P:x" "M:LOGIN"', reply });
    expect([outcome, said]).toEqual([SENT, ["AUTH LOGIN", base64("joe"), base64("x")]]);
  });

  test("XOAUTH2, only when the entry names it", async () => {
    const { outcome, said } = await auth({ offered: "XOAUTH2 PLAIN", info: '"I:joe" "P:token" "M:XOAUTH2"' });
    expect([outcome, said]).toEqual([SENT, [`AUTH XOAUTH2 ${base64("user=joe\x01auth=Bearer token\x01\x01")}`]]);
  });

  test("acting as somebody else", async () => {
    const { said } = await auth({ offered: "PLAIN", info: '"U:boss" "I:joe" "P:x"' });
    expect(said).toEqual([`AUTH PLAIN ${base64("boss\0joe\0x")}`]);
  });
});

describe("EXTERNAL, with the certificate that we have shown", () => {
  const KEYS = { "client.pem": CLIENT_CERTIFICATE, "client.key": CLIENT_KEY };
  const mc = [
    "define(`confCLIENT_CERT', `@DIR@/client.pem')",
    "define(`confCLIENT_KEY', `@DIR@/client.key')",
    "define(`confDONT_BLAME_SENDMAIL', `TrustStickyBit')",
  ];

  test.each([
    ["as whom it is for", '"M:EXTERNAL"', "EXTERNAL PLAIN", mc, "AUTH EXTERNAL ="],
    ["as somebody else", '"U:boss" "M:EXTERNAL"', "EXTERNAL PLAIN", mc, `AUTH EXTERNAL ${base64("boss")}`],
    [
      "not without a certificate",
      '"U:joe" "P:x" "M:EXTERNAL PLAIN"',
      "EXTERNAL PLAIN",
      [],
      `AUTH PLAIN ${base64("\0joe\0x")}`,
    ],
    ["not unless it is named", '"U:joe" "P:x"', "EXTERNAL PLAIN", mc, `AUTH PLAIN ${base64("\0joe\0x")}`],
  ])("%s", async (_, info, offered, lines, wanted) => {
    const files = lines.length > 0 ? KEYS : {};
    const { outcome, said } = await auth({ offered, info, mc: lines, files, asksForCertificate: true });
    expect([outcome, said]).toEqual([SENT, [wanted]]);
  });

  test("nothing else for an entry without a password: the mail waits", async () => {
    const { outcome, said } = await auth({ offered: "EXTERNAL PLAIN", info: '"M:EXTERNAL PLAIN"' });
    expect([outcome, said]).toEqual(["4.7.0 Deferred: Temporary AUTH failure", []]);
  });
});

test("no password is given to a server whose certificate does not fulfill the policy", async () => {
  const mc = ["LOCAL_RULESETS", "Sdestination_policy", "R$*\t\t\t$# tls=verify"];
  const { outcome, said } = await auth({ offered: "PLAIN", mc });
  expect([outcome, said]).toEqual([
    "4.7.4 Deferred: the certificate of the server cannot be verified (tls=verify)",
    [],
  ]);
});

describe("in clear", () => {
  test("nothing that reveals the password: the mail waits", async () => {
    const { outcome, said, log } = await auth({ offered: "PLAIN LOGIN", tls: false });
    expect([outcome, said]).toEqual(["4.7.0 Deferred: Temporary AUTH failure", []]);
    expect(log.at(-1)).toBe(
      "AUTH=client, relay=mx.b.test., available mechanisms=PLAIN LOGIN do not fulfill requirements without TLS",
    );
  });

  test("unless the entry for the server names the mechanism", async () => {
    const info = `"U:joe" "P=${base64(SECRET)}" "M:PLAIN"`;
    expect(await auth({ offered: "PLAIN", tls: false, info })).toMatchObject({ outcome: SENT, said: [PLAIN] });
    const mc = ["define(`confAUTH_OPTIONS', `p')"];
    expect(await auth({ offered: "PLAIN", tls: false, info, mc })).toMatchObject({ said: [] });
  });

  test("CRAM-MD5", async () => {
    const challenge = "<1.2@mx.b.test>";
    const reply = ({ line }: SinkCommand) => (line === "AUTH CRAM-MD5" ? `334 ${base64(challenge)}` : undefined);
    const { outcome, said } = await auth({ offered: "PLAIN CRAM-MD5", tls: false, reply });
    const digest = createHmac("md5", SECRET).update(challenge).digest("hex");
    expect([outcome, said]).toEqual([SENT, ["AUTH CRAM-MD5", base64(`joe ${digest}`)]]);
  });

  test.each([
    [SECRET, SENT],
    ["another", "4.7.0 Deferred: Temporary AUTH failure"],
  ])("SCRAM-SHA-256 with a server that knows the password %j", async (password, expected) => {
    const passwords = {
      check: () => ({ kind: "unknown" as const }),
      scram: () => ({ kind: "known" as const, value: scramVerifier("sha256", password) }),
    };
    const exchange = new ScramServer("sha256", passwords);
    const reply = ({ verb, line }: SinkCommand): string | undefined => {
      if (verb !== "AUTH") return undefined;
      if (line === "*") return "501 5.0.0 cancelled";
      if (line === "") return "235 2.7.0 welcome";
      const step = exchange.step(Buffer.from(line.split(" ").at(-1) ?? "", "base64"));
      if ("then" in step) throw new Error("not at once");
      if (step.kind === "challenge") return `334 ${step.octets.toString("base64")}`;
      // A server that only pretends says yes all the same.
      if (step.kind === "accepted") return `334 ${step.last?.toString("base64")}`;
      return `334 ${base64(`v=${Buffer.alloc(32).toString("base64")}`)}`;
    };
    expect((await auth({ offered: "SCRAM-SHA-256 PLAIN", tls: false, reply })).outcome).toBe(expected);
  });
});

describe("when the server says no", () => {
  test("for now: the mail waits", async () => {
    const { outcome, server } = await auth({ offered: "PLAIN", reply: first("454 4.7.0 later") });
    expect([outcome, server.messages.length]).toEqual(["4.7.0 Deferred: Temporary AUTH failure", 0]);
  });

  test("to one mechanism: the next", async () => {
    const { outcome, said } = await auth({
      offered: "PLAIN CRAM-MD5",
      reply: answering({ "AUTH CRAM": "535 5.7.8 no" }),
    });
    expect([outcome, said]).toEqual([SENT, ["AUTH CRAM-MD5", PLAIN]]);
  });

  test("to all: the mail is tried without, as sendmail does", async () => {
    const { outcome, log } = await auth({ offered: "PLAIN", reply: first("535 5.7.8 wrong") });
    expect(outcome).toBe(SENT);
    expect(log).toContain("AUTH=client, relay=mx.b.test., mech=PLAIN, refused: 535 5.7.8 wrong");
  });

  test.each(["MAIL", "RCPT"])(
    "and to %s of those it does not know: the mail waits for the right password",
    async (at) => {
      const reply = ({ verb }: SinkCommand) =>
        verb === "AUTH" ? "535 5.7.8 wrong" : verb === at ? "530 5.7.0 Authentication required" : undefined;
      const { outcome } = await auth({ offered: "PLAIN", reply });
      expect(outcome).toBe("4.7.8 Deferred: AUTH was refused: 530 5.7.0 Authentication required");
    },
  );

  test("a refusal that has nothing to do with it stands", async () => {
    const reply = answering({ AUTH: "535 5.7.8 wrong", RCPT: "550 5.1.1 no such user" });
    expect((await auth({ offered: "PLAIN", reply })).outcome).toBe("5.1.1 User unknown");
  });

  test("with a challenge that is none: the exchange is cancelled", async () => {
    const reply = answering({ AUTH: "334 ???", "*": "501 5.0.0 cancelled" });
    const { outcome, said } = await auth({ offered: "CRAM-MD5", reply });
    expect([outcome, said]).toEqual(["4.7.0 Deferred: Temporary AUTH failure", ["AUTH CRAM-MD5", "*"]]);
  });
});

describe("what is allowed", () => {
  test("AuthMechanisms, when somebody has set it", async () => {
    const mc = ["define(`confAUTH_MECHANISMS', `PLAIN')"];
    expect((await auth({ offered: "CRAM-MD5 PLAIN", mc })).said).toEqual([PLAIN]);
  });

  test("M=A of the ClientPortOptions: no AUTH", async () => {
    expect((await auth({ offered: "PLAIN", mc: ["CLIENT_OPTIONS(`Family=inet, M=A')"] })).said).toEqual([]);
  });

  test("an entry without a password is none", async () => {
    const { outcome, said, log } = await auth({ offered: "PLAIN", info: '"U:joe"' });
    expect([outcome, said]).toEqual([SENT, []]);
    expect(log).toContain("AUTH=client, relay=mx.b.test. [127.0.0.1], authinfo failed: there is no password (P:)");
  });
});

test.each([
  ['"U:joe" "P:x"', { user: "joe", password: "x" }],
  ['"U:boss" "I:joe" "P:a \\"b\\""', { user: "joe", actAs: "boss", password: 'a "b"' }],
  [
    '"I=am9l" "P=eA==" "R:r" "M:PLAIN LOGIN"',
    { user: "joe", password: "x", realm: "r", mechanisms: ["PLAIN", "LOGIN"] },
  ],
])("%s", (text, info) => {
  expect(readAuthInfo(text)).toMatchObject({ kind: "found", info });
});

test.each(['"P:x"', '"U:joe"', "U:joe P:x", '"X:joe" "P:x"', '"U:joe" "U:jim" "P:x"', '"U:joe" "P:x" and'])(
  "%s is no entry, and what is wrong is said without the secret",
  (text) => {
    const found = readAuthInfo(text.replaceAll("P:x", "P:topsecret"));
    expect(found.kind).toBe("unusable");
    expect(JSON.stringify(found)).not.toContain("topsecret");
  },
);

describe("AUTH= of MAIL", () => {
  const A = "define(`confAUTH_OPTIONS', `A')";
  const envelope = { auth: "joe+2Bx@a.test" };

  test.each([
    ["a server that knows us", true, [], "235 2.7.0 ok", " AUTH=joe+2Bx@a.test"],
    ["a server that does not, too", true, [], "535 5.7.8 no", " AUTH=joe+2Bx@a.test"],
    ["AuthOptions A: a server that knows us", true, [A], "235 2.7.0 ok", " AUTH=joe+2Bx@a.test"],
    ["AuthOptions A: not one that does not", true, [A], "535 5.7.8 no", ""],
    ["not a server without AUTH", false, [], "", ""],
  ])("goes to %s", async (_, offers, mc, answer, wanted) => {
    const extensions = ["STARTTLS", ...(offers ? ["AUTH PLAIN"] : [])];
    const server = await sink({ extensions, reply: ({ verb }) => (verb === "AUTH" ? answer : undefined) });
    const map = "FEATURE(`authinfo', `text -o -k0 -v1 -z| @DIR@/authinfo')";
    const authinfo = `AuthInfo:mx.b.test|"U:joe" "P:secret"\n`;
    const site = await smtpSite([map, ...mc], server.port, { authinfo });
    expect(texts(await site.deliver({ envelope }))).toEqual([SENT]);
    expect(/ AUTH=\S*/.exec(server.messages[0].parameters)?.[0] ?? "").toBe(wanted);
  });
});

describe("DefaultAuthInfo", () => {
  const option = "define(`confDEF_AUTH_INFO', `@DIR@/auth-info')";
  const trusting = "define(`confDONT_BLAME_SENDMAIL', `TrustStickyBit')";
  const reply = answering({ AUTH: "235 2.7.0 ok" });

  test.each([
    ["user, user, password", "joe\njoe\ns3cret\n", `AUTH PLAIN ${base64("\0joe\0s3cret")}`],
    ["acting as another one", "boss\njoe\ns3cret\nrealm.test\n", `AUTH PLAIN ${base64("boss\0joe\0s3cret")}`],
    ["with mechanisms, CR LF", "joe\r\njoe\r\ns3cret\r\n\r\nPLAIN\r\n", `AUTH PLAIN ${base64("\0joe\0s3cret")}`],
  ])("%s", async (_, text, wanted) => {
    const server = await sink({ extensions: ["STARTTLS", "AUTH PLAIN"], reply });
    const site = await smtpSite([option, trusting], server.port, { "auth-info": text });
    expect(texts(await site.deliver())).toEqual([SENT]);
    expect(server.commands.filter((line) => line.startsWith("AUTH"))).toEqual([wanted]);
  });

  test.each([
    ["no password in it", "joe\njoe\n", /there is no password/],
    ["it is not there", undefined, /auth-info: /],
  ])("%s: the log says so, and nothing is said to the server", async (_, text, wanted) => {
    const server = await sink({ extensions: ["STARTTLS", "AUTH PLAIN"], reply });
    const site = await smtpSite([option, trusting], server.port, text === undefined ? {} : { "auth-info": text });
    await site.deliver();
    expect(server.commands.filter((line) => line.startsWith("AUTH"))).toEqual([]);
    expect(site.log.join("\n")).toMatch(wanted);
  });

  test("the ruleset comes first", async () => {
    const server = await sink({ extensions: ["STARTTLS", "AUTH PLAIN"], reply });
    const map = "FEATURE(`authinfo', `text -o -k0 -v1 -z| @DIR@/authinfo')";
    const files = { "auth-info": "joe\njoe\ns3cret\n", authinfo: `AuthInfo:mx.b.test|"U:ann" "P:other"\n` };
    const site = await smtpSite([option, trusting, map], server.port, files);
    expect(texts(await site.deliver())).toEqual([SENT]);
    expect(server.commands).toContain(`AUTH PLAIN ${base64("\0ann\0other")}`);
  });
});
