import { expect, test } from "@jest/globals";
import { reportText } from "../../../src/dsn/report-text.ts";

const octets = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

test.each([
  ["a\r\n\tb\x1b[2J", false, "a b [2J"],
  [octets("jürg"), false, "j??rg"],
  [octets("jürg ß"), true, octets("jürg ß")],
  [octets("a\u009b2Jb"), true, "a\\302\\2332Jb"],
  [octets("a\u202eb"), true, "a\\342\\200\\256b"],
  ["a\xffb", true, "a\\377b"],
] as const)("%j, UTF-8 %s: %j", (text, utf8, expected) => {
  expect(reportText(text, utf8)).toBe(expected);
});

test("a long text is cut between characters", () => {
  for (let lead = 0; lead < 4; lead++) {
    const text = reportText("x".repeat(lead) + octets("€".repeat(400)), true);
    expect(text.length).toBeLessThanOrEqual(512);
    expect(text).toMatch(/^x*(?:\xe2\x82\xac)+\.\.\.$/);
  }
});
