/** Chains of ARC sets: what is sealed passes, whatever honest hops do, and what is not right fails and says where. */
import { expect, test } from "@jest/globals";
import { sealableNames, type SealingOptions, startSealer } from "../../../../src/authentication/arc/seal.ts";
import type { SigningKey } from "../../../../src/authentication/dkim/sign.ts";
import { startVerification } from "../../../../src/authentication/dkim/verify.ts";
import { answeringResolver, type TextZone } from "../../../support/answering-resolver.ts";
import { ED25519_KEY, ED25519_RECORD, RSA, RSA_RECORD } from "../../../support/dkim-keys.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { cutMessage, verifyText } from "../../../support/whole-message.ts";

const ZONE = { "r._domainkey.one.test": RSA_RECORD, "e._domainkey.two.test": ED25519_RECORD };
const ONE: SigningKey = { domain: "one.test", selector: "r", key: RSA.privateKey };
const TWO: SigningKey = { domain: "two.test", selector: "e", key: ED25519_KEY };
const MESSAGE = "From: a@x.test\r\nTo: list@one.test\r\nSubject: hello\r\n\r\nHello\r\n";
const clock = new ManualClock();

const arcOf = async (text: string, zone: TextZone = ZONE) =>
  (await verifyText(text, { resolver: answeringResolver(zone), clock, arc: true })).arc;

/** The message sealed as by an honest hop, or as one that says something else about the chain. */
async function sealed(text: string, key: SigningKey, validation?: SealingOptions["validation"]): Promise<string> {
  const { fields, body } = cutMessage(text);
  const sealer = startSealer(fields, key, {
    clock,
    names: sealableNames(["From", "To", "Subject", "ARC-Seal", "DKIM-Signature"]),
    validation: validation ?? (await arcOf(text)).result,
    results: `mx.${key.domain}; spf=pass\r\n\tsmtp.mailfrom=a@x.test; arc=none`,
  });
  sealer.update(body);
  return (await sealer.end()).map((field) => `${field}\r\n`).join("") + text;
}

const listed = (text: string): string => `${text.replace("Subject: ", "Subject: [list] ")}-- \r\nThe list\r\n`;

test("a message without sets has no chain", async () => {
  expect(await arcOf(MESSAGE)).toEqual({ result: "none", chain: [] });
});

test("sealed, changed and sealed again, with both algorithms", async () => {
  const first = await sealed(MESSAGE, ONE);
  const second = await sealed(listed(first), TWO, "pass");
  expect(await arcOf(second)).toEqual({
    result: "pass",
    chain: [
      { domain: "one.test", selector: "r" },
      { domain: "two.test", selector: "e" },
    ],
    authResults: "mx.two.test; spf=pass\r\n\tsmtp.mailfrom=a@x.test; arc=none",
  });
  expect(second.split("\r\n").every((line) => line.length <= 78)).toBe(true);
});

test("names of ARC fields are never signed by name", async () => {
  const [, message] = (await sealed(MESSAGE, ONE)).split(/^(?=ARC-)/m);
  expect(message).toContain("h=from:to:subject;");
});

test.each<[string, (text: string) => string, string]>([
  ["a changed body", (text) => `${text}more\r\n`, "ARC-Message-Signature of i=2: body hash did not verify"],
  [
    "a changed field",
    (text) => text.replace("hello", "Hello"),
    "ARC-Message-Signature of i=2: signature did not verify",
  ],
  [
    "changed results of the first hop",
    (text) => text.replace(/(i=1;[^]*?spf=)pass/, "$1fail"),
    "ARC-Seal of i=2: signature did not verify",
  ],
  ["a second From", (text) => `From: b@y.test\r\n${text}`, "ARC-Message-Signature of i=2: a From field is not signed"],
  [
    "a lost seal",
    (text) => text.replace(/^ARC-Seal:.*\r\n(?:\t.*\r\n)*/m, ""),
    "the set of i=2 is not complete, or has a field twice",
  ],
  [
    "no first set",
    (text) => text.replace(/^(?:ARC-[A-Za-z-]+:.*\r\n(?:\t.*\r\n)*){3}(?=From)/m, ""),
    "the set of i=1 is not complete, or has a field twice",
  ],
  [
    "a field twice",
    (text) => text.replace(/^ARC-Seal:.*\r\n(?:\t.*\r\n)*/m, "$&$&"),
    "the set of i=2 is not complete, or has a field twice",
  ],
  [
    "a number that is none",
    (text) => text.replace("Results: i=2;", "Results: i=x;"),
    "ARC-Authentication-Results: no instance number in front",
  ],
  ["a number that is too large", (text) => text.replaceAll("i=2;", "i=51;"), "ARC-Seal: no instance number"],
  [
    "a seal that says there was no chain",
    (text) => text.replace("cv=pass", "cv=none"),
    "cv= of i=2 is not as it must be",
  ],
  ["h= in a seal", (text) => text.replace("cv=pass;", "cv=pass; h=from;"), "ARC-Seal of i=2: h= has no place there"],
  [
    "SHA-1",
    (text) => text.replace("ARC-Seal: a=ed25519-sha256", "ARC-Seal: a=rsa-sha1"),
    "ARC-Seal of i=2: rsa-sha1 proves nothing any more",
  ],
  ["a tag twice", (text) => text.replace("cv=pass;", "cv=pass; cv=pass;"), "ARC-Seal: the tag cv= twice"],
])("%s fails", async (_name, change, reason) => {
  const text = await sealed(await sealed(MESSAGE, ONE), TWO);
  const changed = change(text);
  expect(changed).not.toBe(text);
  expect(await arcOf(changed)).toMatchObject({ result: "fail", reason });
});

test("sets may stand anywhere and in any order", async () => {
  const text = await sealed(await sealed(MESSAGE, ONE), TWO);
  const parts = text.split(/^(?=ARC-|From)/m);
  const [rest] = parts.splice(-1);
  expect(await arcOf(`Received: x\r\n${parts.toReversed().join("")}${rest}`)).toMatchObject({ result: "pass" });
});

/** The zone with another text for a name, or without it. */
function zoneWithout(name: string, record: string | undefined): TextZone {
  return Object.fromEntries(
    Object.entries({ ...ZONE, [name]: record }).filter(([, each]) => each !== undefined),
  ) as TextZone;
}

test("a key that cannot be had now, and one that is gone", async () => {
  const text = await sealed(await sealed(MESSAGE, ONE), TWO);
  expect(await arcOf(text, zoneWithout("r._domainkey.one.test", "later"))).toMatchObject({
    result: "temperror",
    reason: "ARC-Seal of i=1: r._domainkey.one.test: SERVFAIL",
  });
  expect(await arcOf(text, zoneWithout("e._domainkey.two.test", undefined))).toMatchObject({
    result: "fail",
    reason: "ARC-Message-Signature of i=2: no key at e._domainkey.two.test",
  });
});

test("a chain that fails is said to have failed once; then nobody seals", async () => {
  const broken = `${await sealed(MESSAGE, ONE)}more\r\n`;
  const marked = await sealed(broken, TWO);
  expect(marked).toMatch(/^ARC-Seal:[^]*?cv=fail/);
  const after = await arcOf(marked);
  expect(after).toMatchObject({ result: "fail", reason: "the chain had failed before i=2 was sealed" });
  expect(await sealed(marked, ONE)).toBe(marked);
  // A structure that is broken: numbers go on behind the highest.
  const without = broken.replace(/^ARC-Seal:.*\r\n(?:\t.*\r\n)*/m, "");
  expect(await sealed(without, TWO)).toMatch(/^ARC-Seal:[^]*?cv=fail[^]*?i=2/);
});

test("what cannot be judged now is not sealed", async () => {
  const text = await sealed(MESSAGE, ONE);
  expect(await sealed(text, TWO, "temperror")).toBe(text);
});

test("fifty sets are the most", async () => {
  let text = MESSAGE;
  for (let i = 0; i < 50; i++) text = await sealed(text, TWO, i === 0 ? "none" : "pass");
  expect(await arcOf(text)).toMatchObject({ result: "pass" });
  expect(await sealed(text, TWO, "pass")).toBe(text);
});

test("thousands of ARC fields ask for nothing", async () => {
  const resolver = answeringResolver(ZONE);
  const many = "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=x.test; s=one; b=YQ==\r\n".repeat(10_000);
  const { arc } = await verifyText(`${many}${MESSAGE}`, { resolver, clock, arc: true });
  expect(arc).toEqual({ result: "fail", reason: "more than 50 sets", chain: [] });
  expect(resolver.asked).toEqual([]);
});

test("where it is not wanted no chain is looked at", async () => {
  const resolver = answeringResolver(ZONE);
  const { fields } = cutMessage(await sealed(MESSAGE, ONE));
  const { arc } = await startVerification(fields, { resolver, clock, arc: false }).end();
  expect(arc).toEqual({ result: "none", chain: [] });
  expect(resolver.asked).toEqual([]);
});
