/** Programs beside sendmail as processes of their own: what a call inside of a test cannot show. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

const bin = join(import.meta.dirname, "../../bin");
const isRoot = process.getuid?.() === 0;
const uid = isRoot ? 54_321 : (process.getuid?.() ?? 0);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "companions-"));
  chmodSync(folder, 0o1777);
  const lines = ["joe", "ann"].map(
    (name, index) => `${name}:x:${isRoot ? uid + index : uid}:${uid}::${folder}:/bin/sh\n`,
  );
  writeFileSync(join(folder, "passwd"), lines.join(""));
});
afterEach(() => rmSync(folder, { recursive: true }));

function call(name: string, words: readonly string[], input = "") {
  const { status, stdout, stderr } = spawnSync(join(bin, name), words, { encoding: "latin1", input, timeout: 60_000 });
  return { status, stdout, stderr };
}

const mailLocal = (words: readonly string[], input: string) =>
  call("mail.local", ["-D", `passwd:${folder}/passwd`, "-p", folder, ...words], input);

test("smrsh becomes the shell: streams as they were given, nothing of our environment", () => {
  // `exit` is all that is there on a machine without /etc/mail/smrsh.
  expect(call("smrsh", ["-c", "echo a b && exit 3"])).toEqual({ status: 3, stdout: "a b\n", stderr: "" });
  expect(call("smrsh", ["-c", "/bin/nosuch"]).stderr).toBe(
    'smrsh: "nosuch" not available for sendmail programs (stat failed)\n',
  );
});

test("mail.local writes each mailbox as its user's, and no link", () => {
  const first = mailLocal(["-f", "x@b.test", "joe", "ann", "nosuch"], "Subject: x\n\nFrom here\n");
  expect(first).toEqual({ status: 69, stdout: "", stderr: "mail.local: nosuch: User unknown\n" });
  for (const [index, name] of ["joe", "ann"].entries()) {
    const { uid: owner, mode } = statSync(join(folder, name));
    expect([owner, mode & 0o777]).toEqual([isRoot ? uid + index : uid, 0o600]);
    expect(readFileSync(join(folder, name), "latin1")).toMatch(/^From x@b\.test .*\nSubject: x\n\n>From here\n\n$/);
  }
  rmSync(join(folder, "joe"));
  symlinkSync(join(folder, "ann"), join(folder, "joe"));
  const lmtp = mailLocal(["-l"], "MAIL FROM:<>\r\nRCPT TO:<joe>\r\nRCPT TO:<ann@b>\r\nDATA\r\nsecond\r\n.\r\nQUIT\r\n");
  expect(lmtp.stdout.split("\r\n").slice(5, 7)).toEqual([
    expect.stringMatching(/^451 4\.\d\.\d .*\/joe: /),
    "250 2.1.5 ann Ok",
  ]);
  expect(readFileSync(join(folder, "ann"), "latin1").match(/second/g)).toHaveLength(1);
  expect(lmtp.status).toBe(0);
});
