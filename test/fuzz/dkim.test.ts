/** DKIM with random messages: what hops may do to a message does no harm, what changes it does, and chunks do not matter. */
import { expect, test } from "@jest/globals";
import { sealableNames, startSealer } from "../../src/authentication/arc/seal.ts";
import { bodyCanonicalizer } from "../../src/authentication/dkim/canonical-body.ts";
import type { Canonicalization } from "../../src/authentication/dkim/canonical-header.ts";
import { SignedNames, startSigner } from "../../src/authentication/dkim/sign.ts";
import { parseTagList } from "../../src/authentication/dkim/tag-list.ts";
import { startVerification } from "../../src/authentication/dkim/verify.ts";
import { parseHeader } from "../../src/mail/header.ts";
import { answeringResolver } from "../support/answering-resolver.ts";
import { ED25519_KEY, ED25519_RECORD, RSA, RSA_RECORD } from "../support/dkim-keys.ts";
import { damage, fuzz, type Random, randomOctets, randomWords } from "../support/fuzz.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { cutMessage, verifyText } from "../support/whole-message.ts";

const clock = new ManualClock();
const resolver = answeringResolver({
  "r._domainkey.x.test": RSA_RECORD,
  "e._domainkey.x.test": ED25519_RECORD,
});
const OPTIONS = { resolver, clock, arc: true };
const KEYS = [
  { domain: "x.test", selector: "r", key: RSA.privateKey },
  { domain: "x.test", selector: "e", key: ED25519_KEY },
];
const FIELDS = ["From", "To", "Subject", "Date", "Received"];
const BODY_WORDS = ["a", "word", " ", "  ", "\t", "\r\n", "\r\n\r\n", "\r", "\n", "\0", "\xff", ".", "=20"];

/** Cut into chunks, some of them empty. */
function chunked(body: Buffer, random: Random): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const size = random(random(2) === 0 ? 3 : 40);
    chunks.push(body.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

/** RFC 6376 §3.4.3 and §3.4.4 in words that are easy to check. */
const CANONICAL: Readonly<Record<Canonicalization, (body: string) => string>> = {
  simple: (body) => `${body.replace(/(?:\r\n)+$/, "")}\r\n`,
  relaxed(body) {
    const lines = body.split("\r\n").map((line) => line.replaceAll(/[ \t]+/g, " ").replace(/ $/, ""));
    while (lines.at(-1) === "") lines.pop();
    return lines.map((line) => `${line}\r\n`).join("");
  },
};

test("a body in chunks is the body", async () => {
  await fuzz(1500, (random, note) => {
    const body = randomWords(random, BODY_WORDS, 30);
    note(body);
    for (const form of ["simple", "relaxed"] as const) {
      let out = "";
      const canonicalizer = bodyCanonicalizer(form, (octets) => (out += octets.toString("latin1")));
      for (const chunk of chunked(Buffer.from(body, "latin1"), random)) canonicalizer.update(chunk);
      canonicalizer.end();
      expect(out).toBe(CANONICAL[form](body));
      expect(canonicalizer.length).toBe(out.length);
    }
  });
});

function randomMessage(random: Random): string {
  const text = (most: number) =>
    randomWords(random, ["one", "Two", " ", "\t", "  ", "\r\n ", "\xe4", "=", ";", ":"], most);
  const fields = FIELDS.flatMap((name) => Array.from({ length: random(3) }, () => `${name}: x${text(12)}y\r\n`));
  const body = randomWords(random, BODY_WORDS, 40);
  return `From: a@x.test\r\n${fields.filter((field) => !field.startsWith("From")).join("")}X-Other: z\r\n\r\n${body}`;
}

/** The message with the signatures of both keys in front. */
async function sign(message: string, random: Random): Promise<string> {
  const { fields, body } = cutMessage(message);
  const signer = startSigner(fields, KEYS, { clock, names: new SignedNames(FIELDS, ["From", "Subject"]) });
  const chunks = random(3) === 0 ? [body] : chunked(body, random);
  const last = random(2) === 0 ? chunks.pop() : undefined;
  for (const chunk of chunks) signer.update(chunk);
  return `${(await signer.end(last)).map((field) => `${field}\r\n`).join("")}${message}`;
}

async function results(text: string): Promise<string[]> {
  return (await verifyText(text, OPTIONS)).dkim.map(({ result }) => result);
}

/** Splits behind the header. */
function parts(text: string): [header: string, body: string] {
  const end = text.indexOf("\r\n\r\n") + 2;
  return [text.slice(0, end), text.slice(end + 2)];
}

/** What a hop that keeps the meaning may do. */
function benign(text: string, random: Random): string {
  const [header, body] = parts(text);
  const blank = () => [" ", "\t", "  ", "\r\n ", "\r\n\t\t"][random(5)];
  const folded = header
    .replaceAll(/(?<=[^\r\n:])(?:\r\n)?[ \t]+(?=[^ \t\r\n])/g, (found) => (random(3) === 0 ? blank() : found))
    .replaceAll(/^[A-Za-z-]+(?=:)/gm, (name) => (random(3) === 0 ? name.toUpperCase() : name));
  const blanks = body
    .replaceAll(/(?<=[^ \t\r])(?=\r\n)/g, () => (random(3) === 0 ? " \t" : ""))
    .replaceAll(/[ \t]+/g, (found) => (random(3) === 0 ? `${found} ` : found));
  const tail = /(?:^|\r\n)$/.test(blanks) && !blanks.endsWith("\r") ? "\r\n".repeat(random(3)) : "";
  return `X-More: x\r\n${folded}\r\n${blanks}${tail}`;
}

test("signatures survive new folds, blanks and names in capitals", async () => {
  await fuzz(60, async (random, note) => {
    const text = benign(await sign(randomMessage(random), random), random);
    note(text);
    expect(await results(text)).toEqual(["pass", "pass"]);
  });
});

/** One octet of a signed field or of the body becomes another one, is lost, or comes twice; or a field is added. */
function harmful(text: string, random: Random): string {
  const [header, body] = parts(text);
  if (random(6) === 0) return `${["From: b@y.test", "Subject: other"][random(2)]}\r\n${text}`;
  if (random(6) === 0) return `${header}\r\n${body}x`;
  const signedPart = header.lastIndexOf("\r\nFrom:") + 2;
  const places = [...text.matchAll(/[^ \t\r\n]/g)]
    .map(({ index }) => index)
    .filter((at) => at >= signedPart && !(at < header.length && isUnsigned(text, at)));
  const at = places[random(places.length)];
  const octet = text[at] === "q" ? "k" : "q";
  return text.slice(0, at) + [octet, "", text[at].repeat(2)][random(3)] + text.slice(at + 1);
}

/** In X-Other, or in the name of a field: without the colon it would be another message altogether. */
function isUnsigned(text: string, at: number): boolean {
  const start = /(?:^|\r\n)(?![ \t])(?:(?!\r\n(?![ \t]))[^])*$/.exec(text.slice(0, at + 1))!.index;
  const field = text.slice(start).trimStart();
  return field.startsWith("X-Other") || at - start <= field.indexOf(":") + 3;
}

test("signatures do not survive a change", async () => {
  await fuzz(60, async (random, note) => {
    const text = await sign(randomMessage(random), random);
    const changed = harmful(text, random);
    note([text, changed]);
    for (const result of await results(changed)) expect(result).not.toBe("pass");
  });
});

const SHORT = "From: a@x.test\r\nSubject: s\r\n\r\nbody\r\n";

/** With an ARC set in front. */
async function seal(message: string): Promise<string> {
  const { fields, body } = cutMessage(message);
  const sealer = startSealer(fields, KEYS[1], {
    clock,
    names: sealableNames(FIELDS),
    validation: "none",
    results: "mx.x.test; none",
  });
  sealer.update(body);
  return `${(await sealer.end()).map((field) => `${field}\r\n`).join("")}${message}`;
}

test("damaged messages have results, whatever they look like", async () => {
  const insertions = [
    ";",
    "=",
    "b=",
    "\r\n ",
    "\0",
    ":",
    "DKIM-Signature: ",
    "h=from",
    "ARC-Seal: i=1; ",
    "\r\n",
    "v=1;",
  ];
  await fuzz(150, async (random, note) => {
    const text = damage(await seal(await sign(SHORT, random)), random, insertions);
    note(text);
    const [header, body] = parts(text.includes("\r\n\r\n") ? text : `${text}\r\n\r\n`);
    const verification = startVerification(parseHeader(header).fields, OPTIONS);
    verification.update(Buffer.from(body, "latin1"));
    const { dkim, signatures, arc } = await verification.end();
    expect(dkim.length).toBe(Math.min(signatures, 11));
    expect(["none", "pass", "fail"]).toContain(arc.result);
  });
});

test("a tag list is read or refused, and its tags lie where it says", async () => {
  await fuzz(1000, (random, note) => {
    const text =
      random(2) === 0 ? randomOctets(random, 40) : randomWords(random, ["a", "b_1", "=", ";", " ", "\r\n ", "+/"], 20);
    note(text);
    const tags = parseTagList(text);
    if (typeof tags === "string") return;
    for (const [name, { value, start, end }] of tags) {
      expect(text.slice(start, end).trim()).toBe(value.trim());
      expect(text.slice(0, start).trimEnd().endsWith("=")).toBe(true);
      expect(
        text
          .slice(0, start - 1)
          .trim()
          .endsWith(name),
      ).toBe(true);
    }
  });
});
