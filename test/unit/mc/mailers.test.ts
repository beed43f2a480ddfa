/** Mailer lines: which variables and changes of flags count for which mailer. */
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { compileMc } from "../../../src/mc/compile.ts";
import { folderLibrary } from "../../../src/mc/library.ts";

const library = folderLibrary(join(import.meta.dirname, "../../../macros"));
const MAILERS = ["local", "smtp", "uucp", "fax", "pop", "cyrus", "cyrusv2"];

/** The line of a mailer in a configuration that says this about it. */
function mailerLine(name: string, said: string, mailers: readonly string[] = MAILERS): string {
  const text = `OSTYPE(\`unknown')\n${said}\n${mailers.map((each) => `MAILER(\`${each}')\n`).join("")}`;
  const lines = compileMc({ file: "site.mc", text }, { library }).text.split("\n");
  return lines.find((line) => line.startsWith(`M${name},`)) ?? "";
}

describe("MODIFY_MAILER_FLAGS", () => {
  test.each([
    ["adds", "+ek", "F=mDFMuXek"],
    ["takes away", "-mD", "F=FMuX"],
    ["replaces", "xyz", "F=xyz"],
    ["has one sign for the whole change", "+e-k", "F=mDFMuXe-k"],
  ])("%s", (_what, change, flags) => {
    expect(mailerLine("smtp", `MODIFY_MAILER_FLAGS(\`SMTP', \`${change}')`)).toContain(`, ${flags}, `);
  });

  test("applies several changes one after the other", () => {
    const said = "MODIFY_MAILER_FLAGS(`SMTP', `+e')MODIFY_MAILER_FLAGS(`SMTP', `-mu')";
    expect(mailerLine("smtp", said)).toContain(", F=DFMXe, ");
  });

  test.each([
    ["what is added stays, whichever line comes first", ["+S", "-S"], "DFMSXmu"],
    ["as it does when it is taken away first", ["-S", "+S"], "DFMSXmu"],
    ["all that is taken away goes first", ["+a", "+b", "-m", "-u"], "DFMXab"],
    ["flags without a sign win over both", ["+y", "x", "-x"], "x"],
    ["the last flags without a sign count", ["x", "z"], "z"],
  ])("%s", (_what, changes, flags) => {
    const said = changes.map((change) => `MODIFY_MAILER_FLAGS(\`SMTP', \`${change}')`).join("\n");
    const found = /F=([^,]*)/.exec(mailerLine("smtp", said))?.[1] ?? "";
    expect(found.split("").toSorted().join("")).toBe(flags);
  });

  test("does not change programs, and changes both mailers of Cyrus", () => {
    expect(mailerLine("prog", "MODIFY_MAILER_FLAGS(`LOCAL', `+z')")).toContain(", F=lsDFMoqeu9, ");
    expect(mailerLine("cyrusbb", "MODIFY_MAILER_FLAGS(`CYRUS', `+z')")).toContain(", F=lsDFMnPuz, ");
  });
});

describe("a variable counts only for the mailers that have it", () => {
  test.each([
    ["smtp", "SMTP_MAILER_MAX", "M=77,", true],
    ["relay", "RELAY_MAILER_MAX", "M=77,", false],
    ["relay", "RELAY_MAILER_MAXMSGS", "m=77,", true],
    ["relay", "SMTP_MAILER_MAXRCPTS", "r=77,", true],
    ["local", "LOCAL_MAILER_CHARSET", "C=77,", true],
    ["fax", "FAX_MAILER_CHARSET", "C=77,", false],
    ["cyrus", "CYRUS_MAILER_USER", "U=77,", true],
    ["local", "LOCAL_MAILER_USER", "U=77,", false],
  ])("%s and %s", (mailer, variable, field, counts) => {
    expect(mailerLine(mailer, `define(\`${variable}', \`77')`).includes(field)).toBe(counts);
  });

  test("relay takes the flags of the others unless it has its own", () => {
    expect(mailerLine("relay", "define(`SMTP_MAILER_FLAGS', `e')")).toContain(", F=mDFMuXa8e, ");
    expect(mailerLine("relay", "define(`RELAY_MAILER_FLAGS', `k')")).toContain(", F=mDFMuXa8k, ");
  });

  test("milter settings are written only where a filter is defined", () => {
    const text = "OSTYPE(`unknown')\ndefine(`confMILTER_LOG_LEVEL', `3')\nMAILER(`local')\n";
    expect(compileMc({ file: "site.mc", text }, { library }).text).not.toContain("Milter.LogLevel");
    const filtered = text.replace("MAILER", "MAIL_FILTER(`a', `S=local:/a')\nMAILER");
    expect(compileMc({ file: "site.mc", text: filtered }, { library }).text).toContain("O Milter.LogLevel=3");
  });
});
