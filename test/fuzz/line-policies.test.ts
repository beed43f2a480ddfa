/** Certificates, TLSA records and policies that somebody has damaged: read or refused, never an exception, never a match. */
import { X509Certificate } from "node:crypto";
import { expect, test } from "@jest/globals";
import { readStsPolicy, stsLines } from "../../src/authentication/policy/sts/policy-text.ts";
import { matchTlsa } from "../../src/authentication/policy/tlsa-match.ts";
import { readTlsa, usableTlsa } from "../../src/authentication/policy/tlsa.ts";
import { certificateParts } from "../../src/tls/certificate-parts.ts";
import { damage, fuzz, randomOctets } from "../support/fuzz.ts";
import { LEAF, LINE_INTERMEDIATE, LINE_ROOT } from "../support/line-certificates.ts";

const CHAIN = [LEAF, LINE_INTERMEDIATE, LINE_ROOT].map((text) => new X509Certificate(text));
const NOW = Date.parse("2027-01-01");

test("a damaged certificate has parts or has none", async () => {
  await fuzz(3000, (random, note) => {
    const whole = CHAIN[random(CHAIN.length)].raw.toString("latin1");
    const text = damage(whole, random, [
      "\x30\x80",
      "\x30\x84\xff\xff\xff\xff",
      "\xa3\x00",
      "\x06\x03\x55\x1d\x13",
      "\x02\x09",
    ]);
    note(text);
    const parts = certificateParts(Buffer.from(text, "latin1"));
    if (parts !== undefined) expect(text).toContain(parts.publicKeyInfo.toString("latin1"));
  });
});

test("a record that is not about the chain lets nobody in", async () => {
  const keys = CHAIN.map(({ raw }) => certificateParts(raw)!.publicKeyInfo.toString("latin1"));
  await fuzz(2000, (random, note) => {
    const data = random(2) === 0 ? randomOctets(random, 80) : damage(keys[random(3)], random, ["\x30\x59", "\x00"]);
    const text = `${String.fromCharCode(random(4), random(3), random(3))}${data}`;
    note(text);
    const record = readTlsa(Buffer.from(text, "latin1"));
    if (record === undefined || keys.includes(record.data.toString("latin1"))) return;
    expect(matchTlsa(usableTlsa([record]), CHAIN, ["mx.b.test"], NOW).kind).toBe("mismatch");
  });
});

test("a policy that is read says the same again", async () => {
  const good = "version: STSv1\r\nmode: enforce\r\nmx: *.b.test\r\nmx: mx.c.test\r\nmax_age: 86400\r\n";
  await fuzz(3000, (random, note) => {
    const text = damage(good, random, ["\n", "\r\n", ": ", "mx: ", "mode: none", "*", ".", " "]);
    note(text);
    const policy = readStsPolicy(text);
    if (typeof policy !== "string") expect(readStsPolicy(stsLines(policy).join("\n"))).toEqual(policy);
  });
});
