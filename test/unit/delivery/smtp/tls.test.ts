/**
 * STARTTLS as a client, with the library's own rulesets: what the access table demands, what {verify} and the other macros
 * say, certificates, sessions. Values are those that a genuine sendmail 8.17 had in its macros for the same certificates.
 */
import { describe, expect, test } from "@jest/globals";
import {
  CLIENT_CERTIFICATE,
  CLIENT_KEY,
  EMPTY_LIST,
  KNOWN_CERTIFICATE,
  KNOWN_KEY,
  TEST_CA,
  WITHDRAWN_LIST,
} from "../../../support/authority.ts";
import { sink, texts } from "../../../support/smtp-delivery.ts";
import { smtpSite } from "../../../support/smtp-site.ts";
import type { SinkScript } from "../../../support/smtp-sink.ts";

const KNOWN: SinkScript = { extensions: ["STARTTLS"], tls: { cert: KNOWN_CERTIFICATE, key: KNOWN_KEY } };
const TRUSTING = "define(`confCACERT', `@DIR@/ca.pem')";
const FILES = { "ca.pem": TEST_CA };

/** Everything that a ruleset may ask about the session, as one line of the log. */
const SHOW = [
  "LOCAL_CONFIG",
  "LOCAL_TLS_SERVER",
  'R$*\t\t\t$#error $@ 4.7.0 $: "403 " v=$&{verify} c=$&{cipher} b=$&{cipher_bits} a=$&{alg_bits} t=$&{tls_version} ' +
    "n=$&{server_name} i=$&{server_addr} cs=$&{cn_subject} ci=$&{cn_issuer} s=$&{cert_subject} is=$&{cert_issuer} " +
    "m=$&{cert_md5} f=$&{cert_fp} p=$1",
];

async function shown(script: SinkScript, mc: readonly string[] = [], files: Record<string, string> = {}) {
  const server = await sink(script);
  const site = await smtpSite([...mc, ...SHOW], server.port, { ...FILES, ...files });
  await site.deliver();
  const line = site.log.find((each) => each.startsWith("ruleset=tls_server")) ?? site.log.join("\n");
  return line
    .replaceAll(/ ([=;:,@<>.])(?= )/g, "$1")
    .replace(/.*403 (?:4\.7\.0 )?/, "")
    .replaceAll(" ", "");
}

describe("the macros", () => {
  test("of a certificate that leads to an authority we know", async () => {
    const line = await shown(KNOWN, [TRUSTING]);
    expect(line).toContain("v=OKc=TLS_AES_256_GCM_SHA384b=256a=256t=TLSv1.3n=mx.b.testi=127.0.0.1");
    expect(line).toContain("cs=mx.b.testci=Test+20CA");
    expect(line).toContain("s=/C=DE/O=T+22+3C+3E,;:@+28+29+5CxC3+5CxA9/CN=mx.b.test");
    expect(line).toContain("is=/O=Test,+20Inc+20+28x+29/CN=Test+20CA");
    expect(line).toMatch(/m=(?:[0-9A-F]{2}:){15}[0-9A-F]{2}f=p=OK$/);
  });

  test("of a server that we know by another name: {verify} is about the authority, as in sendmail", async () => {
    const server = await sink(KNOWN);
    const site = await smtpSite([TRUSTING], server.port, FILES, { "A other.test": ["127.0.0.1"] });
    expect(texts(await site.deliver({ host: "other.test" }))).toEqual([SENT]);
    expect(site.log[0]).toContain("verify=OK");
  });

  test("of one whose authority nobody has named", async () => {
    expect(await shown(KNOWN)).toMatch(/^v=FAIL.*cs=mx\.b\.test.*p=FAIL$/);
  });

  test("with another fingerprint, and TLS 1.2", async () => {
    const script = { ...KNOWN, tls: { ...KNOWN.tls, maxVersion: "TLSv1.2" } } as const;
    const line = await shown(script, ["define(`confCERT_FINGERPRINT_ALGORITHM', `sha1')"]);
    expect(line).toMatch(/c=ECDHE-ECDSA-AES\d+-GCM-SHA\d+b=(\d+)a=\1t=TLSv1\.2/);
    expect(line).toContain("m=f=33:30:D0:47:0E:C4:8E:10:60:CD:B1:16:6E:37:19:D0:B1:EF:17:C4p=FAIL");
  });

  test.each([
    ["STARTTLS is not offered", { extensions: [] }, "NONE"],
    ["the server says 454", { ...KNOWN, reply: starttls("454 4.7.0 not now") }, "TEMP"],
    ["the server says 554", { ...KNOWN, reply: starttls("554 5.7.0 never") }, "NONE"],
    ["the handshake breaks off", { ...KNOWN, reply: starttls({ reply: "220 go", drop: true }) }, "CLEAR"],
  ])("when %s", async (_name, script, verify) => {
    const server = await sink(script);
    const site = await smtpSite(SHOW, server.port);
    await site.deliver();
    expect(site.log.findLast((each) => each.startsWith("ruleset=tls_server"))).toContain(`v= ${verify} `);
  });
});

function starttls(reply: string | { readonly reply: string; readonly drop: boolean }) {
  return ({ verb }: { readonly verb: string }) => (verb === "STARTTLS" ? reply : undefined);
}

/** A table of lines KEY|VALUE. */
const ACCESS = "FEATURE(`access_db', `text -o -k0 -v1 -z| @DIR@/access')";

/** What becomes of mail for joe@b.test with this line in the access table. */
async function outcome(access: string, script: SinkScript, mc: readonly string[] = [TRUSTING]) {
  const server = await sink(script);
  const site = await smtpSite([...mc, ACCESS], server.port, { ...FILES, access: `${access}\n` });
  const report = await site.deliver({ users: ["joe@b.test", "jim@b.test"] });
  return { texts: texts(report), server, log: site.log };
}

const SENT = "2.0.0 Sent (ok queued as 1)";
const CLEAR: SinkScript = { extensions: [] };

describe("the access table", () => {
  test.each<[name: string, access: string, script: SinkScript, expected: string]>([
    ["encryption is there", "TLS_Srv:mx.b.test|ENCR:112", KNOWN, SENT],
    [
      "it is too weak",
      "TLS_Srv:mx.b.test|ENCR:512",
      KNOWN,
      "4.7.0 Deferred: 454 4.7.0 encryption too weak 256 less than 512",
    ],
    [
      "it is not there",
      "TLS_Srv:mx.b.test|ENCR:112",
      CLEAR,
      "4.7.0 Deferred: 454 4.7.0 encryption too weak 0 less than 112",
    ],
    ["an authority is known", "TLS_Srv:mx.b.test|VERIFY", KNOWN, SENT],
    [
      "it is not",
      "TLS_Srv:mx.b.test|VERIFY",
      { extensions: ["STARTTLS"] },
      "4.7.0 Deferred: 454 4.7.0 authentication failed",
    ],
    ["for good", "TLS_Srv:mx.b.test|PERM+VERIFY", CLEAR, "5.7.0 Service unavailable"],
    ["the name is right", "TLS_Srv:mx.b.test|VERIFY+CN", KNOWN, SENT],
    [
      "the name is wrong",
      "TLS_Srv:mx.b.test|VERIFY+CN:other.test",
      KNOWN,
      "4.7.0 Deferred: 454 4.7.0 CN mx.b.test does not match other.test",
    ],
    ["by address", "TLS_Srv:127.0.0.1|VERIFY", CLEAR, "4.7.0 Deferred: 454 4.7.0 other side does not support STARTTLS"],
    ["another server", "TLS_Srv:mx.c.test|VERIFY", CLEAR, SENT],
  ])("TLS_Srv: %s", async (_name, access, script, expected) => {
    const { texts: outcomes, server } = await outcome(access, script);
    expect(outcomes).toEqual([expected, expected]);
    expect(server.messages.length).toBe(expected === SENT ? 1 : 0);
  });

  test("TLS_Rcpt: is about one recipient", async () => {
    const { texts: outcomes, server, log } = await outcome("TLS_Rcpt:joe@b.test|VERIFY", CLEAR);
    expect(outcomes).toEqual(["4.7.0 Deferred: 454 4.7.0 other side does not support STARTTLS", SENT]);
    expect(server.messages.map(({ recipients }) => recipients)).toEqual([["jim@b.test"]]);
    expect(log).toContain(
      "ruleset=tls_rcpt, arg1=joe@b.test, relay=mx.b.test. [127.0.0.1], reject=454 4.7.0 other side does not support STARTTLS",
    );
  });

  test("Try_TLS: NO means none", async () => {
    const { texts: outcomes, server } = await outcome("Try_TLS:mx.b.test|NO", KNOWN);
    expect(outcomes).toEqual([SENT, SENT]);
    expect(server.commands).not.toContain("STARTTLS");
  });

  test("without TLS, what rules demand is not forgotten when a handshake fails", async () => {
    const script = { ...KNOWN, reply: starttls({ reply: "220 go", drop: true }) };
    const { texts: outcomes, server } = await outcome("TLS_Srv:mx.b.test|ENCR:112", script);
    expect(outcomes[0]).toBe("4.7.0 Deferred: 454 4.7.0 encryption too weak 0 less than 112");
    expect([server.connections, server.messages.length]).toEqual([2, 0]);
  });
});

test.each([
  [true, SENT, 2],
  [false, "4.7.0 Deferred: 454 4.7.0 TLS handshake failed.", 1],
])("TLSFallbacktoClear=%s", async (fallback, expected, connections) => {
  const script = { ...KNOWN, reply: starttls({ reply: "220 go", drop: true }) };
  const mc = [`define(\`confTLS_FALLBACK_TO_CLEAR', \`${fallback ? "True" : "False"}')`];
  const { texts: outcomes, server } = await outcome("x|y", script, mc);
  expect(outcomes[0]).toBe(expected);
  expect(server.connections).toBe(connections);
});

test("a policy of tls=verify wants the name of the host in the certificate, too, also when a session is taken up", async () => {
  const server = await sink(KNOWN);
  const policy = [TRUSTING, "LOCAL_RULESETS", "Sdestination_policy", "R$*\t\t\t$# tls=verify"];
  const site = await smtpSite(["define(`confMCI_CACHE_SIZE', `0')", ...policy], server.port, FILES, {
    "A mx.b.test": ["127.0.0.1"],
    "A other.test": ["127.0.0.1"],
  });
  const wrong = "4.7.4 Deferred: the certificate of the server is for another name (tls=verify)";
  for (const [host, expected] of [
    ["mx.b.test", SENT],
    ["other.test", wrong],
    ["mx.b.test", "2.0.0 Sent (ok queued as 2)"],
    ["other.test", wrong],
  ]) {
    expect([host, ...texts(await site.deliver({ host }))]).toEqual([host, expected]);
  }
  expect(server.messages.map(({ resumed }) => resumed)).toEqual([false, true]);
});

test("clt_features: $#temp keeps mail away, before there is a connection", async () => {
  const server = await sink(KNOWN);
  const temp = ["LOCAL_CLT_FEATURES", "R$*\t\t\t$: $&{server_name}", "Rmx.b.test\t\t$#temp"];
  const site = await smtpSite(temp, server.port, {}, { "A mx.b.test": ["127.0.0.1"], "A mx.c.test": ["127.0.0.1"] });
  expect(texts(await site.deliver())).toEqual(["4.3.0 Deferred: clt_features: temporary failure"]);
  expect(server.connections).toBe(0);
  expect(texts(await site.deliver({ host: "mx.c.test" }))).toEqual([SENT]);
});

test("what the server said before the handshake does not count", async () => {
  const server = await sink({ ...KNOWN, extensions: ["STARTTLS", "SIZE 10"] });
  server.script = {
    ...server.script,
    reply: ({ verb, line }) => {
      if (verb === "STARTTLS") return "220 go\r\n250 SIZE 10";
      return verb === "EHLO" && server.commands.filter((each) => each === line).length > 1
        ? "250 mx.b.test"
        : undefined;
    },
  };
  const site = await smtpSite([], server.port);
  expect(texts(await site.deliver())).toEqual([SENT]);
  expect(server.messages[0]).toMatchObject({ encrypted: true, parameters: "" });
});

test("the second connection to a host takes up the session of the first, and is verified as well", async () => {
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const server = await sink({ ...KNOWN, tls: { ...KNOWN.tls, maxVersion } });
    const site = await smtpSite([TRUSTING, "define(`confMCI_CACHE_SIZE', `0')"], server.port, FILES);
    for (let count = 0; count < 3; count++) await site.deliver();
    expect(server.messages.map(({ resumed }) => resumed)).toEqual([false, true, true]);
    expect(site.log.filter((each) => each.includes("verify=OK")).length).toBe(3);
  }
});

describe("our side", () => {
  const ours = [
    "define(`confCLIENT_CERT', `@DIR@/client.pem')",
    "define(`confCLIENT_KEY', `@DIR@/client.key')",
    "define(`confDONT_BLAME_SENDMAIL', `TrustStickyBit')",
  ];
  const asking = { ...KNOWN, tls: { ...KNOWN.tls, ca: TEST_CA, requestCert: true } };

  test("the client certificate is shown", async () => {
    const server = await sink(asking);
    const site = await smtpSite(ours, server.port, { "client.pem": CLIENT_CERTIFICATE, "client.key": CLIENT_KEY });
    expect(texts(await site.deliver())).toEqual([SENT]);
    expect(server.messages[0].clientName).toBe("here.test");
  });

  test.each([
    ["a missing key", ours, "client.key"],
    ["ciphers that nobody knows", ["define(`confCIPHER_LIST', `NO-SUCH-CIPHER')"], "cipher"],
    ["a missing authority", ["define(`confCACERT', `@DIR@/nothing.pem')"], "nothing.pem"],
  ])("%s: the log says so, and {verify} is TEMP", async (_name, mc, word) => {
    const server = await sink(KNOWN);
    const site = await smtpSite(mc, server.port, { "client.pem": CLIENT_CERTIFICATE });
    expect(texts(await site.deliver())).toEqual([SENT]);
    const [line] = site.log.filter((each) => each.includes("not possible"));
    expect(line?.toLowerCase()).toContain(word);
    expect(server.commands).not.toContain("STARTTLS");
  });

  test("a withdrawn certificate is none", async () => {
    const mc = [TRUSTING, "define(`confCRL', `@DIR@/crl.pem')"];
    for (const [list, verify] of [
      [EMPTY_LIST, "OK"],
      [WITHDRAWN_LIST, "FAIL"],
    ]) {
      const server = await sink(KNOWN);
      const site = await smtpSite(mc, server.port, { ...FILES, "crl.pem": list });
      await site.deliver();
      expect(site.log.find((each) => each.startsWith("STARTTLS=client, relay"))).toContain(`verify=${verify}`);
    }
  });

  test("folders of authorities and lists: names that are hashes count, several with one hash", async () => {
    const folders = ["define(`confCACERT_PATH', `@DIR@/')", "define(`confCRL_PATH', `@DIR@/')"];
    for (const [files, verify, word] of [
      [{ "9da13359.0": TEST_CA, "9da13359.r0": EMPTY_LIST }, "OK", ""],
      [{ "9da13359.0": CLIENT_CERTIFICATE, "9da13359.1": TEST_CA, "9da13359.r0": EMPTY_LIST }, "OK", ""],
      [{ "9da13359.0": TEST_CA, "9da13359.r1": WITHDRAWN_LIST }, "FAIL", ""],
      [{ "ca.pem": TEST_CA, "9da13359.r0": EMPTY_LIST }, "FAIL", "no hashed certificates in"],
      [{ "9da13359.0": TEST_CA, "crl.pem": EMPTY_LIST }, undefined, "CRLPath: no hashed lists in"],
      [{ "9da13359.0": TEST_CA, "9da13359.r0": "no list" }, undefined, "not possible"],
    ] as const) {
      const server = await sink(KNOWN);
      const site = await smtpSite(folders, server.port, files);
      expect(texts(await site.deliver())).toEqual([SENT]);
      const lines = site.log.filter((each) => each.startsWith("STARTTLS=client, relay"));
      // No handshake at all rather than one that asks no list.
      expect(server.commands.includes("STARTTLS")).toBe(verify !== undefined);
      if (verify !== undefined) expect(lines.join("\n")).toContain(`verify=${verify}`);
      expect(site.log.join("\n")).toContain(word);
    }
  });

  test("a folder of lists that is not there: no handshake, and mail that asks for TLS waits", async () => {
    const server = await sink(KNOWN);
    const mc = [TRUSTING, "define(`confCRL_PATH', `@DIR@/nowhere')", ACCESS];
    const site = await smtpSite(mc, server.port, { ...FILES, access: "TLS_Srv:mx.b.test|VERIFY\n" });
    expect(texts(await site.deliver())[0]).toMatch(/^4\./);
    expect(server.messages).toEqual([]);
    expect(site.log.join("\n")).toContain("nowhere");
  });

  test("ciphers and versions", async () => {
    const server = await sink(KNOWN);
    const old = "define(`confCLIENT_SSL_OPTIONS', `+SSL_OP_NO_TLSv1_3')";
    const strong = "define(`confCIPHER_LIST', `ECDHE-ECDSA-AES256-GCM-SHA384')";
    const seen: (string | undefined)[] = [];
    for (const mc of [[], [old], [old, strong]]) {
      const site = await smtpSite(mc, server.port);
      await site.deliver();
      seen.push(/version=(.*), verify=FAIL, cipher=(.*), bits/.exec(site.log[0])?.slice(1).join(" "));
    }
    expect(seen[0]).toBe("TLSv1.3 TLS_AES_256_GCM_SHA384");
    expect(seen[1]).toMatch(/^TLSv1\.2 /);
    expect(seen[2]).toBe("TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384");
  });

  test("TLS_Clt_Features: other ones for one server", async () => {
    const server = await sink(KNOWN);
    const access = "TLS_Clt_Features:mx.b.test|Options=SSL_OP_NO_TLSv1_3; CipherList=ECDHE-ECDSA-AES256-GCM-SHA384";
    const site = await smtpSite([ACCESS, "FEATURE(`tls_session_features')"], server.port, { access: `${access}\n` });
    expect(texts(await site.deliver())).toEqual([SENT]);
    expect(site.log[0]).toContain("version=TLSv1.2, verify=FAIL, cipher=ECDHE-ECDSA-AES256-GCM-SHA384");
  });

  test("ClientPortOptions with M=S: no STARTTLS, {verify} CLEAR", async () => {
    const server = await sink(KNOWN);
    const site = await smtpSite(["CLIENT_OPTIONS(`Family=inet, M=S')", ...SHOW], server.port);
    await site.deliver();
    expect(server.commands).not.toContain("STARTTLS");
    expect(site.log.at(-1)).toContain("v= CLEAR ");
  });
});

describe("F=_, TLS from the first octet", () => {
  const first = { ...KNOWN, extensions: ["AUTH PLAIN"], tlsFirst: true };
  const esmtps = "define(`SMTP_MAILER_FLAGS', `_')";
  const authinfo = `AuthInfo:mx.b.test|"U:joe" "P:secret"\n`;

  test("handshake, greeting, EHLO, AUTH: no STARTTLS, and only one EHLO", async () => {
    const server = await sink({ ...first, reply: ({ verb }) => (verb === "AUTH" ? "235 2.7.0 ok" : undefined) });
    const map = "FEATURE(`authinfo', `text -o -k0 -v1 -z| @DIR@/authinfo')";
    const mc = [TRUSTING, esmtps, map, "CLIENT_OPTIONS(`Family=inet, M=S')"];
    const site = await smtpSite(mc, server.port, { ...FILES, authinfo });
    expect(texts(await site.deliver())).toEqual([SENT]);
    expect(server.commands.map((line) => line.split(" ")[0])).toEqual(["EHLO", "AUTH", "MAIL", "RCPT", "DATA"]);
    expect(server.messages[0].encrypted).toBe(true);
    expect(site.log.join("\n")).toMatch(/STARTTLS=client, relay=mx\.b\.test\., version=.*, verify=OK,/);
  });

  test("a server that begins in clear gets nothing: the mail waits, whatever TLSFallbacktoClear says", async () => {
    const server = await sink(KNOWN);
    const site = await smtpSite([esmtps, "define(`confTLS_FALLBACK_TO_CLEAR', `True')"], server.port);
    expect(texts(await site.deliver())).toEqual(["4.7.0 Deferred: 454 4.7.0 TLS handshake failed."]);
    expect([server.connections, server.messages]).toEqual([1, []]);
  });

  test("no handshake without what it needs: the mail waits", async () => {
    const server = await sink(first);
    const site = await smtpSite([esmtps, "define(`confCACERT', `@DIR@/nothing.pem')"], server.port);
    expect(texts(await site.deliver())).toEqual([
      expect.stringMatching(/^4\.7\.5 Deferred: TLS with .* is not possible: /),
    ]);
    expect(server.messages).toEqual([]);
  });

  test("what rules demand counts as after STARTTLS", async () => {
    const server = await sink(first);
    const access = "FEATURE(`access_db', `text -o -k0 -v1 -z| @DIR@/access')";
    const site = await smtpSite([esmtps, access], server.port, { access: "TLS_Srv:mx.b.test|VERIFY\n" });
    expect(texts(await site.deliver())).toEqual(["4.7.0 Deferred: 454 4.7.0 authentication failed"]);
  });
});
