/** Files of maps that change while a server runs: rebuilt, rewritten in place, cut off, taken away, put back. */
import {
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { openAliasSource } from "../../../src/maps/alias-source.ts";
import { DatabaseBuilder } from "../../../src/maps/build.ts";
import { databasePath } from "../../../src/maps/database-file.ts";
import { readAliasText } from "../../../src/routing/alias-file.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { declareMaps, lookupContext, mapEnvironment, shortResult } from "../../support/map-environment.ts";

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "changing-")));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A kind of map over one file. */
interface Kind {
  readonly path: () => string;
  /** Writes a complete file with one key at this path. */
  readonly write: (path: string, value: string) => void;
  /** Opens it: what `k` has, "-" or "!". */
  readonly open: (clock: ManualClock) => () => Promise<string>;
  /** A file that was cut off is known to be incomplete. */
  readonly checksItself: boolean;
}

function writeDatabase(path: string, value: string): void {
  const builder = new DatabaseBuilder("refuse");
  builder.add("k", value);
  builder.write(path);
}

function mapKind(line: string, ending: string, write: Kind["write"], checksItself: boolean): Kind {
  const [name] = line.split(" ");
  return {
    path: () => join(folder, name + ending),
    write,
    checksItself,
    open(clock) {
      const map = declareMaps([`Km ${line} ${join(folder, name)}`], { clock }).map("m");
      return async () => shortResult(await map.lookup("k", [], lookupContext()));
    },
  };
}

function aliasKind(mapClass: string, built: boolean): Kind {
  const text = (): string => join(folder, `aliases-${mapClass}-${built}`);
  return {
    path: () => (built ? databasePath(mapClass, text()) : text()),
    write: built ? writeDatabase : (path, value) => writeFileSync(path, `k: ${value}\n`),
    checksItself: built,
    open(clock) {
      const source = openAliasSource(
        { mapClass, args: text() },
        mapEnvironment({ clock }),
        (given) => readAliasText(given).entries,
      );
      return async () => {
        const answer = await source.lookup("k");
        return answer.kind === "found" ? answer.value : answer.kind === "missing" ? "-" : "!";
      };
    },
  };
}

const KINDS: Readonly<Record<string, Kind>> = {
  hash: mapKind("hash", ".db", writeDatabase, true),
  btree: mapKind("btree", ".db", writeDatabase, true),
  cdb: mapKind("cdb", ".cdb", writeDatabase, true),
  implicit: mapKind("implicit", ".db", writeDatabase, true),
  text: mapKind("text -k0 -v1", "", (path, value) => writeFileSync(path, `k ${value}\n`), false),
  stab: mapKind("stab", "", (path, value) => writeFileSync(path, `k: ${value}\n`), false),
  "alias database": aliasKind("hash", true),
  "alias text": aliasKind("hash", false),
};

describe.each(Object.entries(KINDS))("%s", (_name, { path, write, open, checksItself }) => {
  let clock: ManualClock;
  let ask: () => Promise<string>;
  /** The file was written so long ago that nobody is writing it now. */
  const age = (): void => utimesSync(path(), 1_000_000, 1_000_000);

  beforeEach(async () => {
    clock = new ManualClock(Date.now());
    write(path(), "old");
    age();
    ask = open(clock);
    expect(await ask()).toBe("old");
  });

  const later = async (): Promise<string> => {
    clock.advance(1500);
    return ask();
  };

  test("a file that takes its place is used", async () => {
    write(`${path()}.new`, "new");
    renameSync(`${path()}.new`, path());
    age();
    expect(await later()).toBe("new");
  });

  test("a database is looked at again with the next command, a text after a second", async () => {
    write(`${path()}.new`, "new");
    renameSync(`${path()}.new`, path());
    age();
    clock.advance(51);
    expect(await ask()).toBe(checksItself ? "new" : "old");
    clock.advance(1000);
    expect(await ask()).toBe("new");
  });

  test("a change in place is used, even one that hides its time and size", async () => {
    write(path(), "neu");
    age();
    expect(statSync(path()).mtimeMs).toBe(1_000_000_000);
    expect(await later()).toBe("neu");
  });

  test("a file that was taken away serves on; another one is used when it comes", async () => {
    unlinkSync(path());
    expect(await later()).toBe("old");
    expect(await later()).toBe("old");
    write(path(), "back");
    age();
    expect(await later()).toBe("back");
  });

  test("one that is missing from the start is a temporary failure, until it is there", async () => {
    unlinkSync(path());
    const fresh = open(clock);
    expect(await fresh()).toBe("!");
    write(path(), "there");
    clock.advance(1500);
    expect(await fresh()).toBe("there");
  });

  test("a file that is being cut off is never taken for one without the key", async () => {
    const { size } = statSync(path());
    for (const length of [size - 1, size >> 1, 1, 0]) {
      clock.advance(1001);
      truncateSync(path(), length);
      utimesSync(path(), clock.now() / 1000, clock.now() / 1000);
      expect(await ask()).toBe(checksItself ? "!" : "old");
    }
    write(path(), "whole");
    age();
    expect(await later()).toBe("whole");
  });
});

test("a database is of the same edition until another one is read, and one that is not there until it is", () => {
  const path = join(folder, "edition.db");
  const clock = new ManualClock();
  const map = declareMaps([`Km hash -o ${join(folder, "edition")}`], { clock }).map("m");
  const later = (): object | undefined => {
    clock.advance(1500);
    return map.edition?.();
  };
  const absent = later();
  expect(absent).toBeDefined();
  expect(later()).toBe(absent);
  writeDatabase(path, "old");
  utimesSync(path, 1_000_000, 1_000_000);
  const first = later();
  expect(first).not.toBe(absent);
  expect(later()).toBe(first);
  writeDatabase(path, "new");
  utimesSync(path, 1_000_000, 1_000_000);
  const second = later();
  expect(second).not.toBe(first);
  unlinkSync(path);
  expect(later()).toBe(second);
  // Without -o what is not there is a failure, and one that is not asked in deferred mode depends on the mode.
  expect(
    declareMaps([`Km hash ${join(folder, "nothing")}`], { clock })
      .map("m")
      .edition?.(),
  ).toBeUndefined();
  expect(
    declareMaps([`Km hash -o -D ${join(folder, "nothing")}`], { clock })
      .map("m")
      .edition?.(),
  ).toBeUndefined();
});

test("a text that is being rewritten is read when it has been quiet for a second", async () => {
  const path = join(folder, "rewritten");
  const now = Date.now();
  const clock = new ManualClock(now);
  const touch = (): void => utimesSync(path, clock.now() / 1000, clock.now() / 1000);
  writeFileSync(path, "a 1\nk old\n");
  utimesSync(path, 1, 1);
  const map = declareMaps([`Km text -k0 -v1 ${path}`], { clock }).map("m");
  const ask = async (): Promise<string> => shortResult(await map.lookup("k", [], lookupContext()));
  expect(await ask()).toBe("old");
  clock.advance(1500);
  for (const half of ["", "a 1\n"]) {
    writeFileSync(path, half);
    touch();
    clock.advance(900);
    expect(await ask()).toBe("old");
  }
  writeFileSync(path, "a 1\nk new\n");
  touch();
  clock.advance(2100);
  expect(await ask()).toBe("new");
  // Somebody who never stops does not keep it from being read for ever.
  for (let second = 0; second < 16; second++) {
    writeFileSync(path, `k ${second}\n`);
    touch();
    clock.advance(900);
    await ask();
  }
  expect(await ask()).not.toBe("new");
});
