import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { CallerProof, CALLERS_MODE, clearCallersFolder, makeCallersFolder } from "../../../src/control/caller-check.ts";
import { type Challenge, isChallenge, showWhoCalls } from "../../../src/control/caller-proof.ts";

const me = process.getuid?.() ?? 0;
const asRoot = me === 0 ? test : test.skip;
const VICTIM = 52101;

let top: string;
let folder: string;
let proof: CallerProof;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "callers-"));
  chmodSync(top, 0o755);
  folder = join(top, "callers");
  makeCallersFolder(folder);
  proof = new CallerProof(folder);
});
afterEach(() => rmSync(top, { recursive: true }));

/** A file with the wanted text somewhere else, as its owner left it. */
function elsewhere(text: string, mode = 0o644): string {
  const file = join(top, "elsewhere");
  writeFileSync(file, text);
  chmodSync(file, mode);
  if (me === 0) chownSync(file, VICTIM, VICTIM);
  return file;
}

describe("CallerProof", () => {
  test("knows who made the file, for the rest of the connection, and leaves nothing behind", () => {
    expect(proof.uid()).toBeUndefined();
    const challenge = proof.challenge();
    expect(isChallenge(challenge)).toBe(true);
    const umask = process.umask(0o077);
    expect(showWhoCalls(folder, challenge)).toBe(true);
    process.umask(umask);
    expect([proof.uid(), proof.uid()]).toEqual([me, me]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a challenge that nobody met, or met too late, proves nothing", () => {
    const challenge = proof.challenge();
    expect(proof.uid()).toBeUndefined();
    showWhoCalls(folder, challenge);
    expect(proof.uid()).toBeUndefined();
    clearCallersFolder(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("a challenge is met once: nobody can make the file a second time", () => {
    const challenge = proof.challenge();
    expect([showWhoCalls(folder, challenge), showWhoCalls(folder, challenge)]).toEqual([true, false]);
  });

  const spoofs: Readonly<Record<string, (path: string, challenge: Challenge) => void>> = {
    "a symbolic link": (path, { token }) => symlinkSync(elsewhere(token), path),
    "a hard link": (path, { token }) => linkSync(elsewhere(token), path),
    "a file that was moved there": (path) => renameSync(elsewhere("what its owner wrote"), path),
    "a text that goes on": (path, { token }) => renameSync(elsewhere(`${token}x`), path),
    "a file that others may write": (path, { token }) => renameSync(elsewhere(token, 0o666), path),
    "a file that its group may write": (path, { token }) => renameSync(elsewhere(token, 0o664), path),
    "a folder": (path) => mkdirSync(path),
    "a pipe": (path) => void spawnSync("mkfifo", ["-m", "644", path]),
    "an empty file": (path) => writeFileSync(path, ""),
  };
  test.each(Object.entries(spoofs))("%s proves nothing", (_, spoof) => {
    const challenge = proof.challenge();
    spoof(join(folder, challenge.file), challenge);
    expect(readdirSync(folder)).toHaveLength(1);
    expect(proof.uid()).toBeUndefined();
  });

  asRoot("a user makes the file with his own rights; nobody can list or take away those of others", () => {
    const challenge = proof.challenge();
    const path = join(folder, challenge.file);
    const ids = { uid: VICTIM, gid: VICTIM };
    const script = `umask 077; printf %s ${challenge.token} > ${path} && chmod 644 ${path}`;
    expect(spawnSync("sh", ["-c", script], ids).status).toBe(0);
    expect(spawnSync("ls", [folder], { uid: 52102, gid: 52102 }).status).not.toBe(0);
    expect(spawnSync("rm", ["-f", path], { uid: 52102, gid: 52102 }).status).not.toBe(0);
    expect(proof.uid()).toBe(VICTIM);
  });
});

test("what a server asks for is made only where it may ask", () => {
  const word = "0123456789abcdef0123456789abcdef";
  expect(isChallenge({ file: word, token: word })).toBe(true);
  for (const file of ["../x", "", `${word}0`, word.toUpperCase(), 7]) {
    expect(isChallenge({ file, token: word })).toBe(false);
    expect(isChallenge({ file: word, token: file })).toBe(false);
  }
});

test("the folder is everybody's to write in, whatever the umask", () => {
  const umask = process.umask(0o077);
  makeCallersFolder(join(top, "other"));
  process.umask(umask);
  expect(statSync(join(top, "other")).mode & 0o7777).toBe(CALLERS_MODE);
});
