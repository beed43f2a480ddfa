/** What a signature is worth: whatever its tags, its key and the message say. */
import { createPublicKey } from "node:crypto";
import { expect, test } from "@jest/globals";
import { startVerification, type VerificationOptions } from "../../../../src/authentication/dkim/verify.ts";
import { Dns2Resolver } from "../../../../src/dns/dns2-resolver.ts";
import { systemClock } from "../../../../src/sys/clock.ts";
import { answeringResolver, type TextZone } from "../../../support/answering-resolver.ts";
import { type CustomSignature, withSignature } from "../../../support/custom-signature.ts";
import { ED25519_KEY, ED25519_RECORD, RSA, RSA_RECORD, rsaData } from "../../../support/dkim-keys.ts";
import { startDnsServer } from "../../../support/dns-server.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { cutMessage, verifyText } from "../../../support/whole-message.ts";

const NAME = "one._domainkey.example.test";
const MESSAGE = "From: a@example.test\r\nTo: b@y.test\r\nSubject: hello\r\n\r\nHello,\r\n\r\nyou.\r\n";
const clock = new ManualClock();
const NOW = Math.floor(clock.now() / 1000);

/** "result reason" of each signature. */
async function verdicts(
  text: string,
  zone: TextZone = { [NAME]: RSA_RECORD },
  more: Partial<VerificationOptions> = {},
) {
  const { dkim } = await verifyText(text, { resolver: answeringResolver(zone), clock, arc: false, ...more });
  return dkim.map(({ result, reason }) => (reason === undefined ? result : `${result}: ${reason}`));
}

const signed = (tags: CustomSignature["tags"] = {}, message = MESSAGE): string =>
  withSignature(message, { key: RSA.privateKey, tags });

test.each<[string, CustomSignature["tags"], string]>([
  ["as it should be", {}, "pass"],
  ["simple/simple", { c: "simple/simple" }, "pass"],
  ["relaxed, and simple by default", { c: "relaxed" }, "pass"],
  ["simple by default", { c: undefined }, "pass"],
  ["dns/txt among ways to ask", { q: "dns/x:dns/txt" }, "pass"],
  ["an identity below the domain", { i: "a=40b@x.example.test" }, "pass"],
  ["unknown tags", { z: "From:a@b", xx_1: "" }, "pass"],
  ["fields that are not there", { h: "from:to:subject:subject:cc:from" }, "pass"],
  ["blanks in lists and numbers", { h: " From :\r\n\tTo: Subject ", t: " 1 " }, "pass"],
  ["not yet expired", { x: String(NOW + 1) }, "pass"],
  ["all of the body by l=", { l: "16" }, "pass"],
  ["another version", { v: "2" }, "neutral: v=2; 1 is known"],
  ["no version", { v: undefined }, "neutral: no v="],
  ["no algorithm", { a: undefined }, "neutral: no a="],
  ["SHA-1", { a: "rsa-sha1" }, "policy: rsa-sha1 proves nothing any more"],
  ["an algorithm of the object prototype", { a: "constructor" }, "neutral: a=constructor is unknown"],
  ["another form", { c: "nofws", b: "YQ==", bh: "" }, "neutral: c=nofws is unknown"],
  ["no domain", { d: undefined }, "neutral: no d="],
  ["a domain that is none", { d: "a..b" }, "neutral: d= is no domain"],
  ["a selector that is none", { s: "-" }, "neutral: s= is no selector"],
  ["no list of fields", { h: undefined }, "neutral: no h="],
  ["a list with a hole", { h: "from::to" }, "neutral: h= has an empty name"],
  ["a list with something else", { h: "from:to subject" }, "neutral: h= has something that is no field name"],
  ["From not signed", { h: "to:subject" }, "permerror: From is not signed"],
  ["no hash of the body", { bh: "" }, "neutral: bh= is no SHA-256 in base64"],
  ["a hash that is too short", { bh: "YWJj" }, "neutral: bh= is no SHA-256 in base64"],
  ["a signature that is not base64", { b: "?" }, "neutral: b= is not base64"],
  ["no signature", { b: "" }, "neutral: b= is not base64"],
  ["another signature", { b: "YWJj" }, "fail: signature did not verify"],
  ["an identity elsewhere", { i: "a@test" }, "permerror: i=a@test is outside of d=example.test"],
  [
    "an identity that only ends alike",
    { i: "@badexample.test" },
    "permerror: i=@badexample.test is outside of d=example.test",
  ],
  ["an identity without a domain", { i: "a" }, "neutral: i=a has no domain"],
  ["another way to ask", { q: "http" }, "neutral: q=http; dns/txt is known"],
  ["expired", { x: String(NOW - 1) }, "fail: signature expired"],
  ["expires before it was made", { t: "20", x: "20" }, "neutral: x= is not after t="],
  ["a time that is none", { t: "-1" }, "neutral: t= is no number"],
  ["a part of the body by l=", { l: "7" }, "policy: l=7 leaves a part of the body unsigned"],
  ["nothing of the body by l=", { l: "0" }, "policy: l=0 leaves a part of the body unsigned"],
  ["more than the body by l=", { l: "17" }, "fail: the body is shorter than l="],
])("a signature: %s", async (_name, tags, wanted) => {
  expect(await verdicts(signed(tags))).toEqual([wanted]);
});

test.each<[string, string, string]>([
  ["a tag twice", "v=1; v=1", "neutral: the tag v= twice"],
  ["no equals sign", "v=1; a", 'neutral: a tag without "=": " a"'],
  ["two semicolons", "v=1;; a=rsa-sha256", 'neutral: a tag without "=": ""'],
  ["a name that is none", "1v=1", 'neutral: not a tag name: "1v"'],
  ["a control character", "v=1; a=\x01", "neutral: an octet that no tag list may have"],
  ["NUL", "v=1; a=\0", "neutral: an octet that no tag list may have"],
  ["CR alone", "v=1; a=\rx", "neutral: an octet that no tag list may have"],
  ["nothing", "", "neutral: no v="],
])("a field with %s", async (_name, value, wanted) => {
  expect(await verdicts(`DKIM-Signature:${value}\r\n${MESSAGE}`)).toEqual([wanted]);
});

const bare = rsaData(RSA.publicKey);
const rsaOf = (n: Buffer, e = "AQAB"): string =>
  rsaData(createPublicKey({ key: { kty: "RSA", n: n.toString("base64url"), e }, format: "jwk" }));
const HUGE_EXPONENT = Buffer.alloc(200, 0xff).toString("base64url");

test.each<[string, string | readonly string[], string]>([
  ["p= alone", `p=${bare}`, "pass"],
  ["folded", `v=DKIM1;\tp= ${bare.slice(0, 50)} ${bare.slice(50)} ;`, "pass"],
  ["RSAPublicKey", `p=${rsaData(RSA.publicKey, "pkcs1")}`, "pass"],
  ["for mail", `s=x:email; p=${bare}`, "pass"],
  ["for all", `s=*; h=sha1:sha256; n=some words; p=${bare}`, "pass"],
  ["the second record", ["v=spf1 -all", `p=${bare}`], "pass"],
  ["the second of two keys", [ED25519_RECORD, `p=${bare}`], "pass"],
  ["revoked", "v=DKIM1; p=", "permerror: the key is revoked"],
  ["no key in it", "v=DKIM1", "permerror: the key record has no p="],
  ["an empty text", "", "permerror: the key record has no p="],
  ["another version", `v=DKIM2; p=${bare}`, "permerror: v= of the key record is not DKIM1, or not in front"],
  ["the version behind", `p=${bare}; v=DKIM1`, "permerror: v= of the key record is not DKIM1, or not in front"],
  ["no tag list", "hello", 'permerror: key record: a tag without "=": "hello"'],
  ["only for SHA-1", `h=sha1; p=${bare}`, "permerror: h= of the key record does not allow sha256"],
  ["not for mail", `s=tlsrpt; p=${bare}`, "permerror: s= of the key record is not for mail"],
  ["an unknown type", `k=dsa; p=${bare}`, "permerror: a key of an unknown type: k=dsa"],
  ["the other algorithm", ED25519_RECORD, "permerror: the key is not for rsa-sha256"],
  ["not base64", "p=a", "permerror: p= of the key record is not base64"],
  ["no key", "p=YWJj", "permerror: p= of the key record is no RSA key"],
  ["an Ed25519 key of another size", "k=ed25519; p=YWJj", "permerror: an Ed25519 key has 32 octets, p= has 3"],
  ["768 bits", `p=${rsaOf(Buffer.alloc(96, 0xff))}`, "policy: a key of 768 bits; 1024 are the least"],
  ["16384 bits", `p=${rsaOf(Buffer.alloc(2048, 0xff))}`, "policy: a key of 16384 bits; 8192 are the most"],
  ["a huge exponent", `p=${rsaOf(Buffer.alloc(256, 0xff), HUGE_EXPONENT)}`, "policy: a key with a very large exponent"],
  [
    "a modulus that is none",
    `p=${rsaOf(Buffer.concat([Buffer.of(0x80), Buffer.alloc(255)]))}`,
    "fail: signature did not verify",
  ],
  ["a very long record", `p=${bare}; n=${"x".repeat(5000)}`, "policy: the key record is too long"],
])("a key: %s", async (_name, records, wanted) => {
  expect(await verdicts(signed(), { [NAME]: records })).toEqual([wanted]);
});

test("Ed25519, and t=s and t=y of its key", async () => {
  const tags = { a: "ed25519-sha256", i: "@x.example.test" };
  const text = withSignature(MESSAGE, { key: ED25519_KEY, tags });
  expect(await verdicts(text, { [NAME]: ED25519_RECORD })).toEqual(["pass"]);
  const strict = await verifyText(text, {
    resolver: answeringResolver({ [NAME]: `${ED25519_RECORD}; t=y : s` }),
    clock,
    arc: false,
  });
  expect(strict.dkim).toEqual([
    expect.objectContaining({
      result: "permerror",
      reason: "i= is below d=, which the key does not allow",
      testing: true,
      bits: 256,
      identity: "@x.example.test",
    }),
  ]);
});

test("domains in UTF-8 are asked for in ASCII", async () => {
  const d = Buffer.from("bücher.example").toString("latin1");
  const zone = { "one._domainkey.xn--bcher-kva.example": RSA_RECORD };
  expect(await verdicts(signed({ d }), zone)).toEqual(["pass"]);
});

test("a key behind an alias, in several strings, from a real name server", async () => {
  const server = await startDnsServer({
    [NAME]: ["CNAME key.provider.test"],
    "key.provider.test": [`TXT ${RSA_RECORD}`],
    "two._domainkey.example.test": ["SERVFAIL"],
  });
  try {
    const resolver = new Dns2Resolver({ machine: server.machine(), clock: systemClock });
    const text = signed({ s: "two" }, signed({ s: "three" }, signed()));
    expect((await verdicts(text, {}, { resolver })).map((each) => each.split(":")[0])).toEqual([
      "temperror",
      "permerror",
      "pass",
    ]);
  } finally {
    await server.close();
  }
});

test("no key, a failing server, and one that never answers", async () => {
  expect(await verdicts(signed(), {})).toEqual([`permerror: no key at ${NAME}`]);
  expect(await verdicts(signed(), { [NAME]: "later" })).toEqual([`temperror: ${NAME}: SERVFAIL`]);
  const hands = new ManualClock();
  const resolver = answeringResolver({ [NAME]: "never" });
  const { fields, body } = cutMessage(signed());
  const verification = startVerification(fields, { resolver, clock: hands, arc: true, budget: 5000 });
  verification.update(body);
  const result = verification.end();
  hands.advance(5000);
  expect((await result).dkim).toEqual([
    expect.objectContaining({ result: "temperror", reason: "no answer from DNS in time", domain: "example.test" }),
  ]);
});

test("a changed body fails even while its key cannot be had", async () => {
  expect(await verdicts(`${signed()}more\r\n`, { [NAME]: "later" })).toEqual(["fail: body hash did not verify"]);
});

test("a rejected question is one without an answer", async () => {
  const resolver = { query: () => Promise.reject(new Error("closed")) };
  expect(await verdicts(signed(), {}, { resolver })).toEqual([`temperror: cannot ask for ${NAME}`]);
});

test("10,000 signatures: a few are looked at, and it says so", async () => {
  const many = "DKIM-Signature: v=1; a=rsa-sha256; d=x.test; s=one; h=from; bh=; b=YQ==\r\n".repeat(10_000);
  const resolver = answeringResolver({ [NAME]: RSA_RECORD });
  const first = signed().slice(0, -MESSAGE.length);
  const { dkim, signatures } = await verifyText(`${first.repeat(3)}${many}${MESSAGE}`, { resolver, clock, arc: true });
  expect(signatures).toBe(10_003);
  expect(dkim.map(({ result }) => result)).toEqual([
    ...Array<string>(3).fill("pass"),
    ...Array<string>(7).fill("neutral"),
    "policy",
  ]);
  expect(dkim.at(-1)).toMatchObject({ domain: "", reason: "9993 more signatures are not looked at" });
  expect(resolver.asked).toEqual([NAME]);
});

test("a second From that is not signed makes a signature worthless, wherever it stands", async () => {
  const text = signed();
  const reason = "policy: a From field is not signed";
  expect(await verdicts(`From: x@bad.test\r\n${text}`)).toEqual([reason]);
  expect(await verdicts(text.replace("\r\n\r\n", "\r\nFrom: x@bad.test\r\n\r\n"))).toEqual([reason]);
  expect(await verdicts(`FROM : x@bad.test\r\n${signed({ h: "from:from:to" })}`)).toEqual([
    "fail: signature did not verify",
  ]);
});

test("of fields of one name the lowest are signed first", async () => {
  const message = `Subject: two\r\n${MESSAGE}`;
  const text = signed({ h: "from:subject" }, message);
  expect(await verdicts(text)).toEqual(["pass"]);
  expect(await verdicts(text.replace("Subject: two", "Subject: three"))).toEqual(["pass"]);
  expect(await verdicts(text.replace("Subject: hello", "Subject: x"))).toEqual(["fail: signature did not verify"]);
  const both = signed({ h: "from:subject:subject" }, message);
  expect(await verdicts(both)).toEqual(["pass"]);
  expect(await verdicts(both.replace("Subject: two\r\n", ""))).toEqual(["fail: signature did not verify"]);
});

test("a signature signs others by name, and never itself", async () => {
  const inner = signed();
  const outer = signed({ h: "from:dkim-signature", s: "one" }, inner);
  expect(await verdicts(outer)).toEqual(["pass", "pass"]);
  expect(await verdicts(outer.replace("h=from:to:subject", "h=from:to"))).toEqual([
    "fail: signature did not verify",
    "fail: signature did not verify",
  ]);
});

test("odd white space in the field is what was signed", async () => {
  for (const c of ["simple/relaxed", "relaxed/simple"]) {
    for (const separator of [" ;\r\n\t ", ";", ";  \t"]) {
      const text = withSignature(MESSAGE, { key: RSA.privateKey, tags: { c }, separator });
      expect(await verdicts(text)).toEqual(["pass"]);
      const folded = text.replace(/ b=(.{20})/, " b=\r\n\t$1\r\n ");
      expect(await verdicts(folded)).toEqual(["pass"]);
    }
  }
});

test("a field as long as a header may be, with eight bits, is signed and verified", async () => {
  const message = MESSAGE.replace("Subject: hello", `Subject: ${"\xe4 \t".repeat(300_000)}`);
  expect(await verdicts(signed({}, message))).toEqual(["pass"]);
  expect(await verdicts(signed({ h: `from:${"subject:".repeat(50_000)}to` }, message))).toEqual(["pass"]);
});

test("without signatures nothing is asked, and nothing hashed", async () => {
  const resolver = answeringResolver({});
  expect(await verifyText(MESSAGE, { resolver, clock, arc: true })).toEqual({
    dkim: [],
    signatures: 0,
    arc: { result: "none", chain: [] },
  });
  expect(resolver.asked).toEqual([]);
});
