import { describe, expect, test } from "@jest/globals";
import { authservIdOf, falseResults, resultsField, type Told } from "../../../src/authentication/results-field.ts";
import type { DkimResult } from "../../../src/authentication/dkim/verify.ts";

const signature: DkimResult = {
  result: "pass",
  domain: "example.org",
  selector: "s1",
  identity: "@example.org",
  algorithm: "rsa-sha256",
  testing: false,
  signature: "Xk3qPz0/",
};

function field(value: string, name = "Authentication-Results") {
  return { name, value };
}

function written(told: Told): string {
  return resultsField("mail.example.com", told).value;
}

describe("resultsField()", () => {
  test("tells each result on a line of its own", () => {
    const value = written({
      client: "2001:db8::7",
      iprev: { result: "pass", address: "2001:db8::7", name: "mx.example.org" },
      spf: { result: "pass", identity: "mailfrom", domain: "example.org" },
      spfHelo: { result: "none", identity: "helo", domain: "mx.example.org" },
      dkim: [signature, { ...signature, result: "fail", reason: "body changed (by whom?)", selector: "s2" }],
      dmarc: {
        result: "pass",
        domain: "example.org",
        policy: "reject",
        spfAligned: true,
        record: {} as NonNullable<NonNullable<Told["dmarc"]>["record"]>,
      },
      arc: { result: "pass", chain: [{ domain: "list.test", selector: "a" }] },
    });
    expect(value.split("\r\n\t")).toEqual([
      " mail.example.com;",
      'iprev=pass (mx.example.org) policy.iprev="2001:db8::7";',
      "spf=none smtp.helo=mx.example.org;",
      "spf=pass smtp.mailfrom=example.org;",
      'dkim=pass header.d=example.org header.i=@example.org header.s=s1 header.a=rsa-sha256 header.b="Xk3qPz0/";',
      'dkim=fail (body changed by whom?) header.d=example.org header.i=@example.org header.s=s2 header.a=rsa-sha256 header.b="Xk3qPz0/";',
      "dmarc=pass (p=reject) header.from=example.org;",
      'arc=pass (i=1) smtp.remote-ip="2001:db8::7"',
    ]);
  });

  test("nothing that a stranger says ends a value, a comment or the line", () => {
    const value = written({
      spf: { result: "permerror", identity: "mailfrom", domain: 'a";\r\n\tdmarc=pass', reason: "x) dmarc=pass (\\" },
      dkim: [{ ...signature, domain: "x;dkim=pass", selector: "a\x00\xe9" + "b".repeat(1000) }],
    });
    expect(authservIdOf(value)).toBe("mail.example.com");
    expect(value).not.toMatch(/[^\t\r\n -~]/);
    const outside = value.replaceAll(/"(?:[^"\\]|\\.)*"/g, "").replaceAll(/\([^)]*\)/g, "");
    expect(outside.match(/\b(?:spf|dkim|dmarc)=\w+/g)).toEqual(["spf=permerror", "dkim=pass"]);
    expect(value.length).toBeLessThan(600);
  });

  test("a message of which nothing was found out", () => {
    expect(written({})).toBe(" mail.example.com; none");
  });
});

describe("fields of others", () => {
  test.each([
    [" mail.example.com; spf=pass", "mail.example.com"],
    [" mail.example.com 1; spf=pass", "mail.example.com"],
    [" (a (nested\\)) comment) mail.example.com (x);none", "mail.example.com"],
    ['\r\n\t"mail.example.com" ; spf=pass', "mail.example.com"],
    [' "mail\\.example.com"', "mail.example.com"],
    [" mail.example.com", "mail.example.com"],
    [" spf=pass; x", undefined],
    [' "unfinished; spf=pass', undefined],
    [" (unfinished", undefined],
    [" mail example.com; x", undefined],
    [" mail.example.com\0; x", undefined],
    [" \0mail.example.com; x", undefined],
    [' "mail.\r\n example.com"; x', undefined],
    [" other.test 1 mail.example.com; x", undefined],
    [" other.test 1 (x) ; x", "other.test"],
    ["", undefined],
  ])("authservIdOf(%j) is %j", (value, id) => {
    expect(authservIdOf(value)).toBe(id);
  });

  test("those with our id go, in whatever letters, and those that nobody can read", () => {
    const fields = [
      field(" other.test; spf=pass"),
      field(" MAIL.example.COM; spf=pass", "AUTHENTICATION-results"),
      field(" mail.example.com; x", "X-Authentication-Results"),
      field(" ???"),
      field(" mail.example.com.evil.test; x"),
      field(' (c) "mail.example.com"; x'),
      field(" mail.example.com..; x"),
      field(" mail.example.com\x7f; x"),
    ];
    const isFalse = falseResults("mail.example.com");
    expect(fields.map((each) => isFalse(each))).toEqual([false, true, false, true, false, true, true, true]);
  });
});
