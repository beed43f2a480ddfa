/** Which file a name means: parts of the site's own, of this library, and of the original's where that is installed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { type CompileOptions, compileMc } from "../../../src/mc/compile.ts";
import { folderLibrary } from "../../../src/mc/library.ts";

const library = folderLibrary(join(import.meta.dirname, "../../../macros"));

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mc-parts-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

/** What the library brings of a name is replaced by a part that sets macro X to where it lies. */
function writePart(name: string): void {
  write(name, `divert(-1)\nPUSHDIVERT(6)D{X}${name}\nPOPDIVERT\ndivert(0)dnl\n`);
}

/** Macro X, as a site in `file` gets it. */
function own(text: string, options: CompileOptions = {}, file = "site/site.mc"): string | undefined {
  const mailers = "MAILER(`local')dnl\nMAILER(`smtp')dnl\n";
  const whole = `${/OSTYPE/.test(text) ? "" : "OSTYPE(`linux')dnl\n"}${text}\n${mailers}`;
  const result = compileMc({ file: join(folder, file), text: whole }, { library, ...options });
  expect(result.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(result.text).toContain("\nMesmtp,");
  return /^D\{X\}(.*)$/m.exec(result.text)?.[1];
}

describe("a part of the site's own counts before that of the library", () => {
  test.each([
    ["hack/cssubdomain.m4", "HACK(`cssubdomain')"],
    ["feature/use_cw_file.m4", "FEATURE(`use_cw_file')"],
    ["domain/generic.m4", "DOMAIN(`generic')"],
    ["ostype/linux.m4", "OSTYPE(`linux')"],
    ["mailer/fax.m4", "MAILER(`fax')"],
    ["siteconfig/uucp.near.m4", "SITECONFIG(`uucp.near', `x', `U')"],
    ["feature/nobody_has_it.m4", "FEATURE(`nobody_has_it')"],
  ])("%s", (part, call) => {
    writePart(`own/${part}`);
    expect(own(call, { includePath: [join(folder, "own")] })).toBe(`own/${part}`);
    writePart(`site/${part}`);
    expect(own(call)).toBe(`site/${part}`);
    expect(own(call, { includePath: [join(folder, "own")] })).toBe(`own/${part}`);
  });

  test("also one folder up, where the .mc lies in cf/", () => {
    writePart("build/feature/use_cw_file.m4");
    expect(own("FEATURE(`use_cw_file')", {}, "build/cf/site.mc")).toBe("build/feature/use_cw_file.m4");
  });

  test("and may read others by relative names", () => {
    write("own/feature/outer.m4", "include(`feature/inner.m4')");
    writePart("own/feature/inner.m4");
    expect(own("FEATURE(`outer')", { includePath: [join(folder, "own")] })).toBe("own/feature/inner.m4");
  });
});

describe("a folder that is a library of the original", () => {
  beforeEach(() => {
    write("cf/m4/cf.m4", "errprint(`not ours')m4exit(1)");
    write("cf/m4/proto.m4", "errprint(`not ours')m4exit(1)");
    writePart("cf/feature/use_cw_file.m4");
    writePart("cf/feature/local_thing.m4");
  });

  test.each<[string, CompileOptions, string]>([
    ["named by -I", { includePath: ["@/cf"] }, ""],
    ["named by -D_CF_DIR_", { defines: { _CF_DIR_: "@/cf/" } }, ""],
    ["named by an include", {}, "include(`@/cf/m4/cf.m4')dnl\n"],
    ["named by a relative include", {}, "include(`../cf/m4/cf.m4')dnl\n"],
    ["named by a define", {}, "define(`_CF_DIR_', `@/cf/')dnl\ninclude(`@/cf/m4/cf.m4')dnl\n"],
  ])("%s: only parts that ours has not come from there", (_name, given, head) => {
    const options: CompileOptions = {
      includePath: given.includePath?.map(here),
      defines: given.defines && { _CF_DIR_: here(given.defines["_CF_DIR_"]) },
    };
    const text = `${here(head)}OSTYPE(\`linux')dnl\n`;
    expect(own(`${text}FEATURE(\`use_cw_file')`, options)).toBeUndefined();
    expect(own(`${text}FEATURE(\`local_thing')`, options)).toBe("cf/feature/local_thing.m4");
  });
});

/** A text in which @ stands for the folder of the test. */
function here(text: string): string {
  return text.replaceAll("@", folder);
}

test("paths into a library that is not there mean ours", () => {
  for (const path of ["../domain/generic.m4", "/usr/share/no-such-cf/domain/generic.m4", "domain/generic.m4"]) {
    const text = `OSTYPE(\`linux')dnl\ninclude(\`${path}')dnl\n`;
    const result = compileMc({ file: join(folder, "site.mc"), text }, { library });
    expect(result.diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(result.text).toContain("\nC{E}root\n");
  }
});

test("files of the site's folder m4/ never replace those that the library is made of", () => {
  write("site/m4/options.m4", "errprint(`*** ERROR: taken')");
  write("site/m4/provider.m4", "LOCAL_CONFIG\nD{X}provider\n");
  expect(own("include(`m4/provider.m4')dnl")).toBe("provider");
});

test("SITECONFIG without a file has no neighbours, and its name counts all the same", () => {
  const text = "OSTYPE(`linux')dnl\nSITECONFIG(`none', `uuz', `U')dnl\nMAILER(`smtp')dnl\n";
  const result = compileMc({ file: join(folder, "site.mc"), text }, { library });
  expect(result.diagnostics).toEqual([]);
  expect(result.text).toContain("\nDUuuz\n");
});
