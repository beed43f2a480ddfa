/** Root gives the server's files to the server's user, who may have laid traps there before. Needs root. */
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { CLIENT_QUEUE, HOST_STATUS, QUEUE } from "../../../src/daemon/own-files.ts";
import { shareFolder, takeOverFile, takeOverFolder } from "../../../src/daemon/take-over.ts";

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;
const IDS = { uid: 52201, gid: 52202 };
const OTHER = 52203;

let top: string;
let queue: string;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "take-"));
  queue = join(top, "queue");
  mkdirSync(join(queue, "journal"), { recursive: true, mode: 0o755 });
  for (const name of ["qfABCDEF123456", "dfABCDEF123456", "lock.db", "journal/0000000001", "notes", "journal/x y"]) {
    writeFileSync(join(queue, name), "x", { mode: 0o600 });
  }
});
afterEach(() => rmSync(top, { recursive: true }));

const ownerOf = (path: string): string => {
  const { uid, gid } = statSync(path);
  return `${uid}:${gid}`;
};
const inQueue = (name: string): string => ownerOf(join(queue, name));

asRoot("takeOverFolder()", () => {
  test("gives what is the server's, by its name, and closes the folder", () => {
    expect(takeOverFolder(queue, QUEUE, IDS)).toEqual([]);
    const given = ["", "journal", "qfABCDEF123456", "dfABCDEF123456", "lock.db", "journal/0000000001"].map(inQueue);
    expect(new Set(given)).toEqual(new Set(["52201:52202"]));
    expect(["notes", "journal/x y"].map(inQueue)).toEqual(["0:0", "0:0"]);
    expect(statSync(queue).mode & 0o7777).toBe(0o700);
    expect(takeOverFolder(queue, QUEUE, IDS)).toEqual([]);
  });

  test("takes over from another user, too", () => {
    takeOverFolder(queue, QUEUE, { uid: OTHER, gid: OTHER });
    takeOverFolder(queue, QUEUE, IDS);
    expect(inQueue("journal/0000000001")).toBe("52201:52202");
  });

  test("follows no link that lies in the folder, and gives no file that has a second name", () => {
    const secret = join(top, "secret");
    const linked = join(top, "linked");
    for (const file of [secret, linked]) writeFileSync(file, "root's", { mode: 0o600 });
    symlinkSync(secret, join(queue, "qfSECRET123456"));
    linkSync(linked, join(queue, "dfLINKED123456"));
    mkdirSync(join(queue, "tfFOLDER123456"));
    const problems = takeOverFolder(queue, QUEUE, IDS);
    expect([secret, linked].map(ownerOf)).toEqual(["0:0", "0:0"]);
    expect(problems.map((text) => text.replace(top, ""))).toEqual([
      expect.stringMatching(/dfLINKED123456: it has another name, too/),
      expect.stringMatching(/qfSECRET123456: .*ELOOP/),
      expect.stringMatching(/tfFOLDER123456: not a regular file/),
    ]);
    expect(inQueue("qfABCDEF123456")).toBe("52201:52202");
  });

  test("a folder of the queue that was swapped for a link is not followed", () => {
    const victim = join(top, "victim");
    mkdirSync(victim);
    writeFileSync(join(victim, "0000000001"), "root's");
    rmSync(join(queue, "journal"), { recursive: true });
    symlinkSync(victim, join(queue, "journal"));
    expect(takeOverFolder(queue, QUEUE, IDS)).toHaveLength(1);
    expect([ownerOf(victim), ownerOf(join(victim, "0000000001"))]).toEqual(["0:0", "0:0"]);
  });

  test("goes only ways that root laid", () => {
    const theirs = join(top, "theirs");
    mkdirSync(theirs);
    renameSync(queue, join(theirs, "queue"));
    chownSync(theirs, OTHER, OTHER);
    expect(takeOverFolder(join(theirs, "queue"), QUEUE, IDS)).toEqual([
      expect.stringContaining(`a folder above it belongs to user ${OTHER}`),
    ]);
    chownSync(theirs, 0, 0);
    chmodSync(theirs, 0o777);
    expect(takeOverFolder(join(theirs, "queue"), QUEUE, IDS)).toEqual([
      expect.stringContaining("others than root may write a folder above it"),
    ]);
    expect(ownerOf(join(theirs, "queue"))).toBe("0:0");
    chmodSync(theirs, 0o1777);
    expect(takeOverFolder(join(theirs, "queue"), QUEUE, IDS)).toEqual([]);
  });

  test("follows a link of root's to the folder, and none of others", () => {
    for (const [uid, wanted] of [
      [OTHER, "0:0"],
      [0, "52201:52202"],
    ] as const) {
      const link = join(top, `link-${uid}`);
      symlinkSync("queue", link);
      lchownSync(link, uid, uid);
      takeOverFolder(link, QUEUE, IDS);
      expect(ownerOf(queue)).toBe(wanted);
    }
  });

  test("in the client queue owners stay, who tell whose mail it is", () => {
    chownSync(join(queue, "qfABCDEF123456"), OTHER, 0);
    expect(takeOverFolder(queue, CLIENT_QUEUE, IDS)).toEqual([]);
    expect([inQueue("qfABCDEF123456"), inQueue("")]).toEqual([`${OTHER}:52202`, "52201:52202"]);
  });

  test("host status is a tree of hosts", () => {
    const status = join(top, "hoststat");
    mkdirSync(join(status, "test./far."), { recursive: true });
    writeFileSync(join(status, "test./far./mx"), "V0\n");
    symlinkSync(queue, join(status, "test./near."));
    expect(takeOverFolder(status, HOST_STATUS, IDS)).toHaveLength(1);
    const given = ["", "test.", "test./far.", "test./far./mx"].map((name) => ownerOf(join(status, name)));
    expect(new Set(given)).toEqual(new Set(["52201:52202"]));
    expect(inQueue("")).toBe("0:0");
  });

  test("what is not there is nobody's", () => {
    expect(takeOverFolder(join(top, "none"), QUEUE, IDS)).toEqual([]);
    expect(takeOverFile(join(top, "none"), IDS)).toEqual([]);
  });
});

asRoot("shareFolder()", () => {
  test("lets the group make files, and leaves root's to root", () => {
    chmodSync(top, 0o755);
    expect(shareFolder(top, IDS)).toEqual([]);
    expect([ownerOf(top), statSync(top).mode & 0o7777]).toEqual(["0:52202", 0o1775]);
    expect(shareFolder(top, IDS)).toEqual([]);
  });

  test("leaves a folder that is the user's as it is", () => {
    chownSync(top, IDS.uid, IDS.gid);
    chmodSync(top, 0o750);
    shareFolder(top, IDS);
    expect(statSync(top).mode & 0o7777).toBe(0o750);
  });
});

test("the ids of this test are nobody's", () => {
  expect(new Set([IDS.uid, IDS.gid, OTHER, 0]).size).toBe(4);
});
