/**
 * test/peers/install with packages of our own invention: what it leaves behind when all goes well, when the source of packages
 * cannot be reached (then tests may be skipped), and when something else is wrong (then they may not).
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

const TOOLS =
  "sh awk cat cksum cp cut dirname find flock grep head id ln ls mkdir mv rm sed sort tail touch tr chmod".split(" ");
const PLACES = ["/bin", "/usr/bin"];

let folder: string;
let bin: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "peers-install-")));
  bin = join(folder, "bin");
  mkdirSync(bin);
  mkdirSync(join(folder, "lists"));
  writeFileSync(join(folder, "lists/some_Packages"), "");
  for (const tool of TOOLS)
    symlinkSync(
      PLACES.map((place) => join(place, tool)).find((file) => existsSync(file))!,
      join(bin, tool),
    );
  // A copy, with a list of its own.
  mkdirSync(join(folder, "test"));
  cpSync(join(import.meta.dirname, "../peers/install"), join(folder, "test/install"));
  writeFileSync(
    join(folder, "test/packages"),
    "# comment\nsendmail: one two\ntools: three nosuch?four sh?five\nown: sh?six\n",
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, text: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >>${folder}/calls\n${text}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** @param download what `apt-get download` does; its packages are the last words */
function packages(download: string): void {
  program(
    "apt-get",
    `for last; do case $last in update) exit 0 ;; esac; done
case "$*" in
  *'-s install'*recommends) exit 0 ;;
  *'-s install'*) echo 'Inst needed (1.0 Debian)'; exit 0 ;;
esac
while [ "$1" != download ]; do shift; done
shift
[ $# -gt 0 ] || exit 100 # as apt does with nothing to download
${download}`,
  );
  program(
    "dpkg",
    'mkdir -p "$3/usr/bin" "$3/lib" && touch "$3/usr/bin/$(basename "$2" .deb)" "$3/lib/lib-$(basename "$2" .deb)"',
  );
  symlinkSync("/usr/bin/basename", join(bin, "basename"));
}

function install() {
  rmSync(join(folder, "calls"), { force: true });
  const { status, stdout, stderr } = spawnSync(join(folder, "test/install"), {
    encoding: "latin1",
    env: { PATH: bin, RULEMAIL_PEERS: join(folder, "cache"), RULEMAIL_APT_LISTS: join(folder, "lists") },
  });
  const calls = existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "latin1") : "";
  return { status, said: stdout + stderr, calls };
}

function has(file: string): boolean {
  return existsSync(join(folder, "cache", file));
}

test("unpacks each folder's packages and what they need, once, and then says nothing", () => {
  packages('for each; do touch "$each.deb"; done');
  const first = install();
  expect(first.status).toBe(0);
  expect(first.said).toMatch(/^test\/peers\/install: unpacking [^\n]*\n$/);
  for (const file of ["one", "two", "needed"]) expect(has(`sendmail/usr/bin/${file}`)).toBe(true);
  // Only what the machine has not: it has sh.
  expect(["three", "four", "five"].map((name) => has(`tools/usr/bin/${name}`))).toEqual([true, true, false]);
  expect(has("own")).toBe(true);
  expect(has("tools/usr/lib/lib-three") && !has("tools/lib")).toBe(true);
  expect(has("unreachable")).toBe(false);
  expect(install()).toEqual({ status: 0, said: "", calls: "" });
});

test("another list of packages is fetched anew", () => {
  packages('for each; do touch "$each.deb"; done');
  install();
  writeFileSync(join(folder, "test/packages"), "sendmail: six\n");
  expect(install().status).toBe(0);
  expect(has("sendmail/usr/bin/six") && !has("sendmail/usr/bin/one")).toBe(true);
});

test.each([
  ["no apt-get", () => undefined, /no Debian/],
  [
    "empty lists",
    () => (packages("exit 1"), rmSync(join(folder, "lists/some_Packages"))),
    /lists of packages are empty/,
  ],
  [
    "no answer",
    () => packages("echo 'E: Failed to fetch something  Could not connect' >&2; exit 100"),
    /Failed to fetch/,
  ],
])(
  "%s: says so, succeeds, and leaves the mark by which tests are skipped; the next run tries again",
  (_, arrange, reason) => {
    arrange();
    const { status, said } = install();
    expect(status).toBe(0);
    expect(said).toMatch(reason);
    expect(readFileSync(join(folder, "cache/unreachable"), "latin1")).toMatch(reason);
    writeFileSync(join(folder, "lists/some_Packages"), "");
    rmSync(join(bin, "apt-get"), { force: true });
    rmSync(join(bin, "basename"), { force: true });
    packages('for each; do touch "$each.deb"; done');
    expect(install().status).toBe(0);
    expect(has("unreachable")).toBe(false);
    expect(has("complete")).toBe(true);
  },
);

test.each([
  ["a package that does not exist", "echo 'E: Unable to locate package one' >&2; exit 100", "true"],
  ["a package that cannot be unpacked", 'for each; do touch "$each.deb"; done', "exit 1"],
])("%s is a failure, and nothing counts as complete", (_, download, unpack) => {
  packages(download);
  if (unpack !== "true") program("dpkg", unpack);
  const { status } = install();
  expect(status).toBe(1);
  expect(has("unreachable") || has("complete")).toBe(false);
});
