import { expect, test } from "@jest/globals";
import { diagnostic } from "../../../src/source/diagnostic.ts";
import { report, reportAll } from "../../../src/source/report.ts";

const SOURCE = "V10\nO LogLevl=9\n\tx\n";
const source = (file: string): string | undefined => (file === "a.cf" ? SOURCE : undefined);

test("report() quotes the line and puts a caret under the column", () => {
  const found = diagnostic("error", "unknown option name LogLevl", { file: "a.cf", line: 2, column: 3 });
  expect(report(found, source)).toBe(
    ["a.cf:2:3: error: unknown option name LogLevl", " 2 | O LogLevl=9", "   |   ^"].join("\n"),
  );
});

test("report() keeps tabs, so that the caret stands right", () => {
  const found = diagnostic("warning", "odd", { file: "a.cf", line: 3, column: 2 });
  expect(report(found, source).split("\n").at(-1)).toBe("   | \t^");
});

test("report() does without the line when the file cannot be had or the place is none", () => {
  expect(report(diagnostic("error", "gone", { file: "b.cf", line: 1 }), source)).toBe("b.cf:1: error: gone");
  expect(report(diagnostic("error", "no mailer", { file: "a.cf", line: 0 }), source)).toBe("a.cf: error: no mailer");
});

function origin({ line }: { line: number }): string | undefined {
  return line === 3 ? "site.mc:12 FEATURE(access_db)" : undefined;
}

test("report() says where a line of a compiled configuration came from", () => {
  const found = diagnostic("warning", "odd", { file: "a.cf", line: 3, column: 2 });
  expect(report(found, source, origin).split("\n").at(-1)).toBe("     from site.mc:12 FEATURE(access_db)");
  const elsewhere = diagnostic("warning", "odd", { file: "a.cf", line: 2 });
  expect(report(elsewhere, source, origin)).not.toContain("from");
});

test("reportAll() shows follow-ups below their diagnostic", () => {
  const note = diagnostic("note", "first seen here", { file: "a.cf", line: 1, column: 1 });
  const found = diagnostic("error", "twice", { file: "a.cf", line: 2 }, [note]);
  expect(reportAll([found], source).split("\n")).toEqual([
    "a.cf:2: error: twice",
    " 2 | O LogLevl=9",
    "a.cf:1:1: note: first seen here",
    " 1 | V10",
    "   | ^",
  ]);
});
