import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { runEditmap } from "../../../src/cli/editmap.ts";
import { runMakemap } from "../../../src/cli/makemap.ts";
import { runCommand } from "../../support/command.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "makemap-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

const makemap = (words: readonly string[], input = "") => runCommand(runMakemap, words, input);

async function list(name: string, ...flags: string[]): Promise<string> {
  return (await makemap(["-u", ...flags, "hash", join(folder, name)])).output;
}

async function build(
  flags: readonly string[],
  input: string,
): Promise<{ status: number; output: string; errors: string }> {
  const result = await makemap([...flags, "hash", join(folder, "t")], input);
  return { ...result, errors: result.errors.replaceAll(join(folder, "t"), "t") };
}

test("builds a database from lines, keys in lower case, and lists it", async () => {
  expect(await build([], "key1\tv1\n# c\n\nK2  v2 two  \n\xe9A x")).toEqual({ status: 0, output: "", errors: "" });
  expect(await list("t")).toBe("key1\tv1\nk2\tv2 two  \n\xe9a\tx\n");
});

test("wrong lines are reported, the others are built", async () => {
  const { status, errors } = await build([], "a\nb \n c d\nd e\nd f\n");
  expect(status).toBe(65);
  expect(errors).toBe(
    "makemap: t: line 1: no RHS for LHS a\nmakemap: t: line 2: no RHS for LHS b\n" +
      "makemap: t: line 3: syntax error (leading space)\nmakemap: t: line 5: key d: duplicate key\n",
  );
  expect(await list("t")).toBe("d\te\n");
});

test.each([
  [["-e"], "a\nb c\n", "a\t\nb\tc\n"],
  [["-f"], "Ab c\n", "Ab\tc\n"],
  [["-r"], "a 1\na 2\n", "a\t2\n"],
  [["-d"], "a 1\na 2\n", "a\t1\na\t2\n"],
  [["-t", ":"], "a b:  c d\n e::f\n", "a b\t  c d\n e\tf\n"],
  [["-D%"], "% x\n#k v\n", "#k\tv\n"],
  [["-N"], "a b\n", "a\tb\n"],
])("obeys %j", async (flags, input, expected) => {
  expect((await build(flags, input)).status).toBe(0);
  expect(await list("t")).toBe(expected);
});

test("-o adds to what is there, and -r replaces", async () => {
  await build([], "a 1\nb 2\n");
  expect((await build(["-o"], "c 3\nb 4\n")).errors).toBe("makemap: t: line 2: key b: duplicate key\n");
  expect(await list("t")).toBe("a\t1\nb\t2\nc\t3\n");
  expect((await build(["-o", "-r"], "b 5\n")).status).toBe(0);
  expect(await list("t", "-t:")).toBe("a:1\nb:5\nc:3\n");
});

test("-v tells each entry", async () => {
  expect((await build(["-v"], "a 1\n")).output).toBe("key=`a', val=`1'\n");
});

test("a btree lists its keys in order", async () => {
  await makemap(["btree", join(folder, "b")], "c 3\na 1\nb 2\n");
  expect((await makemap(["-u", "btree", join(folder, "b")])).output).toBe("a\t1\nb\t2\nc\t3\n");
});

test("-l lists the classes", async () => {
  expect((await makemap(["-l"])).output).toBe("hash\nbtree\ndbm\ncdb\nimplicit\n");
  expect((await makemap(["-lv"])).output).toBe("hash:db\nbtree:db\ndbm:db\ncdb:cdb\nimplicit:db\n");
});

test("says what is wrong with the command line", async () => {
  const usage = await makemap(["hash"]);
  expect(usage.status).toBe(64);
  expect(usage.errors).toMatch(/^Usage: makemap /);
  expect((await makemap(["-Q", "hash", "x"])).errors).toMatch(/^makemap: invalid option -- 'Q'\nUsage: /);
  expect((await makemap(["-t"])).errors).toMatch(/^makemap: option requires an argument -- 't'\nUsage: /);
  const unknown = await makemap(["nosuch", "x"]);
  expect(unknown).toMatchObject({
    status: 73,
    errors: "makemap: error opening type nosuch map x: Unknown database type\n",
  });
  expect(await makemap(["-C", "/nosuch/cf", "hash", "x"])).toMatchObject({
    status: 66,
    errors: "makemap: /nosuch/cf: No such file or directory\n",
  });
});

test("does not write where it must not", async () => {
  expect(await makemap(["hash", "/nosuchdir/x"], "a b\n")).toMatchObject({
    status: 73,
    errors: "makemap: error opening type hash map /nosuchdir/x: No such file or directory\n",
  });
  await build([], "a b\n");
  symlinkSync("t.db", join(folder, "l.db"));
  expect((await makemap(["hash", join(folder, "l")], "a c\n")).errors).toMatch(/: Symbolic links not allowed\n$/);
  expect((await makemap(["-s", "hash", join(folder, "l")], "a c\n")).status).toBe(0);
  expect(await list("t")).toBe("a\tc\n");
  linkSync(join(folder, "t.db"), join(folder, "hard.db"));
  expect((await build([], "a b\n")).errors).toMatch(/: Hard links not allowed\n$/);
  mkdirSync(join(folder, "d.db"));
  expect((await makemap(["hash", join(folder, "d")], "a b\n")).errors).toMatch(/: Regular files only\n$/);
});

test("warns of a folder that everybody may write", async () => {
  mkdirSync(join(folder, "d"));
  chmodSync(join(folder, "d"), 0o777);
  const { status, errors } = await makemap(["hash", join(folder, "d", "x")], "a b\n");
  expect({ status, errors }).toEqual({ status: 0, errors: `WARNING: World writable directory ${folder}/d\n` });
});

test("lists no database that is missing or of another program", async () => {
  expect(await makemap(["-u", "hash", join(folder, "none")])).toMatchObject({
    status: 73,
    errors: `makemap: error opening type hash map ${folder}/none: No such file or directory\n`,
  });
  writeFileSync(join(folder, "bad.db"), "nonsense");
  expect((await makemap(["-u", "hash", join(folder, "bad")])).errors).toMatch(/: shorter than its head\n$/);
});

/** The head of a Berkeley hash database, version 9. */
function berkeley(name: string): Buffer {
  const content = Buffer.alloc(4096);
  content.writeUInt32LE(0x061561, 12);
  content.writeUInt32LE(9, 16);
  content.writeUInt32LE(4096, 20);
  writeFileSync(join(folder, name), content);
  return content;
}

test("a Berkeley database of another program is never replaced: makemap and editmap work on one beside it", async () => {
  const before = berkeley("t.db");
  const refused = await build(["-o"], "a 1\n");
  expect(refused).toMatchObject({
    status: 73,
    errors: expect.stringMatching(/Berkeley database, which is not read here$/m),
  });
  const built = await build([], "a 1\n");
  expect(built.status).toBe(0);
  expect(built.errors).toMatch(/^makemap: t\.db is a Berkeley database .* stays as it is; .*: t\.cdb$/m);
  expect((await build(["-o"], "b 2\n")).status).toBe(0);
  await runCommand(runEditmap, ["-u", "hash", join(folder, "t"), "c", "3"], "");
  expect(await list("t")).toBe("a\t1\nb\t2\nc\t3\n");
  expect(readFileSync(join(folder, "t.db"))).toEqual(before);
});

test("a new database is as open as its text; one that is there keeps its mode", async () => {
  const mode = (): number => statSync(join(folder, "t.db")).mode & 0o777;
  const umask = process.umask(0o022);
  for (const [text, wanted] of [
    [undefined, 0o640],
    [0o600, 0o640],
    [0o644, 0o644],
  ] as const) {
    rmSync(join(folder, "t.db"), { force: true });
    if (text !== undefined) {
      writeFileSync(join(folder, "t"), "a b\n");
      chmodSync(join(folder, "t"), text);
    }
    await build([], "a b\n");
    expect(mode()).toBe(wanted);
  }
  chmodSync(join(folder, "t.db"), 0o600);
  await build([], "a b\n");
  process.umask(umask);
  expect(mode()).toBe(0o600);
});
