/** `rulemail passwd`: what it keeps, what it refuses, and where it finds its file. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { listPasswords } from "../../../src/logins/password-editor.ts";
import { isPassword } from "../../../src/logins/password-record.ts";
import { runPasswd } from "../../../src/cli/passwd.ts";
import { runCommand } from "../../support/command.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "passwd-")));
  file = join(folder, "passwords");
});
afterEach(() => rmSync(folder, { recursive: true }));

const passwd = (words: readonly string[], input = "") => runCommand(runPasswd, [...words], input);
const records = () => listPasswords({ path: file, safety: { dontBlame: new Set() } });

test("a user is added, disabled, enabled, given a new password and removed", async () => {
  expect(await passwd(["add", "-f", file, "joe"], "right horse\n")).toEqual({ status: 0, output: "", errors: "" });
  expect(readFileSync(file, "utf8")).not.toContain("right horse");
  const [{ scrypt }] = records();
  expect(scrypt && (await isPassword(scrypt, "right horse"))).toBe(true);
  expect((await passwd(["-f", file, "disable", "joe"])).status).toBe(0);
  expect((await passwd(["set", "-p", "-f", file, "joe"], "another one\r\n")).status).toBe(0);
  expect((await passwd(["list", "-f", file])).output).toBe(
    "joe\tdisabled\tPLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5\n",
  );
  expect((await passwd(["enable", "-f", file, "joe"])).status).toBe(0);
  expect(records()).toMatchObject([{ name: "joe", disabled: false, plain: "another one" }]);
  expect((await passwd(["remove", "-f", file, "joe"])).status).toBe(0);
  expect(records()).toEqual([]);
});

test.each([
  [["add", "a b"], "long enough\n", 65, /no blanks/],
  [["add", "joe"], "short\n", 65, /at least 8/],
  [["add", "joe"], "", 65, /wanted on standard input/],
  [["set", "joe"], "long enough\n", 67, /no user joe/],
  [["disable", "joe"], "", 67, /no user joe/],
  [["add"], "", 64, /^usage/],
  [["list", "joe"], "", 64, /^usage/],
  [["change", "joe"], "", 64, /^usage/],
])("%j with %j ends with %i", async ([command, ...names], input, status, errors) => {
  const result = await passwd([command, "-f", file, ...names], input);
  expect({ status: result.status, errors: result.errors }).toEqual({ status, errors: expect.stringMatching(errors) });
  expect(() => readFileSync(file)).toThrow("ENOENT");
});

test("the configuration names the file; one that does not is told how", async () => {
  const cf = join(folder, "sendmail.cf");
  writeFileSync(cf, `V10\nO AuthSource=file:${file}\n`);
  expect((await passwd(["add", "-C", cf, "joe"], "right horse\n")).status).toBe(0);
  expect(records()).toHaveLength(1);
  writeFileSync(cf, "V10\nO AuthSource=dovecot:/run/dovecot/auth-client\n");
  const { status, errors } = await passwd(["list", "-C", cf]);
  expect(status).toBe(78);
  expect(errors).toMatch(/has AuthSource=dovecot.*file:\/PATH/);
  expect((await passwd(["list", "-C", join(folder, "nothing")])).status).toBe(66);
});
