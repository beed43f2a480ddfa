/**
 * Lists of addresses as callers write them, made of known mailboxes: on the command line, in header fields, in both. Whoever
 * was named gets the message, once, and nobody else; with the rulesets of the shipped configuration.
 */
import { join } from "node:path";
import { beforeAll, expect, test } from "@jest/globals";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { type HeaderField, parseHeader } from "../../src/mail/header.ts";
import type { Submission } from "../../src/reception/submission.ts";
import { namedAddresses } from "../../src/reception/submission-recipients.ts";
import { createMailRules } from "../../src/routing/resolve.ts";
import type { MailRules } from "../../src/routing/mail-rules.ts";
import { configEnvironment } from "../support/config-environment.ts";
import { fuzz, type Random } from "../support/fuzz.ts";

let config: Config;
let rules: MailRules;
beforeAll(async () => {
  const loaded = await loadConfig(join(import.meta.dirname, "../../cf/standalone.cf"), configEnvironment);
  config = loaded.config!;
  rules = createMailRules(config);
});

const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)];

/** Texts that stand beside an address and mean nothing to its delivery. */
const COMMENTS = ["(Joe)", "(a, b)", "(see <x@y.test>)", '("quoted")', "(of (course))", "(\\) ;)", "()"];
const PHRASES = [
  "Joe",
  "Joe Public",
  '"Public, Joe"',
  '"x@y.test"',
  '"a;b:c"',
  "J\xf6rg M\xfcller",
  '"\\"Joe\\""',
  "=?utf-8?q?a?=",
];

/** One mailbox in one of its many spellings; those without comma, bracket and the like fit lists with blanks, too. */
function spelt(random: Random, mailbox: string): string {
  const comment = (): string => (random(3) === 0 ? ` ${pick(random, COMMENTS)}` : "");
  switch (random(6)) {
    case 0:
      return mailbox;
    case 1:
      return `<${mailbox}>${comment()}`;
    case 2:
      return `${pick(random, PHRASES)}${comment()} <${mailbox}>`;
    case 3:
      return `${mailbox} ${pick(random, COMMENTS)}`;
    case 4:
      return `${pick(random, COMMENTS)} ${mailbox}`;
    default:
      return ` ${mailbox}\t`;
  }
}

const mailboxOf = (number: number): string =>
  number % 3 === 0 ? `user${number}` : `user${number}@host${number % 7}.test`;

/** A list with commas: empty members, comments alone and white space of all kinds are nobody. */
function commaList(random: Random, mailboxes: readonly string[], fold: boolean): string {
  const gap = (): string => pick(random, fold ? ["", " ", "  ", "\t", "\r\n ", "\r\n\t"] : ["", " ", "  ", "\t"]);
  const members = mailboxes.flatMap((mailbox) => [
    spelt(random, mailbox),
    ...(random(8) === 0 ? [""] : []),
    ...(random(12) === 0 ? [pick(random, COMMENTS)] : []),
  ]);
  return members.map((member) => `${gap()}${member}${gap()}`).join(",");
}

/** Words of the command line that together name these mailboxes. */
function wordsFor(random: Random, mailboxes: readonly string[]): string[] {
  const words: string[] = [];
  for (let at = 0; at < mailboxes.length;) {
    const members = mailboxes.slice(at, at + 1 + random(4));
    at += members.length;
    // Blanks separate where nothing else could: `sendmail 'ann bob'`.
    const plain = random(4) === 0;
    words.push(plain ? members.join(pick(random, [" ", "  ", "\t"])) : commaList(random, members, false));
  }
  return words;
}

function fieldsFor(random: Random, mailboxes: readonly string[]): readonly HeaderField[] {
  const lines = ["Subject: x\r\n"];
  for (let at = 0; at < mailboxes.length;) {
    const members = mailboxes.slice(at, at + 1 + random(4));
    at += members.length;
    lines.push(
      `${pick(random, ["To", "Cc", "Bcc", "TO", "bcc"])}: ${commaList(random, members, true).trimStart()}\r\n`,
    );
  }
  return parseHeader(lines.join("")).fields;
}

/** Where a message goes: the users of its triples, with their hosts. */
async function reached(submission: Partial<Submission>, fields: readonly HeaderField[]): Promise<string[]> {
  const facts: Submission = { user: "caller", recipients: [], fromHeader: false, ...submission };
  const places: string[] = [];
  for (const address of namedAddresses(config, facts, fields)) {
    const resolution = await rules.resolve(address, config.macros.child());
    places.push(resolution.kind === "triple" ? resolution.triple.user : `${resolution.kind}: ${address}`);
  }
  return [...new Set(places)].toSorted();
}

function numbers(random: Random, most: number): number[] {
  return [...new Set(Array.from({ length: 1 + random(most) }, () => random(200)))];
}

const OLD_STYLE = { oldStyle: true };

test("whoever the words of the command line name is reached, and nobody else", () =>
  fuzz(150, async (random, note) => {
    const mailboxes = numbers(random, 9).map(mailboxOf);
    const recipients = wordsFor(random, mailboxes);
    note(recipients);
    expect(await reached({ recipients, ...OLD_STYLE }, [])).toEqual(mailboxes.toSorted());
  }));

test("-t reaches whoever the header names, and together with words all of them, each once", () =>
  fuzz(150, async (random, note) => {
    const inHeader = numbers(random, 9).map(mailboxOf);
    const inWords = random(2) === 0 ? [] : numbers(random, 4).map(mailboxOf);
    const fields = fieldsFor(random, inHeader);
    const recipients = wordsFor(random, inWords);
    note([fields, recipients]);
    const everybody = [...new Set([...inHeader, ...inWords])].toSorted();
    expect(await reached({ recipients, fromHeader: true, ...OLD_STYLE }, fields)).toEqual(everybody);
  }));
