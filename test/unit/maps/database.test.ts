import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { DatabaseBuilder } from "../../../src/maps/build.ts";
import type { LookupResult } from "../../../src/rewriting/lookup-map.ts";
import { ask, declareMaps, lookupContext, shortResult } from "../../support/map-environment.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "maps-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function build(name: string, entries: Readonly<Record<string, string>>): string {
  const builder = new DatabaseBuilder("refuse");
  for (const [key, value] of Object.entries(entries)) builder.add(key, value);
  const path = join(folder, name);
  builder.write(path);
  return path;
}

function berkeley(name: string): string {
  const file = Buffer.alloc(4096);
  file.writeUInt32LE(0x061561, 12);
  file.writeUInt32LE(9, 16);
  file.writeUInt32LE(4096, 20);
  const path = join(folder, name);
  writeFileSync(path, file);
  return path;
}

function tabServices(name: string): readonly string[] {
  return name === "tab" ? ["nis", "files"] : [];
}

/** A clock that tests turn. */
function handClock() {
  let time = 0;
  return { now: () => time, after: () => () => undefined, pass: (ms: number) => void (time += ms) };
}

describe("hash", () => {
  const entries = { key1: "value1", key3: "%0 and %1 then %2", key6: "50% off %% x", "caf\xe9": "8bit", empty: "" };

  test.each([
    ["key1", [], "value1"],
    ["KEY1", [], "value1"],
    ["KEY3", ["one"], "KEY3 and one then "],
    ["key6", [], "50% off % x"],
    ["caf\xe9", [], "8bit"],
    ["empty", [], ""],
    ["nosuch", [], "-"],
    ['"key1"', [], "value1"],
    ["", [], "-"],
  ])("finds %j with arguments %j: %j", async (key, args, expected) => {
    build("h.db", entries);
    expect(await ask(declareMaps([`Kh hash ${folder}/h`]).map("h"), key, ...args)).toBe(expected);
  });

  test.each([
    ["-a.APP", "key1", "value1.APP"],
    ["-m", "KEY1", "KEY1"],
    ["-m -a@", "key1", "key1@"],
    ["-f", "KEY1", "-"],
    ["-q", '"key1"', "-"],
    ["-a.x%1", "key1", "value1.x%1"],
    ["-N", "key1", "-"],
    ["-O", "key1", "value1"],
  ])("obeys %s", async (flags, key, expected) => {
    build("h.db", entries);
    expect(await ask(declareMaps([`Kh hash ${flags} ${folder}/h.db`]).map("h"), key)).toBe(expected);
  });

  test("finds keys that were stored with a NUL, but not with -O", async () => {
    build("n.db", { "key1\0": "v\0" });
    const maps = declareMaps([`Kn hash ${folder}/n`, `Ko hash -O ${folder}/n`, `Kx hash -N ${folder}/n`]);
    expect(await ask(maps.map("n"), "key1")).toBe("v");
    expect(await ask(maps.map("o"), "key1")).toBe("-");
    expect(await ask(maps.map("x"), "key1")).toBe("v");
  });

  test("a missing file is a temporary failure, told once, and -T, -t and -o say what comes of it", async () => {
    const lines = ["Kh hash", "KT hash -T.TMP", "Kt hash -t -q", "Ko hash -o"];
    const maps = declareMaps(lines.map((line, i) => `${line.replace("K", `K${i}`)} ${folder}/none`));
    const messages: string[] = [];
    const context = lookupContext({ message: (text) => messages.push(text) });
    const results = ["0h", "1T", "2t", "3o"].map((name) => maps.map(name).lookup("k", [], context));
    expect(results.map((each) => shortResult(each as LookupResult))).toEqual(["!", "!k.TMP", "-", "-"]);
    expect(messages[0]).toBe(`hash map "0h": missing map file ${folder}/none.db: No such file or directory`);
    messages.length = 0;
    await maps.map("0h").lookup("again", [], context);
    expect(messages).toEqual([]);
    expect(maps.map("3o").available?.()).toBe(false);
    expect(maps.map("0h").available?.()).toBe(true);
  });

  test("an optional file without an octet is an empty table; another one is damaged", async () => {
    for (const [mapClass, ending] of [
      ["hash", "db"],
      ["btree", "db"],
      ["cdb", "cdb"],
    ] as const) {
      writeFileSync(join(folder, `empty.${ending}`), "", { mode: 0o644 });
      const maps = declareMaps([`Ko ${mapClass} -o ${folder}/empty`, `Kr ${mapClass} ${folder}/empty`]);
      const messages: string[] = [];
      const context = lookupContext({ message: (text) => messages.push(text) });
      expect(shortResult(await maps.map("o").lookup("k", [], context))).toBe("-");
      expect(messages).toEqual([]);
      expect(shortResult(await maps.map("r").lookup("k", [], context))).toBe("!");
      expect(messages).toHaveLength(1);
    }
  });

  test("without a file name it is reported and finds nothing", async () => {
    const { problems, map } = declareMaps(["Kc hash"]);
    expect(problems).toEqual(["No file name for hash map c"]);
    expect(await ask(map("c"), "x")).toBe("-");
    expect(map("c").available?.()).toBe(false);
  });

  test("notices that its file was rebuilt, a second later at the most", async () => {
    const clock = handClock();
    build("h.db", { k: "old" });
    const map = declareMaps([`Kh hash ${folder}/h`], { clock }).map("h");
    expect(await ask(map, "k")).toBe("old");
    build("h.db", { k: "new!" });
    clock.pass(1001);
    expect(await ask(map, "k")).toBe("new!");
    unlinkSync(join(folder, "h.db"));
    clock.pass(1001);
    expect(await ask(map, "k")).toBe("new!");
  });

  test("a file that appears later is found then", async () => {
    const clock = handClock();
    const map = declareMaps([`Kh hash ${folder}/h`], { clock }).map("h");
    expect(await ask(map, "k")).toBe("!");
    build("h.db", { k: "there" });
    clock.pass(1001);
    expect(await ask(map, "k")).toBe("there");
  });

  test("a damaged file is a temporary failure", async () => {
    const path = build("h.db", { k: "v" });
    truncateSync(path, 2050);
    const result = await declareMaps([`Kh hash ${folder}/h`])
      .map("h")
      .lookup("k", [], lookupContext());
    expect(result).toMatchObject({ kind: "tempfail", status: 75 });
    expect(result.kind === "tempfail" && result.reason).toContain(`Cannot open hash database ${path}`);
  });

  test("a folder that everybody may write makes the file unsafe, unless DontBlameSendmail allows it", async () => {
    mkdirSync(join(folder, "open"));
    build("open/h.db", { k: "v" });
    chmodSync(join(folder, "open"), 0o777);
    const strict = await declareMaps([`Kh hash ${folder}/open/h`])
      .map("h")
      .lookup("k", [], lookupContext());
    expect(strict.kind === "tempfail" && strict.reason).toBe(
      `hash map "h": unsafe map file ${folder}/open/h.db: World writable directory`,
    );
    const lax = declareMaps([`Kh hash ${folder}/open/h`], { dontBlame: new Set(["mapinunsafedirpath"]) });
    expect(await ask(lax.map("h"), "k")).toBe("v");
  });

  test("a text source that is newer than the database is reported", async () => {
    const log: string[] = [];
    build("h.db", { k: "v" });
    writeFileSync(join(folder, "h"), "k v\n");
    const later = statSync(join(folder, "h.db")).mtimeMs / 1000 + 5;
    utimesSync(join(folder, "h"), later, later);
    await ask(declareMaps([`Kh hash ${folder}/h`], { log: (_, text) => log.push(text) }).map("h"), "k");
    expect(log).toEqual([`hash map "h": ${folder}/h is newer than ${folder}/h.db: run makemap (or newaliases)`]);
  });
});

describe("a Berkeley database of another program", () => {
  test("is not read; the text beside it is, with a warning", async () => {
    const path = berkeley("access.db");
    writeFileSync(join(folder, "access"), "# ours\nSpam.test\tREJECT\n");
    const log: string[] = [];
    const map = declareMaps([`Ka hash ${folder}/access`], { log: (_, text) => log.push(text) }).map("a");
    expect(await ask(map, "spam.test")).toBe("REJECT");
    expect(log).toHaveLength(1);
    expect(log[0]).toContain(`${path} is a Berkeley database`);
    expect(log[0]).toContain(`makemap hash ${folder}/access < ${folder}/access`);
  });

  test("without its text is an error that names the command to rebuild it", async () => {
    berkeley("access.db");
    const result = await declareMaps([`Ka hash ${folder}/access`])
      .map("a")
      .lookup("x", [], lookupContext());
    expect(result.kind === "tempfail" && result.reason).toContain(
      `rebuild it where it was made: makemap hash ${folder}/access < ${folder}/access`,
    );
  });

  test.each(["hash", "btree", "dbm", "implicit"])("stays, and ours beside it is what %s reads", async (mapClass) => {
    const path = berkeley("access.db");
    chmodSync(path, 0o604);
    const before = readFileSync(path);
    const clock = handClock();
    const map = declareMaps([`Ka ${mapClass} ${folder}/access`], { clock }).map("a");
    writeFileSync(join(folder, "access"), "a text\n");
    expect(await ask(map, "a")).toBe("text");
    expect(new DatabaseBuilder("refuse").write(path)).toBe(join(folder, "access.cdb"));
    build("access.db", { a: "ours" });
    expect(readFileSync(path)).toEqual(before);
    expect(statSync(join(folder, "access.cdb")).mode & 0o777).toBe(0o604);
    clock.pass(1001);
    expect(await ask(map, "a")).toBe("ours");
    build("access.db", { a: "rebuilt" });
    clock.pass(1001);
    expect(await ask(map, "a")).toBe("rebuilt");
  });

  test("a text that is newer than ours beside it is read, and a newer Berkeley database is reported", async () => {
    const path = berkeley("access.db");
    build("access.db", { a: "ours" });
    const beside = join(folder, "access.cdb");
    const later = (seconds: number): number => statSync(beside).mtimeMs / 1000 + seconds;
    utimesSync(path, later(5), later(5));
    const log: string[] = [];
    const open = () => declareMaps([`Ka hash ${folder}/access`], { log: (_, text) => log.push(text) }).map("a");
    expect(await ask(open(), "a")).toBe("ours");
    expect(log.splice(0)).toEqual([expect.stringContaining(`${path} is newer than ${beside}`)]);
    writeFileSync(join(folder, "access"), "a text\n");
    utimesSync(join(folder, "access"), later(5), later(5));
    expect(await ask(open(), "a")).toBe("text");
    expect(log.at(-1)).toContain("using its text source");
  });

  test("ours beside it is read when it is gone, and gives way to one that was built under its name", async () => {
    const path = berkeley("access.db");
    build("access.db", { a: "beside" });
    rmSync(path);
    expect(await ask(declareMaps([`Ka hash ${folder}/access`]).map("a"), "a")).toBe("beside");
    build("access.db", { a: "named" });
    expect(await ask(declareMaps([`Ka hash ${folder}/access`]).map("a"), "a")).toBe("named");
  });
});

test("implicit takes NAME.db or NAME.cdb", async () => {
  build("one.db", { k: "db" });
  build("two.cdb", { k: "cdb" });
  const maps = declareMaps([`Ka implicit ${folder}/one`, `Kb implicit ${folder}/two`, `Kc cdb ${folder}/two`]);
  expect(await ask(maps.map("a"), "k")).toBe("db");
  expect(await ask(maps.map("b"), "k")).toBe("cdb");
  expect(await ask(maps.map("c"), "k")).toBe("cdb");
});

test("the mode of a rebuilt database stays as it was", () => {
  const path = build("h.db", { k: "v" });
  expect(statSync(path).mode & 0o137).toBe(0);
  chmodSync(path, 0o604);
  build("h.db", { k: "w" });
  expect(statSync(path).mode & 0o777).toBe(0o604);
});

test("sequence asks one member after the other and remembers a temporary failure", async () => {
  build("a.db", { k: "a" });
  build("b.db", { k: "b", only: "b" });
  const maps = declareMaps([
    `Ka hash ${folder}/a`,
    `Kb hash ${folder}/b`,
    `Kn hash ${folder}/none`,
    "Ks sequence a b",
    "Kt sequence n a",
  ]);
  expect(await ask(maps.map("s"), "k")).toBe("a");
  expect(await ask(maps.map("s"), "ONLY")).toBe("b");
  expect(await ask(maps.map("s"), "none")).toBe("-");
  expect(await ask(maps.map("t"), "k")).toBe("a");
  expect(await ask(maps.map("t"), "none")).toBe("!");
});

test("switch asks NAME.service in the order of the service switch file", async () => {
  build("a.db", { k: "a" });
  const maps = declareMaps([`Ks.files hash ${folder}/a`, "Ks switch tab", "Kx switch other"], {
    services: tabServices,
  });
  expect(await ask(maps.map("s"), "k")).toBe("a");
  expect(await ask(maps.map("x"), "k")).toBe("!");
});

test("what a member of a switch finds stands as it is, whatever -a and -m of the switch say", async () => {
  build("a.db", { k: "a" });
  const maps = declareMaps([`Ks.files hash ${folder}/a`, "Ks switch -a.end -m tab"], { services: tabServices });
  expect(await ask(maps.map("s"), "K")).toBe("a");
});

describe("text", () => {
  const text = "alpha:one\nbeta:two words\ngamma:\nDelta:Mixed\nepsilon\n dup:first\ndup:second\nkey with space:val\n";

  test.each([
    ["-k0 -v1 -z:", "ALPHA", "one"],
    ["-k0 -v1 -z:", "beta", "two words"],
    ["-k0 -v1 -z:", "gamma", ""],
    ["-k0 -v1 -z:", "delta", "Mixed"],
    ["-k0 -v1 -z: -f", "delta", "Mixed"],
    ["-k0 -v1 -z:", "epsilon", "-"],
    ["-k0 -v1 -z:", "dup", "second"],
    ["-k0 -v1 -z:", "key with space", "val"],
    ["-k 1 -v 0 -z:", "one", "alpha"],
    ["-k 0 -v 1 -z", "key", "with"],
    ["-z:", "delta", "Delta"],
    ["-k0 -v1 -z: -a.end", "alpha", "one.end"],
    ["-k0 -v1", "key", "with"],
  ])("%s finds %j: %j", async (flags, key, expected) => {
    writeFileSync(join(folder, "t"), text);
    expect(await ask(declareMaps([`Kt text ${flags} ${folder}/t`]).map("t"), key)).toBe(expected);
  });

  test("wants an absolute path and column numbers", async () => {
    const messages: string[] = [];
    const context = lookupContext({ message: (each) => messages.push(each) });
    const maps = declareMaps(["Kd text rel/path", `Ke text -k x ${folder}/t`]);
    await maps.map("d").lookup("x", [], context);
    await maps.map("e").lookup("x", [], context);
    expect(messages).toEqual([
      'text map "d": file name must be fully qualified',
      `text map "e", file ${folder}/t: -k should specify a number, not x`,
    ]);
  });
});
