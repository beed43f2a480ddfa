/** Certificates that we write, read back by a library that did not write them. */
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { connect, createServer, type TLSSocket } from "node:tls";
import { expect, test } from "@jest/globals";
import { isCertificateHost, isTestSubject, selfSignedCertificate } from "../../../src/tls/self-signed-certificate.ts";
import { fuzz } from "../../support/fuzz.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const FROM = Date.UTC(2026, 0, 31, 23, 59, 58);
const UNTIL = Date.UTC(2036, 1, 29, 0, 0, 1);
const SERIAL = Buffer.from("8badf00dfeedc0de0123456789abcdef", "hex");

function certificate(host: string, change: Partial<Parameters<typeof selfSignedCertificate>[0]> = {}): X509Certificate {
  const wishes = { host, privateKey, publicKey, serial: SERIAL, from: FROM, until: UNTIL, ...change };
  return new X509Certificate(selfSignedCertificate(wishes));
}

test("says for whom it is, by whom, how long and for what", () => {
  const made = certificate("mx.example.test");
  const { subject, issuer, subjectAltName, serialNumber, ca, keyUsage, publicKey: key } = made;
  expect({ subject, issuer, subjectAltName, serialNumber, ca, keyUsage, curve: key.asymmetricKeyDetails }).toEqual({
    subject: "O=rulemail test certificate\nCN=mx.example.test",
    issuer: "O=rulemail test certificate\nCN=mx.example.test",
    subjectAltName: "DNS:mx.example.test",
    serialNumber: SERIAL.toString("hex").toUpperCase(),
    ca: false,
    keyUsage: ["1.3.6.1.5.5.7.3.1"],
    curve: { namedCurve: "prime256v1" },
  });
  expect([made.validFromDate.getTime(), made.validToDate.getTime()]).toEqual([FROM, UNTIL]);
  expect([made.verify(publicKey), made.checkPrivateKey(privateKey)]).toEqual([true, true]);
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
  expect([made.verify(stranger.publicKey), made.checkPrivateKey(stranger.privateKey)]).toEqual([false, false]);
  expect([made.checkHost("MX.example.test"), made.checkHost("example.test")]).toEqual(["mx.example.test", undefined]);
  expect(isTestSubject(subject)).toBe(true);
  expect([isTestSubject("O=Example\nCN=rulemail test certificate"), isTestSubject(undefined)]).toEqual([false, false]);
});

const LABEL = "a".repeat(63);
const LONGEST = [LABEL, LABEL, LABEL, "b".repeat(61)].join(".");

test.each([
  ["mail", "mail", "DNS:mail"],
  ["mail.example.test.", "mail.example.test", "DNS:mail.example.test"],
  ["bücher.example", "xn--bcher-kva.example", "DNS:xn--bcher-kva.example"],
  ["_25._tcp.example.test", "_25._tcp.example.test", "DNS:_25._tcp.example.test"],
  [LABEL, LABEL, `DNS:${LABEL}`],
  [`${"a".repeat(61)}.bc`, `${"a".repeat(61)}.bc`, `DNS:${"a".repeat(61)}.bc`],
  [`${"a".repeat(62)}.bc`, undefined, `DNS:${"a".repeat(62)}.bc`],
  [LONGEST, undefined, `DNS:${LONGEST}`],
  ["192.0.2.1", "192.0.2.1", "IP Address:192.0.2.1"],
  ["[192.0.2.255]", "192.0.2.255", "IP Address:192.0.2.255"],
  ["[IPv6:2001:db8::10:0]", "2001:db8::10:0", "IP Address:2001:DB8:0:0:0:0:10:0"],
  ["::", "::", "IP Address:0:0:0:0:0:0:0:0"],
  ["::ffff:192.0.2.1", "::ffff:192.0.2.1", "IP Address:0:0:0:0:0:FFFF:C000:201"],
  ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "IP Address:1:2:3:4:5:6:7:8"],
])("of %s: common name %s, %s", (host, commonName, subjectAltName) => {
  const made = certificate(host);
  const cn = /^CN=(.*)$/m.exec(made.subject)?.[1];
  expect([cn, made.subjectAltName]).toEqual([commonName, subjectAltName]);
  expect(made.verify(publicKey)).toBe(true);
});

test.each([
  "",
  ".",
  "a..b",
  ".a",
  "-a.test",
  "a-.test",
  "two words",
  "*.example.test",
  "a,b",
  "a\0.test",
  "[mail]",
  "256.1.1.1.1.[",
  "a".repeat(64),
  `${LONGEST}b`,
])("%j is no host that a certificate could be for", (host) => {
  expect(isCertificateHost(host)).toBe(false);
  expect(() => certificate(host)).toThrow(RangeError);
});

test("of any length and form of name reads back as the same name", () =>
  fuzz(40, (random) => {
    const label = (): string =>
      Array.from({ length: 1 + random(63) }, (_, at) => "az09AZ-_"[at === 0 ? random(4) : random(8)])
        .join("")
        .replace(/-$/, "x");
    let host = label();
    for (let next = label(); host.length + 1 + next.length <= 253 && random(5) > 0; next = label()) host += `.${next}`;
    const made = certificate(host);
    expect(made.subjectAltName).toBe(`DNS:${host}`);
    expect(made.verify(publicKey)).toBe(true);
  }));

test.each([
  [Date.UTC(2049, 11, 31, 23, 59, 59), "Dec 31 23:59:59 2049 GMT", 0x17],
  [Date.UTC(2050, 0, 1), "Jan  1 00:00:00 2050 GMT", 0x18],
  [Date.UTC(9999, 11, 31, 23, 59, 59), "Dec 31 23:59:59 9999 GMT", 0x18],
])("that ends at %d says so in the form that its year wants", (until, text, tag) => {
  const made = certificate("a.test", { until });
  expect(made.validTo).toBe(text);
  const digits = new Date(until)
    .toISOString()
    .slice(tag === 0x17 ? 2 : 0, 19)
    .replaceAll(/\D/g, "");
  expect(made.raw.includes(Buffer.from([tag, digits.length + 1, ...Buffer.from(`${digits}Z`)]))).toBe(true);
});

test.each(["00", "01", "7f", "80", "00ff", "000001", "ff".repeat(19)])("keeps the serial number %s", (serial) => {
  const read = certificate("a.test", { serial: Buffer.from(serial, "hex") }).serialNumber;
  expect(BigInt(`0x${read}`)).toBe(BigInt(`0x${serial}`));
});

test("is trusted in a handshake by a client that has it, for its name only", async () => {
  const now = Date.now();
  const cert = certificate("mx.example.test", { from: now - 60_000, until: now + 3_600_000 }).toString();
  const server = createServer({ key: privateKey.export({ type: "pkcs8", format: "pem" }), cert });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const outcome = (servername: string): Promise<string> =>
    new Promise((resolve) => {
      const client: TLSSocket = connect({ host: "127.0.0.1", port, ca: cert, servername }, () => {
        client.destroy();
        resolve("trusted");
      });
      client.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  try {
    expect([await outcome("mx.example.test"), await outcome("other.test")]).toEqual([
      "trusted",
      "ERR_TLS_CERT_ALTNAME_INVALID",
    ]);
  } finally {
    server.close();
  }
});
