/** Mailboxes in a folder where everybody may make files: whose is what lies there under a user's name? Needs root. */
import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { mailboxTasks } from "../../../src/mailbox/tasks.ts";
import type { Busy, TaskResult } from "../../../src/rights/task.ts";

import { octets, tools } from "../../support/mailbox-tools.ts";

const JOE = 52_001;
const MALLORY = 52_002;
const needsRoot = process.getuid?.() === 0 ? describe : describe.skip;

let spool: string;
beforeEach(() => {
  spool = mkdtempSync(join(tmpdir(), "spool-"));
  chmodSync(spool, 0o1777);
});
afterEach(() => rmSync(spool, { recursive: true }));

/** Writes one message with joe's rights. */
function deliver(kind: string, owner: number | undefined = JOE): TaskResult | Busy {
  process.seteuid!(JOE);
  try {
    const argument = { path: join(spool, "joe"), ...(owner === undefined ? {} : { owner }) };
    return mailboxTasks.get(kind)!(argument, octets("secret\n"), tools());
  } finally {
    process.seteuid!(0);
  }
}

function folderOf(uid: number, path: string): string {
  for (const name of ["", "tmp", "new", "cur"]) {
    mkdirSync(join(path, name));
    chmodSync(join(path, name), 0o777);
    chownSync(join(path, name), uid, uid);
  }
  return path;
}

function fileOf(uid: number, path: string): string {
  writeFileSync(path, "");
  chmodSync(path, 0o666);
  chownSync(path, uid, uid);
  return path;
}

function link(uid: number, target: string): void {
  symlinkSync(target, join(spool, "joe"));
  lchownSync(join(spool, "joe"), uid, uid);
}

/** What was there first → what a delivery says. */
const cases: readonly (readonly [string, string, () => unknown, string])[] = [
  ["mbox", "nothing", () => undefined, ""],
  ["mbox", "his own file", () => fileOf(JOE, join(spool, "joe")), ""],
  ["mbox", "a file of root's", () => fileOf(0, join(spool, "joe")), ""],
  ["mbox", "a file of another user's", () => fileOf(MALLORY, join(spool, "joe")), "belongs to another user"],
  [
    "mbox",
    "a link to his own file",
    () => link(JOE, fileOf(JOE, join(spool, "x"))),
    "Too many levels of symbolic links",
  ],
  ...["maildir", "mh"].flatMap((kind) =>
    (
      [
        ["nothing", () => undefined, ""],
        ["his own folder", () => folderOf(JOE, join(spool, "joe")), ""],
        ["a folder of root's", () => folderOf(0, join(spool, "joe")), ""],
        ["a folder of another user's", () => folderOf(MALLORY, join(spool, "joe")), "belongs to another user"],
        [
          "another user's link to that one's folder",
          () => link(MALLORY, folderOf(MALLORY, join(spool, "x"))),
          "is a link",
        ],
        ["another user's link to his own folder", () => link(MALLORY, folderOf(JOE, join(spool, "x"))), "is a link"],
        ["a link to nothing", () => link(MALLORY, join(spool, "x")), "is a link"],
      ] as const
    ).map(([what, prepare, reason]) => [kind, what, prepare, reason] as const),
  ),
];

needsRoot("a mailbox in a folder of everybody's", () => {
  test.each(cases)("%s, where there is %s", (kind, _what, prepare, reason) => {
    prepare();
    const result = deliver(kind);
    expect(result.text).toBe(reason === "" ? "" : `${join(spool, "joe")}: ${reason}`);
    expect(result).toMatchObject(reason === "" ? { kind: "done" } : { kind: "later" });
    const written = readdirSync(spool, { recursive: true, withFileTypes: true }).filter(
      (each) => each.isFile() && readFileSync(join(each.parentPath, each.name), "utf8").includes("secret"),
    );
    expect(written).toHaveLength(reason === "" ? 1 : 0);
  });

  test.each(["maildir", "mh"])("%s: a user's own link counts where only he makes links", (kind) => {
    chmodSync(spool, 0o755);
    chownSync(spool, JOE, JOE);
    link(JOE, folderOf(JOE, join(spool, "x")));
    expect(deliver(kind)).toMatchObject({ kind: "done" });
  });

  test("a mailbox that no user owns is not looked at", () => {
    folderOf(MALLORY, join(spool, "joe"));
    expect(deliver("maildir", MALLORY)).toMatchObject({ kind: "done" });
    expect(deliver("maildir", -1)).toMatchObject({ kind: "done" });
  });
});

test("the users have uids of their own", () => {
  expect(JOE).not.toBe(MALLORY);
});
