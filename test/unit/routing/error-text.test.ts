import { describe, expect, test } from "@jest/globals";
import { errorExit, errorReply, namesAddress, readErrorText } from "../../../src/routing/error-text.ts";
import { EX } from "../../../src/sys/sysexits.ts";

describe("readErrorText()", () => {
  test("takes a reply code and an enhanced code off the text", () => {
    expect(readErrorText('"550 5.1.1 User unknown"')).toEqual({ code: 550, enhanced: "5.1.1", text: "User unknown" });
    expect(readErrorText("451 come back")).toEqual({ code: 451, enhanced: undefined, text: "come back" });
  });

  test("leaves other numbers where they are", () => {
    expect(readErrorText("5501 text").code).toBeUndefined();
    expect(readErrorText("5.7.1 text")).toEqual({ code: undefined, enhanced: undefined, text: "5.7.1 text" });
    expect(readErrorText("550 5.1 text")).toEqual({ code: 550, enhanced: undefined, text: "5.1 text" });
  });

  test("drops quotes, but not those behind a backslash", () => {
    expect(readErrorText('"a"b"c"').text).toBe("abc");
    expect(readErrorText('"a \\"b\\""').text).toBe('a \\"b\\"');
  });
});

describe("errorReply()", () => {
  test.each([
    ["5.1.1", '"550 5.7.1 text"', 550, "5.7.1"],
    ["5.1.1", '"450 text"', 450, "5.1.1"],
    ["", '"571 text"', 571, "5.0.0"],
    ["", "text", 553, "5.3.0"],
    ["NOUSER", "text", 553, "5.3.0"],
    ["5.7.1", "text", 553, "5.3.0"],
    ["TEMPFAIL", "text", 451, "4.0.0"],
    ["4.2.2", "text", 451, "4.2.2"],
    ["75", "text", 451, "4.0.0"],
  ])("$@ %s $: %s is %i %s", (host, user, code, enhanced) => {
    expect(errorReply(host, user)).toMatchObject({ code, enhanced });
  });
});

test("namesAddress() is true for replies about mailboxes", () => {
  expect([450, 550, 553, undefined].every(namesAddress)).toBe(true);
  expect([421, 451, 452, 551, 554, 571].some(namesAddress)).toBe(false);
});

test("errorExit() knows words, numbers and enhanced codes", () => {
  expect([errorExit("nohost"), errorExit("67"), errorExit("4.7.1"), errorExit("5.1.1"), errorExit("odd")]).toEqual([
    68, 67, 75, 67, 69,
  ]);
});

test("errorReply() brings the exit status of $@ along, whatever the text says", () => {
  expect(errorReply("nouser", '"550 5.7.1 text"')).toMatchObject({ code: 550, exit: EX.NOUSER });
  expect(errorReply("", '"450 text"')).toMatchObject({ code: 450, exit: EX.UNAVAILABLE });
  expect(errorReply("100", "text").exit).toBe(100);
  expect(errorReply("2.1.5", "text").exit).toBe(EX.USAGE);
  expect(errorReply("4.3.0", '"550 text"')).toMatchObject({ code: 550, exit: EX.TEMPFAIL });
});

test("errorExit() reads the subject of an enhanced code, and its detail where that has a word", () => {
  const codes = ["5.1.6", "5.1.9", "5.3.9", "5.4.1", "5.4.9", "5.7.1", "5.9.9", "5.1"];
  expect(codes.map(errorExit)).toEqual([
    EX.NOUSER,
    EX.UNAVAILABLE,
    EX.OSERR,
    EX.TEMPFAIL,
    EX.UNAVAILABLE,
    EX.DATAERR,
    EX.UNAVAILABLE,
    EX.UNAVAILABLE,
  ]);
  expect(errorReply("5.4.1", "x").code).toBe(553);
});
