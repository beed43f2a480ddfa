/** `rulemail mc` after errors: nothing is written, or with -k what m4 would print, with the status that m4 would give. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { runMc } from "../../../src/cli/mc.ts";

const TAIL = "MAILER(`local')dnl\nMAILER(`smtp')dnl\n";

let folder = "";
let said = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mc-keep-"));
  said = "";
  jest.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

async function compile(
  line: string,
  ...options: readonly string[]
): Promise<{ status: number; made: string | undefined }> {
  const to = join(folder, "site.cf");
  rmSync(to, { force: true });
  writeFileSync(join(folder, "site.mc"), `OSTYPE(\`linux')dnl\n${line}dnl\n${TAIL}`);
  const status = await runMc([...options, "-o", to, join(folder, "site.mc")]);
  return { status, made: existsSync(to) ? readFileSync(to, "latin1") : undefined };
}

describe.each([
  ["an unknown FEATURE", "FEATURE(`no_such_thing')", "unknown FEATURE `no_such_thing'", 1],
  ["an unknown DOMAIN", "DOMAIN(`no.such.thing')", "unknown DOMAIN `no.such.thing'", 1],
  ["an unknown HACK", "HACK(`no_such_thing')", "unknown HACK `no_such_thing'", 1],
  ["an unknown MAILER", "MAILER(`no_such_thing')", "unknown MAILER `no_such_thing'", 1],
  ["a missing file", "include(`/no/such/file')", "cannot open `/no/such/file'", 1],
  ["an error of the site's own", "errprint(`*** ERROR: not for outsiders\n')", "error: not for outsiders", 0],
])("after %s", (_name, line, message, status) => {
  test("nothing is written, and the option is named", async () => {
    expect(await compile(line)).toEqual({ status: 65, made: undefined });
    expect(said).toContain(message);
    expect(said).toContain("--keep-going");
  });

  test.each(["-k", "--keep-going"])("%s writes the rest, with the status of m4", async (option) => {
    const { status: got, made } = await compile(line, option);
    expect(got).toBe(status);
    expect(made).toContain("\nMesmtp,");
    expect(said).toContain(message);
    expect(said).not.toContain("--keep-going");
  });
});

test("m4exit ends with its status; what was written so far is kept with -k", async () => {
  const line = "Dxfar\nm4exit(`3')";
  expect(await compile(line)).toEqual({ status: 3, made: undefined });
  const { status, made } = await compile(line, "-k");
  expect(status).toBe(3);
  expect(made).toContain("\nDxfar\n");
});

test("warnings are no errors", async () => {
  const { status, made } = await compile("FEATRUE(`access_db')");
  expect(status).toBe(0);
  expect(made).toContain("\nMesmtp,");
  expect(said).toContain("did you mean `FEATURE'?");
});

test("what -o names is kept after an error, and told of when it cannot be written", async () => {
  const mc = join(folder, "site.mc");
  const cf = join(folder, "site.cf");
  writeFileSync(mc, `FEATURE(\`no_such_thing')dnl\n${TAIL}`);
  writeFileSync(cf, "old\n");
  expect(await runMc(["-o", cf, mc])).toBe(65);
  expect(readFileSync(cf, "latin1")).toBe("old\n");
  writeFileSync(mc, `OSTYPE(\`linux')dnl\n${TAIL}`);
  expect(await runMc(["-o", join(folder, "none/site.cf"), mc])).toBe(73);
  expect(said).toContain("none/site.cf cannot be written: No such file or directory");
});

test("--help-feature without a name says which there are", async () => {
  let listed = "";
  jest.spyOn(process.stdout, "write").mockImplementation((text) => {
    listed += String(text);
    return true;
  });
  expect(await runMc(["--help-feature"])).toBe(0);
  for (const part of ["FEATURE(dmarc)", "MAILER(smtp)", "OSTYPE(linux)"]) expect(listed.split("\n")).toContain(part);
});
