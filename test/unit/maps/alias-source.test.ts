import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openAliasSource } from "../../../src/maps/alias-source.ts";
import { mapEnvironment } from "../../support/map-environment.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "aliases-")));
  file = join(folder, "aliases");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Writes the aliases file, whatever the umask, with a mode that is trusted. */
function writeAliases(text: string): void {
  writeFileSync(file, text);
  chmodSync(file, 0o644);
}

function readText(text: string): { name: string; value: string }[] {
  const lines = text.split("\n").filter((line) => line.includes(":"));
  return lines.map((line) => ({ name: line.split(":")[0].toLowerCase(), value: line.split(":")[1].trim() }));
}

function open(mapClass: string, args: string, log: string[] = []) {
  return openAliasSource({ mapClass, args }, mapEnvironment({ log: (_, text) => log.push(text) }), readText);
}

test("reads the text while no database is built, and says so once", async () => {
  writeAliases("Root: joe\n");
  const log: string[] = [];
  const aliases = open("implicit", file, log);
  expect(await aliases.lookup("root")).toEqual({ kind: "found", value: "joe" });
  expect(await aliases.lookup("nobody")).toEqual({ kind: "missing" });
  expect(log).toEqual([`alias database ${file}.db is not built, using the text ${file}`]);
  expect(aliases.isStale()).toBe(true);
});

test("rebuild() writes the database that is asked from then on, with its sentinel", async () => {
  writeAliases("root: joe\n");
  const aliases = open("implicit", file);
  aliases.rebuild([["Root", "ann"]]);
  expect(await aliases.lookup("root")).toEqual({ kind: "found", value: "ann" });
  expect(await aliases.lookup("@")).toEqual({ kind: "missing" });
  expect(aliases.isStale()).toBe(false);
  const later = statSync(`${file}.db`).mtimeMs / 1000 + 5;
  utimesSync(file, later, later);
  expect(aliases.isStale()).toBe(true);
  aliases.close();
});

test.each(["implicit", "hash", "dbm"])(
  "%s: where another program's database is, the text is read as aliases",
  async (kind) => {
    const foreign = Buffer.alloc(4096);
    foreign.writeUInt32LE(0x061561, 12);
    foreign.writeUInt32LE(4096, 20);
    writeFileSync(`${file}.db`, foreign, { mode: 0o644 });
    writeAliases("Root: joe\nteam: ann, bob\n");
    const log: string[] = [];
    const aliases = open(kind, file, log);
    expect(await aliases.lookup("root")).toEqual({ kind: "found", value: "joe" });
    expect(await aliases.lookup("team")).toEqual({ kind: "found", value: "ann, bob" });
    expect(log).toEqual([expect.stringMatching(/using its text source .*; rebuild it: newaliases$/)]);
    expect(aliases.rebuild([["root", "beside"]])).toBe(`${file}.cdb`);
    expect(readFileSync(`${file}.db`)).toEqual(foreign);
    expect(aliases.isStale()).toBe(false);
    expect(await open(kind, file).lookup("root")).toEqual({ kind: "found", value: "beside" });
  },
);

test("class and flags come from the specification", () => {
  expect(open("cdb", `-A -o ${file}`)).toMatchObject({
    databaseFile: `${file}.cdb`,
    textFile: file,
    mergesDuplicates: true,
  });
});

test("a missing file is a temporary failure, with -o nothing", async () => {
  expect(await open("hash", file).lookup("root")).toEqual({
    kind: "tempfail",
    reason: `Cannot open alias database ${file}: No such file or directory`,
  });
  expect(await open("hash", `-o ${file}`).lookup("root")).toEqual({ kind: "missing" });
});

test("an aliases text that others may write is refused", async () => {
  writeFileSync(file, "root: joe\n");
  chmodSync(file, 0o646);
  const answer = await open("implicit", file).lookup("root");
  expect(answer).toMatchObject({ kind: "tempfail" });
  expect(answer.kind === "tempfail" && answer.reason).toContain("WorldWritableAliasFile would allow it");
});

test("a map of another class is asked as it is, and cannot be rebuilt", async () => {
  writeAliases("root:joe\n");
  const aliases = open("text", `-k0 -v1 -z: ${file}`);
  expect(await aliases.lookup("root")).toEqual({ kind: "found", value: "joe" });
  expect(() => aliases.rebuild([])).toThrow("Cannot rebuild aliases for map text:");
  expect(aliases.textFile).toBeUndefined();
});
