/**
 * A user's first mailbox made with root's rights: only where nobody else could have had a hand in, and never by way of what
 * was there before. As another user than root nothing of this happens; the tests then see that.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { makeNewMailbox } from "../../../src/mailbox/new-mailbox.ts";

const isRoot = process.getuid?.() === 0;
const ANN = { uid: 31_001, gid: 31_001 };
const BOB = 31_002;
const MAIL = 31_008;

let folder: string;
let spool: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "new-mailbox-"));
  chmodSync(folder, 0o755);
  spool = join(folder, "mail");
  mkdirSync(spool);
  chmodSync(spool, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function give(path: string, uid: number, gid: number): void {
  if (isRoot) chownSync(path, uid, gid);
}

/** "600 31001:31008 file", or "nothing". */
function look(name = "ann"): string {
  const stats = lstatSync(join(spool, name), { throwIfNoEntry: false });
  if (stats === undefined) return "nothing";
  const kind = stats.isDirectory() ? "folder" : stats.isSymbolicLink() ? "link" : "file";
  return `${(stats.mode & 0o7777).toString(8)} ${stats.uid}:${stats.gid} ${kind}`;
}

function make(kind: "mbox" | "maildir" | "mh" = "mbox", owner = ANN): string {
  makeNewMailbox(kind, join(spool, "ann"), owner);
  return look();
}

describe("a folder in which a mailbox is made", () => {
  const mine = isRoot ? "600 31001:31001 file" : "nothing";
  const shared = isRoot ? `600 31001:${MAIL} file` : "nothing";
  test.each<[string, () => void, string]>([
    ["root's", () => undefined, mine],
    ["as Debian's /var/mail", () => (give(spool, 0, MAIL), chmodSync(spool, 0o2775)), shared],
    ["by way of root's link", () => (symlinkSync(spool, join(folder, "link")), (spool = join(folder, "link"))), mine],
    ["that every user may write", () => chmodSync(spool, 0o1777), "nothing"],
    ["that every user may write without the sticky bit", () => chmodSync(spool, 0o777), "nothing"],
    ["of another user", () => give(spool, BOB, BOB), "nothing"],
    ["below a folder of another user", () => give(folder, BOB, BOB), "nothing"],
    ["below one that a group may write", () => (give(folder, 0, MAIL), chmodSync(folder, 0o775)), "nothing"],
    ["below one that all may write", () => chmodSync(folder, 0o777), "nothing"],
    ["that is not there", () => rmSync(spool, { recursive: true }), "nothing"],
  ])("%s", (_, arrange, wanted) => {
    arrange();
    expect(make()).toBe(wanted);
  });
});

describe("what is there already stays", () => {
  test("a link, and what it points to", () => {
    const target = join(folder, "secret");
    writeFileSync(target, "secret");
    for (const to of [target, join(folder, "nothing")]) {
      symlinkSync(to, join(spool, "ann"));
      expect(make()).toMatch(/ 0:0 link$|^777 /);
      rmSync(join(spool, "ann"));
    }
    expect(lstatSync(target).uid).toBe(process.getuid?.());
    expect(readFileSync(target, "latin1")).toBe("secret");
    expect(existsSync(join(folder, "nothing"))).toBe(false);
  });

  test("somebody's file, and somebody's folder", () => {
    writeFileSync(join(spool, "ann"), "old", { mode: 0o600 });
    give(join(spool, "ann"), BOB, BOB);
    const before = look();
    expect(make()).toBe(before);
    rmSync(join(spool, "ann"));
    mkdirSync(join(spool, "ann"));
    give(join(spool, "ann"), BOB, BOB);
    const folderBefore = look();
    expect(make("maildir")).toBe(folderBefore);
  });
});

test.each(["maildir", "mh"] as const)("a %s is a folder of its owner", (kind) => {
  expect(make(kind)).toBe(isRoot ? "700 31001:31001 folder" : "nothing");
});

test("root makes his own as every user does", () => {
  expect(make("mbox", { uid: 0, gid: 0 })).toBe("nothing");
});
