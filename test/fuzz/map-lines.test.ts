/** K lines and lines of sources made of chance: no exception, no endless loop, results of the right shape. */
import { expect, test } from "@jest/globals";
import { readNetstring } from "../../src/maps/netstring.ts";
import { mapClassNames } from "../../src/maps/registry.ts";
import { PLAIN_SOURCE, parseSourceLine } from "../../src/maps/source-text.ts";
import { fuzz, type Random } from "../support/fuzz.ts";
import { declareMaps, lookupContext } from "../support/map-environment.ts";

function textOf(random: Random, alphabet: string, longest: number): string {
  return Array.from({ length: random(longest) }, () => alphabet[random(alphabet.length)]).join("");
}

test("K lines of chance open or are reported, and answer", async () => {
  // Classes that would start programs or connections are left to tests of their own.
  const classes = mapClassNames().filter((name) => name !== "program" && name !== "socket");
  await fuzz(1500, async (random, note) => {
    const mapClass = classes[random(classes.length)];
    const args = textOf(random, '-aTkvzoqfmntsSDRBLd  \t:.%\\1A[](){}*|^$x"\xe9', 24);
    note({ mapClass, args });
    const { map, problems } = declareMaps([`Kx ${mapClass} ${args}`]);
    for (const problem of problems) expect(problem).not.toBe("");
    const key = textOf(random, 'ab"\\ .@%1[]\xe9', 12);
    const result = await map("x").lookup(key, ["1", "2"], lookupContext());
    expect(["found", "missing", "tempfail"]).toContain(result.kind);
    map("x").available?.();
    map("x").close?.();
  });
});

test("lines of sources give a key and a value, a problem, or nothing", async () => {
  await fuzz(1500, (random, note) => {
    const line = textOf(random, "ab: \t#\r\0\xff", 12);
    note(line);
    const delimiter = random(2) === 0 ? undefined : ":";
    const entry = parseSourceLine(line, { ...PLAIN_SOURCE, delimiter, emptyValues: random(2) === 0 });
    if (entry !== undefined && "key" in entry) expect(line.toLowerCase()).toContain(entry.key);
    else if (entry !== undefined) expect(entry.problem).not.toBe("");
  });
});

test("netstrings of chance are complete, partial or wrong, and never longer than the limit", async () => {
  await fuzz(1500, (random, note) => {
    const octets = Buffer.from(textOf(random, "0123456789:,ab", 14), "latin1");
    note(octets.toString("latin1"));
    const reading = readNetstring(octets, 20);
    if (reading.kind === "complete") expect(reading.text.length + reading.rest.length).toBeLessThan(octets.length);
  });
});
