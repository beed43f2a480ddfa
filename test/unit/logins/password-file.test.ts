/** The file of passwords: what its lines say, who is let in by it, and that a change acts at once. */
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { changePassword, listPasswords, PasswordFileError } from "../../../src/logins/password-editor.ts";
import { parsePasswords, PasswordFile } from "../../../src/logins/password-file.ts";
import { formatRecord, makeRecord, nameProblem, parseRecord } from "../../../src/logins/password-record.ts";

/** So that tests need not wait. */
const CHEAP = { logN: 4, r: 1, p: 1 };
const SAFETY = { dontBlame: new Set<string>() };

let folder: string;
let path: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "passwords-")));
  path = join(folder, "passwords");
});
afterEach(() => rmSync(folder, { recursive: true }));

async function given(...users: readonly (readonly [name: string, password: string])[]): Promise<PasswordFile> {
  for (const [name, password] of users) {
    const record = await makeRecord(name, password, false, CHEAP);
    changePassword({ path, safety: SAFETY }, name, () => record);
  }
  return new PasswordFile(
    path,
    () => SAFETY,
    (text) => said.push(text),
  );
}
const said: string[] = [];
beforeEach(() => void said.splice(0));

const set = (disabled: boolean) =>
  changePassword({ path, safety: SAFETY }, "joe", (record) => record && { ...record, disabled });

function fail(): never {
  throw new Error("no");
}

test("a record is read as it was written, words of later versions included", async () => {
  const record = { ...(await makeRecord("j\u00f6e@example.test", "s\u00e4cret 1", true, CHEAP)), others: ["later=1"] };
  expect(parseRecord(formatRecord(record))).toEqual(record);
  expect(parseRecord(formatRecord({ ...record, disabled: true }))).toMatchObject({ disabled: true });
  expect(formatRecord(record)).not.toMatch(/s\u00e4cret/);
});

test.each([
  ["joe scrypt=4,1,1,AAAA", /^scrypt= wants/],
  ["joe scrypt=40,8,1,AAAAAAAAAAA=,AAAAAAAAAAA=", /^scrypt= wants/],
  ["joe scram-sha-256=4096,AAAA,AAAA,AAAA", /^scram-sha-256= wants/],
  ["joe scram-sha-1=x,AAAA,AAAA,AAAA", /^scram-sha-1= wants/],
])("%s is no record", (line, problem) => {
  expect(parseRecord(line)).toMatch(problem);
});

test.each(["", "a b", "#a", "a\x00", "a\u200b", "x".repeat(256)])("%j is no name", (name) => {
  expect(nameProblem(name)).toBeDefined();
});

test("wrong lines are told with their numbers, the others count", () => {
  const { records, problems } = parsePasswords("# head\njoe\n\nann scrypt=1\njoe disabled\n", "/p");
  expect([...records.keys()]).toEqual(["joe"]);
  expect(problems).toEqual(["/p:4: scrypt= wants logarithm of N, r, p, salt, key", "/p:5: joe is there already"]);
});

test("who knows the password is let in; who does not, or is not there, is not", async () => {
  const file = await given(["joe", "secret-1"], ["ann", "secret-2"]);
  expect(await file.check("joe", "secret-1")).toEqual({ kind: "known", value: true });
  expect(await file.check("joe", "secret-2")).toEqual({ kind: "known", value: false });
  expect(await file.check("bob", "secret-1")).toEqual({ kind: "known", value: false });
  expect(file.scram("ann", "sha256")).toMatchObject({ kind: "known" });
  expect(file.scram("bob", "sha256")).toEqual({ kind: "unknown" });
});

test("a user is refused as soon as he is disabled, and let in when he is enabled again", async () => {
  const file = await given(["joe", "secret-1"]);
  expect([file.standing("joe"), file.standing("ann")]).toEqual(["good", "unknown"]);
  set(true);
  expect(file.standing("joe")).toBe("disabled");
  expect(await file.check("joe", "secret-1")).toEqual({ kind: "known", value: false });
  expect(file.scram("joe", "sha1")).toEqual({ kind: "unknown" });
  set(false);
  expect(await file.check("joe", "secret-1")).toEqual({ kind: "known", value: true });
});

test("who is disabled while his password is being checked is not let in", async () => {
  const file = await given(["joe", "secret-1"]);
  const checking = file.check("joe", "secret-1");
  changePassword({ path, safety: SAFETY }, "joe", (record) => record && { ...record, disabled: true });
  expect(await checking).toEqual({ kind: "known", value: false });
});

test("a file that others may read, or that is not there, lets nobody in for now, and says so once", async () => {
  const file = await given(["joe", "secret-1"]);
  expect((await file.check("joe", "secret-1")).kind).toBe("known");
  chmodSync(path, 0o644);
  expect((await file.check("joe", "secret-1")).kind).toBe("unavailable");
  expect((await file.check("joe", "secret-1")).kind).toBe("unavailable");
  expect(file.standing("joe")).toBe("good");
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(path);
  chmodSync(path, 0o600);
  expect((await file.check("joe", "secret-1")).kind).toBe("known");
});

test("CRAM-MD5 can be served only where somebody's password is kept as it is", async () => {
  const file = await given(["joe", "secret-1"]);
  expect(file.plain).toBeUndefined();
  const record = await makeRecord("ann", "secret-2", true, CHEAP);
  changePassword({ path, safety: SAFETY }, "ann", () => record);
  expect(file.plain?.("ann")).toEqual({ kind: "known", value: "secret-2" });
  expect(file.plain?.("joe")).toEqual({ kind: "unknown" });
});

test("a change keeps comments and lines that are wrong, and its file is for its owner alone", async () => {
  await given(["joe", "secret-1"]);
  const place = { path, safety: SAFETY };
  writeFileSync(path, `# mine\n${readFileSync(path, "utf8")}bad\x01line\n`);
  changePassword(place, "joe", (record) => record && { ...record, disabled: true });
  const lines = readFileSync(path, "utf8").split("\n");
  expect([lines[0], lines.at(-2)]).toEqual(["# mine", "bad\x01line"]);
  expect(listPasswords(place).map(({ name, disabled }) => [name, disabled])).toEqual([["joe", true]]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  changePassword(place, "joe", () => undefined);
  expect(listPasswords(place)).toEqual([]);
});

test("two changes at once are told apart by a lock, which goes with the change", async () => {
  await given(["joe", "secret-1"]);
  const place = { path, safety: SAFETY };
  writeFileSync(`${path}.lock`, "");
  expect(() => changePassword(place, "joe", () => undefined)).toThrow(PasswordFileError);
  rmSync(`${path}.lock`);
  expect(() => changePassword(place, "joe", fail)).toThrow("no");
  changePassword(place, "joe", (record) => record);
});
