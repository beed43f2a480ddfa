import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { checkFile, explainUnopened, type FileUse, openSafely } from "../../../src/sys/safe-file.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "safe-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Folder and file with modes of their own, whatever the umask. */
function put(name: string, mode = 0o644): string {
  const path = join(folder, name);
  let parent = folder;
  for (const part of name.split("/").slice(0, -1)) {
    parent = join(parent, part);
    mkdirSync(parent, { recursive: true });
    chmodSync(parent, 0o755);
  }
  writeFileSync(path, "x");
  chmodSync(path, mode);
  return path;
}

function verdict(path: string, use: FileUse, ...dontBlame: string[]): string {
  const result = checkFile(path, use, { dontBlame: new Set(dontBlame) });
  return result.kind === "safe" ? "safe" : explainUnopened(result);
}

test("a file of ours in our folder is safe, and is opened", () => {
  const path = put("a");
  const opened = openSafely(path, "map", { dontBlame: new Set() });
  expect(opened.kind).toBe("open");
  if (opened.kind === "open") closeSync(opened.fd);
});

test.each<[FileUse, number, string, string]>([
  ["map", 0o777, "World writable directory", "MapInUnsafeDirPath"],
  ["map", 0o775, "Group writable directory", "MapInUnsafeDirPath"],
  ["class", 0o777, "World writable directory", "ClassFileInUnsafeDirPath"],
  ["forward", 0o777, "World writable directory", "ForwardFileInUnsafeDirPath"],
  ["include", 0o775, "Group writable directory", "IncludeFileInUnsafeDirPath"],
])("a %s below a folder of mode %i is unsafe: %s", (use, mode, problem, name) => {
  const path = put("d/e/a");
  chmodSync(join(folder, "d"), mode);
  expect(verdict(path, use)).toBe(`${problem} (${join(folder, "d")}; DontBlameSendmail=${name} would allow it)`);
  expect(verdict(path, use, name.toUpperCase())).toBe("safe");
});

test("GroupWritableDirPathSafe allows folders of the group, not of the world", () => {
  const path = put("d/a");
  chmodSync(join(folder, "d"), 0o775);
  expect(verdict(path, "map", "GroupWritableDirPathSafe")).toBe("safe");
  chmodSync(join(folder, "d"), 0o777);
  expect(verdict(path, "map", "GroupWritableDirPathSafe")).toMatch(/^World writable directory/);
});

test("a folder with the sticky bit is trusted for what is ours", () => {
  const path = put("d/a");
  chmodSync(join(folder, "d"), 0o1777);
  expect(verdict(path, "map")).toBe("safe");
});

test("the folder that a symbolic link points into counts as well", () => {
  const path = put("d/a");
  symlinkSync(join("d", "a"), join(folder, "link"));
  expect(verdict(join(folder, "link"), "map")).toBe("safe");
  chmodSync(join(folder, "d"), 0o777);
  expect(verdict(join(folder, "link"), "map")).toMatch(/^World writable directory/);
  expect(verdict(path, "map", "MapInUnsafeDirPath")).toBe("safe");
});

test("a link in a folder that others may write needs a name of its own", () => {
  put("a");
  mkdirSync(join(folder, "d"));
  symlinkSync("../a", join(folder, "d", "link"));
  chmodSync(join(folder, "d"), 0o777);
  expect(verdict(join(folder, "d", "link"), "map", "MapInUnsafeDirPath")).toMatch(/LinkedMapInWritableDir would allow/);
  expect(verdict(join(folder, "d", "link"), "map", "MapInUnsafeDirPath", "LinkedMapInWritableDir")).toBe("safe");
});

test("who may write the file itself matters for aliases, .forward and :include:, not for maps", () => {
  expect(verdict(put("a", 0o666), "map")).toBe("safe");
  expect(verdict(put("a", 0o646), "alias")).toMatch(/^World writable file .*WorldWritableAliasFile would allow it/);
  expect(verdict(put("a", 0o666), "alias", "WorldWritableAliasFile")).toMatch(/^Group writable file/);
  expect(verdict(put("a", 0o664), "forward")).toMatch(/^Group writable file .*GroupWritableForwardFile would allow it/);
  expect(verdict(put("a", 0o664), "include", "GroupWritableIncludeFile")).toBe("safe");
});

test("keys must not be readable by others", () => {
  expect(verdict(put("k", 0o640), "key")).toMatch(/^Group readable file .*GroupReadableKeyFile would allow it/);
  expect(verdict(put("k", 0o644), "key")).toMatch(/^World readable file/);
  expect(verdict(put("k", 0o600), "key")).toBe("safe");
});

test("only regular files, loops of links and files that are not there are told apart", () => {
  mkdirSync(join(folder, "d"));
  expect(verdict(join(folder, "d"), "map")).toMatch(/^Regular files only/);
  symlinkSync("loop", join(folder, "loop"));
  expect(verdict(join(folder, "loop"), "map")).toBe("Too many levels of symbolic links");
  expect(checkFile(join(folder, "none"), "map", { dontBlame: new Set() })).toEqual({
    kind: "absent",
    problem: "No such file or directory",
  });
});

test("the owner is checked when the use asks for it", () => {
  const path = put("a");
  const mine = process.getuid!();
  expect(checkFile(path, "forward", { dontBlame: new Set(), owner: mine }).kind).toBe("safe");
  const other = checkFile(path, "forward", { dontBlame: new Set(), owner: mine + 1 });
  expect(other.kind).toBe(mine === 0 ? "safe" : "unsafe");
});

test("a file that is swapped while it is opened is never read unchecked", async () => {
  writeFileSync(join(folder, "good"), "good");
  mkdirSync(join(folder, "open"));
  writeFileSync(join(folder, "open", "evil"), "evil");
  chmodSync(join(folder, "open"), 0o777);
  symlinkSync("good", join(folder, "a"));
  const swap = `
    const { symlinkSync, renameSync } = require("node:fs");
    const { workerData } = require("node:worker_threads");
    (function step() {
      for (const target of ["open/evil", "good"]) {
        symlinkSync(target, workerData + "/next");
        renameSync(workerData + "/next", workerData + "/a");
      }
      setImmediate(step);
    })();
  `;
  const worker = new Worker(swap, { eval: true, workerData: folder });
  const read = new Set<string>();
  for (let round = 0; round < 1500; round++) {
    const opened = openSafely(join(folder, "a"), "include", { dontBlame: new Set() });
    if (opened.kind !== "open") continue;
    read.add(readFileSync(opened.fd, "utf8"));
    closeSync(opened.fd);
  }
  await worker.terminate();
  expect([...read]).toEqual(["good"]);
});

test("a pipe in place of a file holds nobody up", () => {
  const pipe = join(folder, "pipe");
  expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
  expect(verdict(pipe, "include")).toMatch(/^Regular files only/);
  expect(openSafely(pipe, "include", { dontBlame: new Set() }).kind).toBe("unsafe");
});

test.each<[FileUse, string]>([
  ["forward", "Forward"],
  ["include", "Include"],
])("a %s file that only DontBlameSendmail lets be read names no programs", (use, word) => {
  const may = (path: string, ...names: string[]): boolean | undefined => {
    const checked = checkFile(path, use, { dontBlame: new Set(names.map((name) => name.replace("X", word))) });
    return checked.kind === "safe" ? checked.mayNamePrograms : undefined;
  };
  const path = put("d/a", 0o664);
  expect(may(path)).toBeUndefined();
  expect(may(path, "GroupWritableXFile")).toBe(false);
  expect(may(path, "GroupWritableXFile", "GroupWritableXFileSafe")).toBe(true);
  chmodSync(path, 0o666);
  expect(may(path, "GroupWritableXFile", "WorldWritableXFile", "GroupWritableXFileSafe")).toBe(false);
  chmodSync(path, 0o644);
  chmodSync(join(folder, "d"), 0o777);
  expect(may(path, "XFileInUnsafeDirPath")).toBe(false);
  expect(may(path, "XFileInUnsafeDirPath", "XFileInUnsafeDirPathSafe")).toBe(true);
  chmodSync(join(folder, "d"), 0o775);
  expect(may(path, "XFileInGroupWritableDirPath")).toBe(true);
  expect(may(path, "GroupWritableDirPathSafe")).toBe(true);
});
