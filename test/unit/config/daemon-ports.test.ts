import { describe, expect, test } from "@jest/globals";
import { directFlags, flagLetters, modifierWords } from "../../../src/config/daemon-ports.ts";

describe("modifiers of a daemon port", () => {
  test.each([
    ["Ea", "<AUTHREQ,NOETRN>"],
    [
      "sOabfchruEACS",
      "<AUTHREQ,BINDIF,CANONREQ,IFNHELO,FQMAIL,FQRCPT,SMTPS,UNQUALOK,NOAUTH,NOCANON,NOETRN,NOTLS,OPTIONAL>",
    ],
    ["d", ""],
    ["", ""],
  ])("M=%s is shown as %s", (letters, words) => {
    expect(modifierWords(new Set(letters))).toBe(words);
  });
});

test.each([
  ["", ""],
  ["C", "CC"],
  ["Eaf", "EE a f"],
  ["uC1", "u CC 1"],
])("the letters %j are {daemon_flags} %j", (letters, flags) => {
  expect(flagLetters(letters)).toBe(flags);
});

test.each([
  ["", undefined],
  ["C", "CC"],
  ["C u", "CC u"],
  ["C,u", "CC , u"],
  ["CCx", "CC CC x"],
])("DirectSubmissionModifiers=%s makes {daemon_flags} %j", (value, flags) => {
  expect(directFlags({ text: () => value })).toBe(flags);
});
