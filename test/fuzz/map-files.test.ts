/**
 * Files of maps with any octets in them, and files that change under a server: an answer or a temporary failure, never
 * an exception, and never "not found" because a part of the file is missing.
 */
import { mkdtempSync, openSync, readFileSync, realpathSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openAliasSource } from "../../src/maps/alias-source.ts";
import { DatabaseBuilder } from "../../src/maps/build.ts";
import { CdbReader, DamagedDatabaseError } from "../../src/maps/cdb.ts";
import { readAliasText } from "../../src/routing/alias-file.ts";
import { aliasKey } from "../../src/routing/alias-name.ts";
import { damage, fuzz, randomOctets, type Random } from "../support/fuzz.ts";
import { declareMaps, lookupContext, mapEnvironment } from "../support/map-environment.ts";

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "rulemail-fuzz-")));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const INSERTIONS = ["\0", "\0\0\0\0", "\xff\xff\xff\xff", "\x00\x08\x00\x00", "key1", "\n", "\t", ":", "#", '"'];

/** A database of some keys, as its octets. */
function database(random: Random): { readonly keys: readonly string[]; readonly octets: string } {
  const builder = new DatabaseBuilder("refuse");
  const keys = Array.from({ length: 1 + random(20) }, (_, index) => `key${index}`);
  for (const key of keys) builder.add(key, `value of ${key} ${"x".repeat(random(40))}`);
  const path = join(folder, "whole.db");
  builder.write(path);
  return { keys, octets: readFileSync(path, "latin1") };
}

type Reading = { readonly values: readonly unknown[]; readonly entries: number } | "damaged";

function attempt(what: () => unknown): unknown {
  try {
    return what();
  } catch (error) {
    if (error instanceof DamagedDatabaseError) return error.name;
    throw error;
  }
}

/** Everything that can be asked of a database in a file. */
function readAll(path: string, keys: readonly string[], inMemory: number): Reading {
  let reader: CdbReader | undefined;
  try {
    reader = new CdbReader(openSync(path, "r"), inMemory);
  } catch (error) {
    if (error instanceof DamagedDatabaseError) return "damaged";
    throw error;
  }
  try {
    const values = keys.map((key) => attempt(() => reader.get(key)));
    let entries = 0;
    attempt(() => {
      for (const [key] of reader.entries()) entries += key.length >= 0 ? 1 : 0;
    });
    return { values, entries };
  } finally {
    reader.close();
  }
}

test("damaged databases answer, or say that they are damaged; in memory and in place alike", async () => {
  await fuzz(120, (random, note) => {
    const { keys, octets } = database(random);
    const path = join(folder, "damaged.db");
    const changed = random(10) === 0 ? randomOctets(random, 4000) : damage(octets, random, INSERTIONS);
    note(changed);
    writeFileSync(path, changed, "latin1");
    const whole = readAll(path, [...keys, "", "nosuch", "key1\0"], 1 << 20);
    const inPlace = readAll(path, [...keys, "", "nosuch", "key1\0"], 0);
    expect(inPlace).toEqual(whole);
  });
});

test("a database that lost its end has no answer at all", async () => {
  await fuzz(30, (random, note) => {
    const { keys, octets } = database(random);
    const length = random(octets.length);
    note({ length });
    const path = join(folder, "short.db");
    writeFileSync(path, octets.slice(0, length), "latin1");
    for (const inMemory of [0, 1 << 20]) expect(readAll(path, keys, inMemory)).toBe("damaged");
  });
});

test("a database that is cut off while it is open fails, or still has the answer", async () => {
  await fuzz(30, (random, note) => {
    const { keys, octets } = database(random);
    const path = join(folder, "cut.db");
    writeFileSync(path, octets, "latin1");
    const reader = new CdbReader(openSync(path, "r"), 0);
    const length = random(octets.length);
    note({ length });
    truncateSync(path, length);
    for (const key of keys) {
      try {
        expect(reader.get(key)).toMatch(`value of ${key} `);
      } catch (error) {
        expect((error as Error).name).toBe("DamagedDatabaseError");
      }
    }
    reader.close();
  });
});

test("map files of any octets give an answer or a temporary failure", async () => {
  const classes = ["hash", "btree", "dbm", "cdb", "implicit", "text -k0 -v1", "text -k1 -v0 -z:", "stab"];
  await fuzz(120, async (random, note) => {
    const mapClass = classes[random(classes.length)];
    const built = !/^(?:text|stab)/.test(mapClass);
    const text = built && random(2) === 0 ? database(random).octets : "key1 a\nkey2:b c\n\tmore\n# no\nkey3\n";
    const octets = random(4) === 0 ? randomOctets(random, 3000) : damage(text, random, INSERTIONS);
    const ending = mapClass === "cdb" ? ".cdb" : built ? ".db" : "";
    const path = join(folder, "map");
    writeFileSync(path + ending, octets, "latin1");
    if (random(2) === 0) writeFileSync(path, damage("key1 text\n", random, INSERTIONS), "latin1");
    note({ mapClass, octets });
    const map = declareMaps([`Km ${mapClass} ${path}`]).map("m");
    for (const key of ["key1", "key2", "", "\xff\0", "nosuch"]) {
      const { kind } = await map.lookup(key, [], lookupContext());
      expect(["found", "missing", "tempfail"]).toContain(kind);
    }
    map.close?.();
    rmSync(path + ending, { force: true });
    rmSync(path, { force: true });
  });
});

test("alias files of any octets give an answer or a temporary failure", async () => {
  const lines = 'root: joe\nlist: a, "|p q",\n\t:include:/x\n"a b": c\n# x\nowner-list: root\n';
  await fuzz(120, (random, note) => {
    const text = random(4) === 0 ? randomOctets(random, 2000) : damage(lines, random, [...INSERTIONS, ",", "\\", "|"]);
    note(text);
    const { entries, problems } = readAliasText(text);
    const count = text.split("\n").length;
    for (const { name, line } of entries) expect([line >= 1 && line <= count, name]).toEqual([true, aliasKey(name)]);
    for (const problem of problems) expect([problem.text !== "", problem.line <= count]).toEqual([true, true]);
    const path = join(folder, "aliases");
    const files = random(2) === 0 ? [path] : [path, `${path}.db`];
    for (const file of files) writeFileSync(file, text, "latin1");
    const source = openAliasSource(
      { mapClass: "hash", args: path },
      mapEnvironment(),
      (given) => readAliasText(given).entries,
    );
    for (const key of ["root", "list", "", "\xff"]) {
      expect(["found", "missing", "tempfail"]).toContain((source.lookup(key) as { kind: string }).kind);
    }
    // A database that is no database hides the text beside it: the old one may have said something else.
    if (files.length > 1) expect(source.lookup("root")).toMatchObject({ kind: "tempfail" });
    source.isStale();
    source.close();
    for (const file of files) rmSync(file);
  });
});
