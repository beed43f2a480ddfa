import { describe, expect, test } from "@jest/globals";
import {
  isListed,
  readStsId,
  readStsPolicy,
  stsLines,
} from "../../../../../src/authentication/policy/sts/policy-text.ts";

describe("readStsId()", () => {
  test.each([
    [["v=STSv1; id=20160831085700Z;"], "20160831085700Z"],
    [["v=STSv1;id=a1"], "a1"],
    [["v=STSv1 ; more=x; id=a1; "], "a1"],
    [["something else", "v=STSv1; id=1;"], "1"],
    [["v=STSv1; id=1;", "v=STSv1; id=2;"], undefined],
    [["v=STSv1"], undefined],
    [["v=STSv1; id=a b;"], undefined],
    [["v=STSv1; id=;"], undefined],
    [[`v=STSv1; id=${"a".repeat(33)};`], undefined],
    [["id=1; v=STSv1;"], undefined],
    [["V=STSv1; id=1;"], undefined],
    [["v=STSv10; id=1;"], undefined],
    [[], undefined],
  ])("%j", (texts, id) => {
    expect(readStsId(texts)).toBe(id);
  });
});

const GOOD = "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n";

describe("readStsPolicy()", () => {
  test("all of it, with either line end, unknown fields aside", () => {
    const policy = { mode: "enforce", mx: ["mail.example.com", "*.example.net"], maxAge: 604800 };
    expect(readStsPolicy(GOOD)).toEqual(policy);
    expect(readStsPolicy(`${GOOD.replaceAll("\r", "")}future: x\nmode: none\n\n`)).toEqual(policy);
    expect(readStsPolicy(stsLines(policy as Exclude<ReturnType<typeof readStsPolicy>, string>).join("\n"))).toEqual(
      policy,
    );
  });

  test("nobody is bound for longer than a year", () => {
    expect(readStsPolicy(GOOD.replace("604800", "9999999999"))).toMatchObject({ maxAge: 31_557_600 });
  });

  test("mode none needs no host", () => {
    expect(readStsPolicy("version: STSv1\nmode: none\nmax_age: 0")).toEqual({ mode: "none", mx: [], maxAge: 0 });
  });

  test.each([
    [GOOD.replace("STSv1", "STSv2"), "version is not STSv1"],
    [GOOD.replace("version: STSv1\r\n", ""), "version is not STSv1"],
    [GOOD.replace("enforce", "Enforce"), 'mode "Enforce" is none'],
    [GOOD.replace("604800", "1w"), 'max_age "1w" is no number of seconds'],
    [GOOD.replace("604800", "-1"), 'max_age "-1" is no number of seconds'],
    [GOOD.replace("*.example.net", "mail.*.net"), 'mx "mail.*.net" is no name of a host'],
    [GOOD.replace("*.example.net", "*"), 'mx "*" is no name of a host'],
    [GOOD.replace("*.example.net", "192.0.2.1 x"), 'mx "192.0.2.1 x" is no name of a host'],
    [GOOD.replaceAll(/mx: .*\r\n/g, ""), "there is no mx"],
    ["<html>\n<body>not found</body>", '"<html>" is no field'],
    ["", "version is not STSv1"],
    [GOOD + "mx: a.example\n".repeat(200), "too many mx fields"],
  ])("%#: is none", (text, problem) => {
    expect(readStsPolicy(text)).toBe(problem);
  });
});

test("isListed(): a star stands for one label, and letter case for nothing", () => {
  const mx = ["mail.example.com", "*.example.net"];
  const hosts = [
    "mail.example.com",
    "MAIL.Example.com.",
    "a.example.net",
    "example.net",
    "a.b.example.net",
    "xmail.example.com",
  ];
  expect(hosts.map((host) => isListed(host, mx))).toEqual([true, true, true, false, false, false]);
});
