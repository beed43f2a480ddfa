import { expect, test } from "@jest/globals";
import { withOrigins } from "../../../src/cf/message-origins.ts";

const originOf = ({ line }: { line: number }) => (line === 7 ? "site.mc:12 FEATURE(access_db)" : undefined);

test("a message about a line with an origin is followed by it", () => {
  expect(withOrigins(["a.cf: line 7: R line: null LHS", "No local mailer defined"], "a.cf", originOf)).toEqual([
    "a.cf: line 7: R line: null LHS",
    "a.cf: line 7: note: from site.mc:12 FEATURE(access_db)",
    "No local mailer defined",
  ]);
});

test("messages about other lines, other files and no line stay alone", () => {
  const messages = ["a.cf: line 8: x", "b.cf: line 7: x", "a.cf: line 0: cannot open", "a.cf: line x"];
  expect(withOrigins(messages, "a.cf", originOf)).toEqual(messages);
});
