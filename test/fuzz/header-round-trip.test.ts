/**
 * A header on its way to the next hop: whatever its length and shape, its fields mean there what they meant here. The
 * real rulesets of the shipped configurations write it.
 */
import { join } from "node:path";
import { beforeAll, expect, test } from "@jest/globals";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { writeMessage } from "../../src/delivery/message-writer.ts";
import { type HeaderField, parseHeader } from "../../src/mail/header.ts";
import { createMailRules } from "../../src/routing/resolve.ts";
import type { MailRules } from "../../src/routing/mail-rules.ts";
import { configEnvironment } from "../support/config-environment.ts";
import { testJob } from "../support/delivery-job.ts";
import { fuzz, type Random } from "../support/fuzz.ts";
import { meaningOf } from "../support/mailbox-list.ts";

const SHIPPED = ["standalone", "smarthost", "gateway", "uucp"];
const sites: { config: Config; rules: MailRules }[] = [];

beforeAll(async () => {
  for (const name of SHIPPED) {
    const { config } = await loadConfig(join(import.meta.dirname, "../../cf", `${name}.cf`), configEnvironment);
    sites.push({ config: config!, rules: createMailRules(config!) });
  }
});

/** The header as the mailer `name` of a site sends it. */
async function relayed(site: number, name: string, fields: readonly HeaderField[]): Promise<readonly HeaderField[]> {
  const { config, rules } = sites[site];
  const job = testJob({ mailer: config.mailers.get(name)!, envelope: { headers: fields }, addresses: rules });
  const scope = config.macros.child([["g", "joe@far.test"]]);
  const written = await writeMessage(config, job, scope, { eol: "\r\n", fromLines: false });
  if (written.kind !== "message") throw new Error(written.reason);
  const head = written.message.head.toString("latin1");
  expect(head.endsWith("\r\n\r\n")).toBe(true);
  const parsed = parseHeader(head.slice(0, -2));
  expect(parsed.rest).toBe("");
  return parsed.fields.filter((field) => field.name !== "Return-Path");
}

const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)];

/** Mostly short, sometimes longer than any line may be. */
function length(random: Random): number {
  return random(12) === 0 ? random(2_500) : random(12) + 1;
}

function letters(random: Random, count: number, alphabet = "abcXYZ019-_'+=/"): string {
  return Array.from({ length: count }, () => alphabet[random(alphabet.length)]).join("");
}

const BLANKS = [" ", " ", " ", "\t", "  ", "\r\n ", "\r\n\t", " \r\n  "];

function words(random: Random, alphabet: string): string {
  const count = random(10) === 0 ? random(400) + 1 : random(4) + 1;
  return Array.from({ length: count }, () => letters(random, random(8) + 1, alphabet)).join(
    pick(random, [" ", " ", "\t"]),
  );
}

function quotedString(random: Random): string {
  const text = words(random, "abcXYZ,;:@<>()[].!% \xfc\xdf\x9f").replaceAll(/[abc](?=[abc])/g, () =>
    pick(random, ["a", "b", '\\"', "\\\\", "\\x"]),
  );
  return `"${text}"`;
}

function comment(random: Random, depth = 0): string {
  const inner = depth < 3 && random(4) === 0 ? comment(random, depth + 1) : "";
  return `(${words(random, 'abcXYZ,;:@<>."')}${inner}${pick(random, ["", "\\)", " \\( x"])})`;
}

function encodedWord(random: Random): string {
  return `=?${pick(random, ["utf-8", "iso-8859-1"])}?${pick(random, ["Q", "q", "B"])}?${letters(random, length(random) % 70, "abc=_.,:019+/")}?=`;
}

function phrase(random: Random): string {
  const parts = [
    () => quotedString(random),
    () => words(random, "abcXYZ019'!#$%&*+-/=?^_`{|}~\xfc\x98"),
    () => `${letters(random, random(3) + 1)}. ${letters(random, 3)}`,
    () => encodedWord(random),
    () => comment(random),
  ];
  return Array.from({ length: random(3) + 1 }, () => pick(random, parts)()).join(pick(random, BLANKS));
}

function localPart(random: Random): string {
  if (random(6) === 0) return quotedString(random);
  return Array.from({ length: random(3) + 1 }, () => letters(random, length(random), "abcXYZ019-_'+=/#$*")).join(".");
}

function domain(random: Random): string {
  if (random(8) === 0) return pick(random, ["[192.0.2.1]", "[IPv6:2001:db8::1]"]);
  return [
    ...Array.from({ length: random(3) + 1 }, () => letters(random, length(random) % 60, "abcXYZ019") || "a"),
    "test",
  ].join(".");
}

function address(random: Random): string {
  return random(20) === 0 ? `${localPart(random)} @ ${domain(random)}` : `${localPart(random)}@${domain(random)}`;
}

function mailbox(random: Random): string {
  const blank = () => pick(random, ["", " ", " ", ...BLANKS]);
  const shapes = [
    () => address(random),
    () => `${address(random)}${blank()}${comment(random)}`,
    () => `${comment(random)} ${address(random)}`,
    () => `<${address(random)}>`,
    () => `${phrase(random)}${pick(random, BLANKS)}<${address(random)}>`,
    () => `${quotedString(random)}<${address(random)}>${random(3) === 0 ? comment(random) : ""}`,
    () => `${phrase(random)} <${address(random)}>${blank()}${comment(random)}`,
    () => `<@${domain(random)},@relay.test:${address(random)}>`,
    // The local part is missing.
    () => `@${domain(random)}`,
  ];
  return pick(random, shapes)();
}

function addressList(random: Random): string {
  const separator = pick(random, [", ", ", ", ",", " , ", ",\r\n\t", ",  ", ",,", ",\r\n "]);
  const boxes = (count: number): string => Array.from({ length: count }, () => mailbox(random)).join(separator);
  if (random(5) > 0) return boxes(random(6) === 0 ? random(120) + 1 : random(6) + 1);
  const name = random(2) === 0 ? quotedString(random) : words(random, "abcXYZ");
  return `${name}:${pick(random, ["", " "])}${boxes(random(20))};${random(2) === 0 ? `, ${mailbox(random)}` : ""}`;
}

const ADDRESS_FIELDS = ["To", "Cc", "Bcc", "Reply-To", "From", "Sender", "Resent-To", "Resent-From", "Errors-To"];

test("fields with addresses mean what they meant, and their lines fit where that is possible", async () => {
  await fuzz(60, async (random, note) => {
    const field = { name: pick(random, ADDRESS_FIELDS), value: ` ${addressList(random)}` };
    const mailer = pick(random, ["esmtp", "relay", "smtp", "local"]);
    const site = random(sites.length);
    note({ ...field, mailer, site: SHIPPED[site] });
    const [sent, ...others] = await relayed(site, mailer, [field]);
    expect(others).toEqual([]);
    expect(sent.name).toBe(field.name);
    expect(meaningOf(sent.value)).toEqual(meaningOf(field.value));
    expect(
      sent.value
        .split("\r\n")
        .slice(1)
        .every((line) => /^[ \t]+[^ \t]/.test(line)),
    ).toBe(true);
    const longest = Math.max(...field.value.split(/[\s,]/).map((part) => part.length));
    if (mailer === "local" || longest > 800) return;
    for (const line of `${sent.name}:${sent.value}`.split("\r\n")) expect(line.length).toBeLessThanOrEqual(998);
  });
});

test("other fields get line ends before white space, and nothing else", async () => {
  await fuzz(60, async (random, note) => {
    const value = ` ${Array.from({ length: random(40) }, () => letters(random, length(random), 'abc<>@=;:,.()"\\')).join(pick(random, BLANKS))}`;
    const field = { name: pick(random, ["Subject", "References", "Received", "DKIM-Signature", "X-Any"]), value };
    const mailer = pick(random, ["esmtp", "relay"]);
    note({ ...field, mailer });
    const [sent] = await relayed(0, mailer, [field]);
    expect(sent.value.replaceAll("\r\n", "")).toBe(value.replaceAll("\r\n", ""));
    const limit = sites[0].config.mailers.get(mailer)!.lineLimit;
    if (value.split("\r\n").every((line, index) => line.length + (index === 0 ? field.name.length + 1 : 0) <= limit)) {
      expect(sent.value).toBe(value);
    }
  });
});
