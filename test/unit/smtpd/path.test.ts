import { describe, expect, test } from "@jest/globals";
import { readPath } from "../../../src/smtpd/path.ts";

describe("readPath()", () => {
  test("keeps parameters apart from the path", () => {
    expect(readPath("FROM:<a@b> SIZE=10  smtputf8\tENVID=", "FROM")).toEqual({
      kind: "path",
      shown: "<a@b>",
      address: "a@b",
      parameters: [
        { keyword: "SIZE", typed: "SIZE", value: "10" },
        { keyword: "SMTPUTF8", typed: "smtputf8", value: null },
        { keyword: "ENVID", typed: "ENVID", value: "" },
      ],
    });
  });

  test("quotes, comments and backslashes hide blanks and brackets", () => {
    for (const path of ['"a b"@c', "a(b c)@d", "a\\ b@c", '<"a> b"@c>', "<a\\>b@c>"]) {
      expect(readPath(`TO:${path} NOTIFY=NEVER`, "TO")).toMatchObject({
        kind: "path",
        parameters: [{ keyword: "NOTIFY", value: "NEVER" }],
      });
    }
  });

  test("answers every text with a path or a reply of one printable line", () => {
    const alphabet = ["<", ">", '"', "(", ")", "\\", " ", "\t", ":", "=", "@", "a", ",", "\0", "\x7f", "\xe4", "TO:"];
    let state = 1;
    const next = (bound: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 8) % bound;
    };
    const misread: string[] = [];
    for (let round = 0; round < 20_000; round++) {
      let text = next(4) === 0 ? "" : "TO:";
      for (let i = next(12); i > 0; i--) text += alphabet[next(alphabet.length)];
      const path = readPath(text, "TO");
      // A tab may stand in a reply, but not in an address.
      const unsafe = path.kind === "path" ? /[\x00-\x1f\x7f]/ : /[\x00-\x08\x0a-\x1f\x7f]/;
      const isGood =
        path.kind === "path"
          ? !unsafe.test(path.shown + path.address)
          : path.reply.lines.length === 1 && !unsafe.test(path.reply.lines[0]);
      if (!isGood) misread.push(text);
    }
    expect(misread).toEqual([]);
  });

  test("a line of nothing but brackets is read in one pass", () => {
    expect(readPath(`TO:${"<".repeat(2000)}`, "TO").kind).toBe("refused");
    expect(readPath(`TO:${"(".repeat(2000)}`, "TO").kind).toBe("refused");
  });
});
