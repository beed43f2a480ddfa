/** REQUIRETLS (RFC 8689) as a client: which hosts may have such a message, and what becomes of it where none may. */
import { describe, expect, test } from "@jest/globals";
import { LEAF, OTHER_NAME } from "../../../support/line-certificates.ts";
import { B_TEST, lineSite, tlsa, tlsSink } from "../../../support/line-site.ts";
import { policyHost, policyText } from "../../../support/policy-host.ts";
import { sink, texts } from "../../../support/smtp-delivery.ts";

const TRUST = ["define(`confCACERT', `@DIR@/ca.pem')"];
const OFFERS = ["STARTTLS", "REQUIRETLS"];
const REQUIRED = { requireTls: true as const };
const SENT = "2.0.0 Sent (ok queued as 1)";
const UNSIGNED = { "b.test": ["MX 10 mx.b.test"], "mx.b.test": ["A 127.0.0.1"] };
const UNVERIFIED = "5.7.10 Service unavailable (REQUIRETLS: mx.b.test. cannot be verified)";

async function deliver(site: Awaited<ReturnType<typeof lineSite>>, host = "b.test", more = {}) {
  return texts(await site.deliver({ host, envelope: { ...REQUIRED, ...more } }))[0];
}

describe("a host that offers it", () => {
  test("is known by signed MX records and a good certificate: it gets the message, and the word with it", async () => {
    const server = await tlsSink(LEAF, { extensions: OFFERS });
    const site = await lineSite(TRUST, server.port);
    expect(await deliver(site)).toBe(SENT);
    expect(server.messages[0]).toMatchObject({ parameters: " REQUIRETLS", encrypted: true });
    // What nobody requires does not say so.
    await site.deliver({ host: "b.test" });
    expect(server.messages[1].parameters).toBe("");
  });

  test("is named by the configuration", async () => {
    const server = await tlsSink(LEAF, { extensions: OFFERS });
    expect(await deliver(await lineSite(TRUST, server.port, UNSIGNED), "[mx.b.test]")).toBe(SENT);
  });

  test("by DANE", async () => {
    const server = await tlsSink(OTHER_NAME, { extensions: OFFERS });
    const site = await lineSite(["define(`confDANE', `true')"], server.port);
    site.dns.set(`_${server.port}._tcp.mx.b.test`, "SIGNED", tlsa("3 0 1", OTHER_NAME));
    expect(await deliver(site)).toBe(SENT);
  });

  test("by MTA-STS", async () => {
    const host = await policyHost(policyText("enforce"));
    const server = await tlsSink(LEAF, { extensions: OFFERS });
    const zone = { ...UNSIGNED, "_mta-sts.b.test": ["TXT v=STSv1; id=1;"], "mta-sts.b.test": ["A 127.0.0.1"] };
    const site = await lineSite([...TRUST, "FEATURE(`sts')"], server.port, zone, { httpsPort: host.port });
    expect(await deliver(site)).toBe(SENT);
  });
});

describe("nobody else gets it", () => {
  test("MX records that anybody can have made", async () => {
    const server = await tlsSink(LEAF, { extensions: OFFERS });
    expect(await deliver(await lineSite(TRUST, server.port, UNSIGNED))).toBe(UNVERIFIED);
    expect(server.commands.filter((each) => /^(?:MAIL|RCPT)/.test(each))).toEqual([]);
  });

  test("a certificate for another name, or of nobody we know", async () => {
    const server = await tlsSink(OTHER_NAME, { extensions: OFFERS });
    expect(await deliver(await lineSite(TRUST, server.port))).toBe(UNVERIFIED);
    const good = await tlsSink(LEAF, { extensions: OFFERS });
    expect(await deliver(await lineSite([], good.port))).toBe(UNVERIFIED);
  });

  test("a TLSA record that is of no use", async () => {
    const server = await tlsSink(LEAF, { extensions: OFFERS });
    const site = await lineSite(["define(`confDANE', `true')"], server.port);
    site.dns.set(`_${server.port}._tcp.mx.b.test`, "SIGNED", tlsa("1 0 1", LEAF));
    expect(await deliver(site)).toBe(UNVERIFIED);
  });

  test("a server that does not encrypt, or does not offer it", async () => {
    const clear = await sink({ extensions: ["REQUIRETLS"] });
    expect(await deliver(await lineSite(TRUST, clear.port))).toBe(
      "5.7.10 Service unavailable (REQUIRETLS: mx.b.test. does not encrypt)",
    );
    const plain = await tlsSink();
    expect(await deliver(await lineSite(TRUST, plain.port))).toBe(
      "5.7.30 Service unavailable (REQUIRETLS: mx.b.test. does not offer REQUIRETLS)",
    );
    expect([...clear.messages, ...plain.messages]).toEqual([]);
  });

  test("a handshake that fails is tried again later, and not in clear", async () => {
    const server = await tlsSink(LEAF, {
      extensions: OFFERS,
      reply: ({ verb }) => (verb === "STARTTLS" ? { reply: "220 go", drop: true } : undefined),
    });
    expect(await deliver(await lineSite(TRUST, server.port))).toMatch(/^4\.7\.\d /);
    expect(server.connections).toBe(1);
  });

  test("TLS-Required: No does not take it back", async () => {
    const server = await tlsSink(OTHER_NAME, { extensions: OFFERS });
    const headers = [{ name: "TLS-Required", value: " No" }];
    expect(await deliver(await lineSite(TRUST, server.port), "b.test", { headers })).toBe(UNVERIFIED);
  });

  test("a connection that an ordinary message has left is none for it", async () => {
    const server = await tlsSink(OTHER_NAME, { extensions: OFFERS });
    const site = await lineSite(TRUST, server.port);
    expect(texts(await site.deliver({ host: "b.test" }))).toEqual([SENT]);
    expect(await deliver(site)).toBe(UNVERIFIED);
  });
});

test("another host of the domain may do better", async () => {
  const server = await tlsSink(LEAF, { extensions: OFFERS });
  const zone = {
    ...B_TEST,
    "b.test": ["SIGNED", "MX 5 other.test", "MX 10 mx.b.test"],
    "other.test": ["SIGNED", "A 127.0.0.1"],
  };
  expect(await deliver(await lineSite(TRUST, server.port, zone))).toBe(SENT);
});
