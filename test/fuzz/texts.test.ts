/** Texts that come from outside or that a crash may have left: read, or refused in the way that is meant for it. */
import { createHash } from "node:crypto";
import { expect, test } from "@jest/globals";
import { scan } from "../../src/cf/scanf.ts";
import { Collector } from "../../src/envelope/collect.ts";
import { crackAddress, frameAddress } from "../../src/mail/header-address.ts";
import { formatField, parseHeader, unfold } from "../../src/mail/header.ts";
import { decodeXtext, encodeXtext, isXtext } from "../../src/mail/xtext.ts";
import { fillFilter, readableFilter } from "../../src/maps/ldap-filter.ts";
import { parseLdapUrl } from "../../src/maps/ldap-url.ts";
import { destination, destinationText, parseDestinations } from "../../src/routing/alias-list.ts";
import { describeOrigin, formatSourceMap, parseSourceMap, type TracedPlace } from "../../src/source/source-map.ts";
import { damage, fuzz, randomOctets, type Random, randomWords } from "../support/fuzz.ts";

const HEADER_PIECES = [
  "From",
  "Subject",
  ":",
  " ",
  "\t",
  "\r\n",
  "\r\n ",
  "\r\n\t",
  "\n",
  "\r",
  "x",
  "\xe9",
  "\0",
  "From a",
];

function headerText(random: Random): string {
  return random(4) === 0 ? randomOctets(random, 400) : randomWords(random, HEADER_PIECES, 60);
}

test("header blocks come apart into fields and a rest, and nothing of a field is lost", async () => {
  await fuzz(800, (random, note) => {
    const block = headerText(random);
    note(block);
    const { fields, rest } = parseHeader(block);
    expect(block.endsWith(rest)).toBe(true);
    for (const field of fields) {
      expect(field.name).toMatch(/^[!-9;-~]+$/);
      expect(block).toContain(field.value);
      expect(unfold(field.value)).not.toMatch(/\r\n[ \t]/);
    }
    const again = parseHeader(fields.map(formatField).join(""));
    expect(again.fields.map(({ name }) => name)).toEqual(fields.map(({ name }) => name));
  });
});

/** What a collector makes of a message that comes in these chunks. */
async function collect(chunks: readonly Buffer[], maxHeadersLength: number) {
  const body: Buffer[] = [];
  const collector = new Collector({ maxHeadersLength, body: (chunk) => void body.push(Buffer.from(chunk)) });
  for (const chunk of chunks) await collector.write(chunk);
  await collector.finish();
  const { fields, bodySize, eightBit, headerTooLong } = collector;
  return { fields, bodySize, eightBit, headerTooLong, body: Buffer.concat(body).toString("latin1") };
}

test("a message is the same however it is cut into chunks", async () => {
  await fuzz(300, async (random, note) => {
    const text = headerText(random) + (random(3) > 0 ? "\r\n\r\n" : "") + headerText(random);
    note(text);
    const octets = Buffer.from(text, "latin1");
    const chunks: Buffer[] = [];
    for (let at = 0; at < octets.length;) {
      const to = at + 1 + random(random(2) === 0 ? 3 : 100);
      chunks.push(octets.subarray(at, to));
      at = to;
    }
    const limit = random(3) === 0 ? 50 : 0;
    const whole = await collect([octets], limit);
    const cut = await collect(chunks, limit);
    if (whole.headerTooLong || cut.headerTooLong) expect(cut.headerTooLong).toBe(whole.headerTooLong);
    else expect(cut).toEqual(whole);
  });
});

test("the frame of a header address is of the size of the value, and holds any address", async () => {
  const pieces = ["a", '"', "(", ")", "<", ">", ",", ";", ":", "\\", "@", "[", "]", " ", ".", "'", "\xe9"];
  await fuzz(1200, (random, note) => {
    const value = random(5) === 0 ? randomOctets(random, 300) : randomWords(random, pieces, 40);
    note(value);
    const frame = crackAddress(value, { mustQuote: ".'", exact: random(2) === 0 });
    const text = frameAddress(frame, "joe@x.test");
    expect(text.length).toBeLessThanOrEqual(3 * value.length + 30);
    if (frame.after !== undefined) expect(text).toContain("joe@x.test");
  });
});

test("xtext: what was encoded is decoded, and what is none is refused", async () => {
  await fuzz(800, (random, note) => {
    const text = randomOctets(random, 40);
    note(text);
    expect(isXtext(encodeXtext(text))).toBe(true);
    expect(decodeXtext(encodeXtext(text))).toBe(text);
    expect(decodeXtext(text) !== undefined).toBe(isXtext(text));
  });
});

test("lists of destinations are read, and what the queue keeps of one means the same", async () => {
  const pieces = [
    "a",
    "b@c",
    ",",
    '"',
    "|p",
    "/f",
    ":include:",
    "\\",
    " ",
    "\n",
    "(x)",
    "<",
    ">",
    "#",
    "\xe9",
    ";",
    ":",
  ];
  await fuzz(1200, (random, note) => {
    const text = random(4) === 0 ? randomOctets(random, 200) : randomWords(random, pieces, 30);
    note(text);
    for (const each of parseDestinations(text)) {
      const again = destination(destinationText(each));
      expect([each, again.kind]).toEqual([each, each.kind]);
    }
  });
});

test("scanf patterns of F lines end, and give a part of the line", async () => {
  const pieces = [
    "%s",
    "%*s",
    "%5s",
    "%[^#]",
    "%[a-z]",
    "%[]x]",
    "%[",
    "%d",
    "%%",
    "%",
    "%c",
    " ",
    "a",
    "%99999s",
    "%z",
  ];
  await fuzz(1200, (random, note) => {
    const [line, pattern] = [randomWords(random, [..."ab 1#%-x".split(""), "abc"], 20), randomWords(random, pieces, 6)];
    note([line, pattern]);
    const found = scan(line, pattern);
    if (found !== undefined) expect(line).toContain(found);
  });
});

test("LDAP filters and URLs of any text", async () => {
  const pieces = [..."()&|!=*\\%01 ab,:?/".split(""), "ldap:///", "%0", "%s", "\\2a", "(a=b)", "sub"];
  await fuzz(1200, (random, note) => {
    const [template, key] = [randomWords(random, pieces, 14), randomOctets(random, 12)];
    note([template, key]);
    readableFilter(fillFilter(template, key, random(2) === 0 ? undefined : ["x", "*"]));
    // A key can never add to a filter: it stays one value.
    expect(readableFilter(fillFilter("(a=%0)", key, undefined))).toBeDefined();
    parseLdapUrl(random(2) === 0 ? `ldap:///${template}` : template);
  });
});

const CF = "V10\nDj$w\nSx\n";

test("a source map that is damaged counts as none, or has places that can be named", async () => {
  const outer: TracedPlace = { file: "site.mc", line: 3, macro: "FEATURE", argument: "access_db" };
  const place: TracedPlace = { file: "/lib/feature/access_db.m4", line: 7, parent: outer };
  const whole = formatSourceMap(CF, { origins: [place, outer, undefined], causes: [outer, undefined, outer] }, "/lib/");
  const hash = createHash("sha256").update(CF, "latin1").digest("hex");
  const insertions = ["-1", "0", "[", "]", ",", "999", "1e9", "null", '"', hash, "{}", "-2", "1.5"];
  await fuzz(800, (random, note) => {
    const json = random(6) === 0 ? randomOctets(random, 200) : damage(whole, random, insertions);
    note(json);
    const find = parseSourceMap(json, CF);
    for (let line = -1; line <= 5; line++) {
      const traced = find?.(line);
      if (traced) expect(describeOrigin(traced)).not.toBe("");
    }
  });
});
