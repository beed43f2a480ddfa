import { describe, expect, test } from "@jest/globals";
import { modifierWords } from "../../../src/config/daemon-ports.ts";

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
