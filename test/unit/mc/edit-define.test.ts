/** One variable of a site file, changed as text; and the table of which variable sets which option. */
import { describe, expect, test } from "@jest/globals";
import { OPTIONS } from "../../../src/config/options/table.ts";
import { TIMEOUTS } from "../../../src/config/options/timeouts.ts";
import { editDefine, isQuotable } from "../../../src/mc/edit-define.ts";
import { shippedLibrary } from "../../../src/mc/library.ts";
import { optionVariables } from "../../../src/mc/option-variables.ts";

const WISH = { variable: "confMAX_HOP", value: "30", remark: "MaxHopCount: hops", quoting: 1 } as const;
const LINE = "define(`confMAX_HOP', `30')";

describe("a line of a site file", () => {
  test.each([
    ["changed where it is", "OSTYPE(`linux')dnl\ndefine(`confMAX_HOP', `17')dnl ours\n", `${LINE}dnl ours`, 2],
    ["quoted twice", "define(`confMAX_HOP', ``17'')dnl\n", `${LINE}dnl`, 1],
    ["without quotes", " define(confMAX_HOP, 17)\n", ` ${LINE}`, 1],
    ["the last of several", "define(`confMAX_HOP', `1')\ndefine(`confMAX_HOP', `2')\n", LINE, 2],
    ["empty so far", "define(`confMAX_HOP', `')dnl\n", `${LINE}dnl`, 1],
  ])("%s", (_name, text, after, line) => {
    const edit = editDefine(text, WISH);
    expect([edit.after, edit.line, edit.before]).toEqual([after, line, text.split("\n")[line - 1]]);
    expect(edit.text.split("\n").toSpliced(line - 1, 1)).toEqual(text.split("\n").toSpliced(line - 1, 1));
  });

  test.each([
    ["in front of the first mailer", "OSTYPE(`linux')dnl\nMAILER(`local')dnl\nMAILER(`smtp')dnl\n", 2],
    ["at the end where there is none", "OSTYPE(`linux')dnl\n", 2],
    ["in a file without an end of line", "OSTYPE(`linux')dnl", 2],
    ["beside a comment that looks like it", "dnl define(`confMAX_HOP', `17')\nMAILER(`local')\n", 2],
  ])("a new one: %s", (_name, text, line) => {
    const edit = editDefine(text, WISH);
    expect([edit.after, edit.line, edit.before]).toEqual([`${LINE}dnl MaxHopCount: hops`, line, undefined]);
    expect(edit.text.split("\n").toSpliced(line - 1, 1)).toEqual(text.split("\n"));
  });

  test.each([
    ["", true],
    ["a `b' c", true],
    ["it's", false],
    ["`", false],
    ["'`", false],
    ["two\nlines", false],
  ])("%j can stand between quotes: %s", (value, isFine) => expect(isQuotable(value)).toBe(isFine));
});

test("every variable of the library sets an option that there is", () => {
  const variables = optionVariables(shippedLibrary());
  const names = new Set(
    [...OPTIONS.map(({ name }) => name), ...TIMEOUTS.map(({ name }) => `Timeout.${name}`)].map((name) =>
      name.toLowerCase(),
    ),
  );
  const strange = [...variables.keys()].filter((name) => !names.has(name.toLowerCase()) && !name.startsWith("Milter."));
  expect(strange).toEqual([]);
  expect(variables.size).toBeGreaterThan(180);
  expect(variables.get("Timeout.queuereturn")).toBe("confTO_QUEUERETURN");
});
