/** DANE as a client (RFC 7672): a name server that signs, or does not, and mail servers with certificates that fit, or do not. */
import { describe, expect, test } from "@jest/globals";
import { EXPIRED, LEAF, LINE_INTERMEDIATE, LINE_ROOT, OTHER_NAME } from "../../../support/line-certificates.ts";
import type { Zone } from "../../../support/dns-server.ts";
import { B_TEST, lineSite, tlsa, tlsSink } from "../../../support/line-site.ts";
import { sink, texts } from "../../../support/smtp-delivery.ts";

const DANE = ["define(`confDANE', `true')"];
const SENT = "2.0.0 Sent (ok queued as 1)";

interface Case {
  readonly certificate?: string;
  /** Records of _PORT._tcp.mx.b.test. */
  readonly records: readonly string[];
  readonly zone?: Zone;
  readonly mc?: readonly string[];
  /** The server has no STARTTLS. */
  readonly clear?: boolean;
  readonly base?: string;
}

async function deliver({ certificate, records, zone = B_TEST, mc = DANE, clear = false, base = "mx.b.test" }: Case) {
  const server = clear ? await sink({ extensions: [] }) : await tlsSink(certificate);
  const site = await lineSite(mc, server.port, zone);
  if (records.length > 0) site.dns.set(`_${server.port}._tcp.${base}`, ...records);
  const report = await site.deliver({ host: "b.test" });
  return { ...site, server, came: texts(report)[0], tls: site.log.find((each) => each.startsWith("STARTTLS")) ?? "" };
}

describe("a signed TLSA record", () => {
  test.each([
    ["3 1 1", LEAF, LEAF],
    ["3 0 2", LEAF, LEAF],
    ["3 0 1", EXPIRED, EXPIRED],
    ["3 0 1", OTHER_NAME, OTHER_NAME],
    ["2 0 1", LEAF, LINE_INTERMEDIATE],
    ["2 1 1", LEAF, LINE_ROOT],
  ])("%s that fits: TRUSTED", async (kind, certificate, about) => {
    const { came, tls, server, events } = await deliver({ certificate, records: ["SIGNED", tlsa(kind, about)] });
    expect(came).toBe(SENT);
    expect(tls).toMatch(new RegExp(`verify=TRUSTED, .*, dane=${kind.replaceAll(" ", "-")}$`));
    expect(server.messages[0].encrypted).toBe(true);
    expect(events).toMatchObject([
      {
        domain: "b.test",
        policy: { type: "tlsa", domain: "mx.b.test" },
        receivingIp: "127.0.0.1",
        receivingHelo: "sink.test",
      },
    ]);
    expect(events[0].failure).toBeUndefined();
  });

  test.each([
    ["3 1 1", LEAF, LINE_ROOT, "no TLSA record is about the certificate of the server", "certificate-not-trusted"],
    ["2 0 1", EXPIRED, LINE_ROOT, "the certificate has expired (Jan  1 00:00:00 2021 GMT)", "certificate-expired"],
    ["2 0 1", OTHER_NAME, LINE_ROOT, "the certificate is not for mx.b.test, b.test", "certificate-host-mismatch"],
  ])("%s that does not: the mail waits", async (kind, certificate, about, reason, type) => {
    const { came, server, events, log } = await deliver({ certificate, records: ["SIGNED", tlsa(kind, about)] });
    expect(came).toBe(`4.7.5 Deferred: mx.b.test.: DANE check failed: ${reason}`);
    expect(log.join("\n")).toContain(`dane=failed, DANE check failed: ${reason}`);
    expect(log.join("\n")).toMatch(/ruleset=tls_server, arg1=DANE_FAIL, .*reject=454 4\.7\.0 DANE check failed/);
    expect(server.messages).toEqual([]);
    expect(server.commands.filter((each) => each.startsWith("MAIL"))).toEqual([]);
    expect(events.map(({ failure }) => failure?.type)).toEqual([type]);
  });

  test("no encryption: the mail waits, whatever rules say", async () => {
    const { came, server, events } = await deliver({ clear: true, records: ["SIGNED", tlsa("3 1 1", LEAF)] });
    expect(came).toBe("4.7.10 Deferred: mx.b.test.: the server does not encrypt, and DANE wants it");
    expect(server.messages).toEqual([]);
    expect(events.map(({ failure }) => failure?.type)).toEqual(["starttls-not-supported"]);
  });

  test("the handshake fails: no second connection in clear", async () => {
    const server = await tlsSink(LEAF, {
      reply: ({ verb }) => (verb === "STARTTLS" ? { reply: "220 go", drop: true } : undefined),
    });
    const site = await lineSite(DANE, server.port);
    site.dns.set(`_${server.port}._tcp.mx.b.test`, "SIGNED", tlsa("3 1 1", LEAF));
    const [came] = texts(await site.deliver({ host: "b.test" }));
    expect(came).toMatch(/^4\.7\.\d Deferred/);
    expect(server.connections).toBe(1);
    expect(server.messages).toEqual([]);
  });

  test("of kinds that are of no use for mail: encrypted, with whomever", async () => {
    const records = ["SIGNED", tlsa("1 1 1", LINE_ROOT)];
    expect(await deliver({ records })).toMatchObject({
      came: SENT,
      tls: expect.stringMatching(/verify=FAIL.*dane=unusable$/),
    });
    expect((await deliver({ records, clear: true })).came).toMatch(/^4\.7\.10 /);
  });
});

describe("what is not signed counts for nothing", () => {
  const wrong = tlsa("3 1 1", LINE_ROOT);
  test.each<[name: string, Case]>([
    ["the TLSA record", { records: [wrong] }],
    ["the MX record", { records: ["SIGNED", wrong], zone: { ...B_TEST, "b.test": ["MX 10 mx.b.test"] } }],
    ["the address", { records: ["SIGNED", wrong], zone: { ...B_TEST, "mx.b.test": ["A 127.0.0.1"] } }],
    ["nothing at all", { records: [] }],
    ["DANE is off", { records: ["SIGNED", wrong], mc: [] }],
    [
      "clt_features says D",
      { records: ["SIGNED", wrong], mc: [...DANE, "LOCAL_CONFIG", "LOCAL_CLT_FEATURES", "R$*\t$# D"] },
    ],
  ])("%s", async (_name, values) => {
    const { came, tls, events } = await deliver(values);
    expect(came).toBe(SENT);
    expect(tls).toMatch(/verify=FAIL, [^]*bits=\d+\/\d+$/);
    expect(events).toMatchObject([{ policy: { type: "no-policy-found", domain: "b.test" } }]);
  });

  test("nobody asks for TLSA of a host whose address is not signed", async () => {
    const { dns } = await deliver({ records: [], zone: { ...B_TEST, "mx.b.test": ["A 127.0.0.1"] } });
    expect(dns.asked.filter((each) => each.includes("TLSA"))).toEqual([]);
  });
});

test("a TLSA answer that is forged, or cannot be got: the mail waits, and nobody is connected to", async () => {
  const { came, server, events } = await deliver({ records: ["SERVFAIL"] });
  expect(came).toMatch(
    /^4\.7\.5 Deferred: mx\.b\.test: TLSA records cannot be looked up \(_\d+\._tcp\.mx\.b\.test: .*SERVFAIL\)$/,
  );
  expect(server.connections).toBe(0);
  expect(events).toMatchObject([{ failure: { type: "dnssec-invalid" }, receivingMx: "mx.b.test" }]);
});

describe("aliases of hosts (RFC 7672 §2.2.2)", () => {
  const zone: Zone = {
    "b.test": ["SIGNED", "MX 10 alias.test"],
    "alias.test": ["SIGNED", "CNAME mx.b.test"],
    "mx.b.test": ["SIGNED", "A 127.0.0.1"],
  };
  test("the end of the chain has the record: its name counts, too", async () => {
    const { came, tls } = await deliver({ zone, records: ["SIGNED", tlsa("2 0 1", LINE_ROOT)] });
    expect([came, tls]).toEqual([SENT, expect.stringContaining("dane=2-0-1")]);
  });

  test("the beginning has it", async () => {
    const { came, tls } = await deliver({ zone, base: "alias.test", records: ["SIGNED", tlsa("3 0 1", LEAF)] });
    expect([came, tls]).toEqual([SENT, expect.stringContaining("dane=3-0-1")]);
  });

  test("a signed alias of what is not signed", async () => {
    const half = { ...zone, "mx.b.test": ["A 127.0.0.1"] };
    // The test server says of a whole chain what it says of one link: here of the alias alone.
    const { tls, dns } = await deliver({
      zone: { ...half, "alias.test": ["CNAME mx.b.test"] },
      base: "alias.test",
      records: ["SIGNED", tlsa("3 0 1", LEAF)],
    });
    expect(tls).toContain("verify=FAIL");
    expect(dns.asked).toContain("udp CNAME alias.test");
    expect(dns.asked.filter((each) => each.includes("TLSA"))).toEqual([]);
  });
});

describe("connections that are kept", () => {
  test("serve the next message under the same records, and no other", async () => {
    const server = await tlsSink();
    const site = await lineSite(DANE, server.port);
    const owner = `_${server.port}._tcp.mx.b.test`;
    site.dns.set(owner, "SIGNED", `0 ${tlsa("3 1 1", LEAF)}`);
    const send = async () => texts(await site.deliver({ host: "b.test" }))[0];
    await send();
    await send();
    expect(server.connections).toBe(1);
    site.dns.set(owner, "SIGNED", `0 ${tlsa("3 1 1", LINE_ROOT)}`);
    expect(await send()).toMatch(/^4\.7\.5 Deferred: .* DANE check failed: no TLSA record/);
    expect(server.messages.length).toBe(2);
  });

  test("make their host the first among equals", async () => {
    const server = await tlsSink();
    const zone = {
      "b.test": ["SIGNED", "MX 10 mx.b.test", "MX 10 one.b.test", "MX 10 two.b.test", "MX 10 three.b.test"],
      ...Object.fromEntries(["mx", "one", "two", "three"].map((name) => [`${name}.b.test`, ["SIGNED", "A 127.0.0.1"]])),
    };
    const site = await lineSite(DANE, server.port, zone);
    for (const name of ["mx", "one", "two", "three"]) {
      site.dns.set(`_${server.port}._tcp.${name}.b.test`, "SIGNED", tlsa("3 1 1", LEAF));
    }
    for (let times = 0; times < 6; times++) await site.deliver({ host: "b.test" });
    expect([server.connections, server.messages.length]).toEqual([1, 6]);
  });

  test("a short handshake goes by what the long one has shown", async () => {
    const server = await tlsSink();
    const site = await lineSite([...DANE, "define(`confMCI_CACHE_SIZE', `0')"], server.port);
    site.dns.set(`_${server.port}._tcp.mx.b.test`, "SIGNED", tlsa("2 0 1", LINE_ROOT));
    for (let times = 0; times < 3; times++) {
      expect(texts(await site.deliver({ host: "b.test" }))[0]).toMatch(/^2\.0\.0 /);
    }
    expect(server.messages.map(({ resumed }) => resumed)).toEqual([false, true, true]);
    expect(site.log.filter((each) => each.includes("verify=TRUSTED"))).toHaveLength(3);
  });
});

test("who listens to the conversation (sendmail -v) hears which policy held", async () => {
  const server = await tlsSink();
  const site = await lineSite(DANE, server.port);
  site.dns.set(`_${server.port}._tcp.mx.b.test`, "SIGNED", tlsa("3 1 1", LEAF));
  const heard: string[] = [];
  await site.deliver({ host: "b.test", heard: (line) => void heard.push(line) });
  const at = heard.indexOf("=== dane=3-1-1: verify=TRUSTED");
  expect(at).toBeGreaterThan(heard.indexOf(">>> STARTTLS"));
  expect(heard.findIndex((line) => line.startsWith(">>> MAIL"))).toBeGreaterThan(at);
});

test("TLS-Required: No lets its message go, and no other (RFC 8689 §5)", async () => {
  const server = await tlsSink();
  const site = await lineSite(DANE, server.port);
  site.dns.set(`_${server.port}._tcp.mx.b.test`, "SIGNED", tlsa("3 1 1", LINE_ROOT));
  const headers = [{ name: "TLS-Required", value: " No" }];
  expect(texts(await site.deliver({ host: "b.test", envelope: { headers } }))).toEqual([SENT]);
  expect(texts(await site.deliver({ host: "b.test" }))[0]).toMatch(
    /^4\.7\.5 Deferred: .* DANE check failed: no TLSA record/,
  );
});
