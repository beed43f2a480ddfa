import { describe, expect, test } from "@jest/globals";
import { foldAddresses, foldText, hasLongLine } from "../../../src/mail/fold.ts";

/** Lines of a folded field, with its name. */
function lines(value: string): string[] {
  return `To:${value}`.split("\r\n");
}

describe("foldAddresses()", () => {
  test("leaves a field alone as long as each of its lines fits, however it is folded", () => {
    const value = ` ${"a@b.test,  ".repeat(30)}\r\n   c@d.test`;
    expect(foldAddresses(value, 3, 998)).toBe(value);
  });

  test("folds a long list after its commas, at 78", () => {
    const value = ` ${Array.from({ length: 120 }, (_each, index) => `user${index}@a.test`).join(", ")}`;
    const folded = foldAddresses(value, 3, 990);
    expect(folded.replaceAll("\r\n\t", " ")).toBe(value);
    const lengths = lines(folded).map(({ length }) => length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(78);
    // The lines are full, too.
    expect(lengths.length).toBeLessThan(30);
  });

  test("adds white space where there is none", () => {
    const value = Array.from({ length: 120 }, (_each, index) => `user${index}@a.test`).join(",");
    expect(foldAddresses(value, 3, 990).replaceAll("\r\n\t", "")).toBe(value);
  });

  test.each([
    ["between the words of a phrase", `${"word ".repeat(20)}<a@b.test>`, `word\r\n word`],
    ["in a quoted string, before its blanks", `"${"word  ".repeat(20)}" <a@b.test>`, `word\r\n  word`],
    ["in a comment", `a@b.test (${"word ".repeat(20)})`, `word\r\n word`],
    ["between a phrase and its address", `"${"w".repeat(60)}"<a@b.test>`, `"\r\n\t<a@b.test>`],
    ["between an address and its comment", `a@b.test(${"w".repeat(60)})`, `a@b.test\r\n\t(`],
    ["in a route", `<@${"a".repeat(40)}.test,@b.test:joe@${"c".repeat(30)}.test>`, `,\r\n\t@b.test`],
    ["behind the name of a group", `${"friends ".repeat(8)}:joe@a.test;`, `:\r\n\tjoe@a.test;`],
  ])("folds inside an address only when it has to: %s", (_where, value, expected) => {
    const folded = foldAddresses(` ${value}`, 3, 60);
    expect(folded).toContain(expected);
    expect(folded.replaceAll(/\r\n\t?/g, "")).toBe(` ${value}`);
  });

  test.each([
    ["a long local part", `${"x".repeat(1200)}@b.test`],
    ["a long word", `"${"x".repeat(1200)}"@b.test`],
    ["blanks that are quoted one by one", `"${"\\ ".repeat(600)}" <a@b.test>`],
    ["a run of blanks", `"a${" ".repeat(1200)}b" <a@b.test>`],
  ])("never cuts: %s stays as long as it is", (_what, value) => {
    const folded = foldAddresses(` ${value}, c@d.test`, 3, 990);
    expect(folded.replaceAll(/\r\n/g, "").replaceAll("\t", " ")).toBe(` ${value}, c@d.test`);
    expect(folded).not.toMatch(/\\\r\n/);
    for (const line of lines(folded)) expect(line).toMatch(/[^ \t]/);
  });
});

describe("foldText()", () => {
  test("breaks before white space and adds none", () => {
    const value = ` ${"word \t".repeat(300)}end`;
    const folded = foldText(value, 8, 200);
    expect(folded.replaceAll("\r\n", "")).toBe(value);
    expect(hasLongLine(folded, 8, 200)).toBe(false);
    for (const line of lines(folded)) expect(line.trim()).not.toBe("");
  });

  test("leaves what fits and what cannot be broken", () => {
    const fits = ` ${"word ".repeat(190)}`;
    expect(foldText(fits, 8, 990)).toBe(fits);
    const token = "w".repeat(2000);
    expect(foldText(token, 8, 990)).toBe(token);
    expect(foldText(` a ${token} b`, 8, 990)).toBe(` a\r\n ${token}\r\n b`);
  });

  test("goes on after line ends that are there", () => {
    const value = ` short\r\n\t${"word ".repeat(20)}x`;
    expect(foldText(value, 8, 60).split("\r\n")[0]).toBe(" short");
    expect(hasLongLine(foldText(value, 8, 60), 8, 60)).toBe(false);
  });
});

test("hasLongLine() counts the name for the first line only", () => {
  expect(hasLongLine("x".repeat(10), 3, 13)).toBe(false);
  expect(hasLongLine("x".repeat(11), 3, 13)).toBe(true);
  expect(hasLongLine(`x\r\n${"y".repeat(13)}`, 3, 13)).toBe(false);
  expect(hasLongLine(`x\r\n${"y".repeat(14)}`, 3, 13)).toBe(true);
});
