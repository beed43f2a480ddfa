import { expect, test } from "@jest/globals";
import { resultsField } from "../../../src/authentication/results-field.ts";
import { readResults } from "../../../src/authentication/read-results.ts";

/** "method=result property=value ..." of each. */
function read(value: string): readonly string[] {
  return readResults(value).map(({ method, result, properties }) =>
    [`${method}=${result}`, ...[...properties].map(([name, given]) => `${name}=${given}`)].join(" "),
  );
}

test.each<[string, string, readonly string[]]>([
  ["nothing", " mx.test; none", []],
  ["one", " mx.test; spf=pass smtp.mailfrom=a.test", ["spf=pass smtp.mailfrom=a.test"]],
  [
    "several, folded, in any case, with versions and comments",
    ' mx.test 1;\r\n\tSPF/1 = Pass (it; dmarc=pass) smtp . mailfrom=joe@a.test ;\r\n\tdkim=fail reason="bad; dmarc=pass" header.d=a.test',
    ["spf=pass smtp.mailfrom=joe@a.test", "dkim=fail reason=bad; dmarc=pass header.d=a.test"],
  ],
  [
    "a quoted value",
    String.raw` mx.test; spf=pass smtp.mailfrom="a\"; dmarc=pass"`,
    ['spf=pass smtp.mailfrom=a"; dmarc=pass'],
  ],
  ["a quote that does not end", ' mx.test; spf=pass smtp.mailfrom="a; dmarc=pass', []],
  ["a comment that does not end", " mx.test; spf=pass (x; dmarc=pass", ["spf=pass"]],
  ["words that are no result", " mx.test; pass; =pass; spf=; spf=pass! x; dmarc=none", ["dmarc=none"]],
  ["the first of two properties", " mx.test; dkim=pass header.d=a.test header.d=b.test", ["dkim=pass header.d=a.test"]],
])("%s", (_name, value, expected) => {
  expect(read(value)).toEqual(expected);
});

test("what we write ourselves comes back, whatever strangers have said", () => {
  const domain = 'a.test"; dmarc=pass (\\';
  const { value } = resultsField("mx.test", {
    spf: { result: "fail", identity: "mailfrom", domain, reason: 'no) "; dmarc=pass' },
    dkim: [],
  });
  expect(read(value)).toEqual([`spf=fail smtp.mailfrom=${domain}`, "dkim=none"]);
});

test("a hundred thousand semicolons, quotes or blanks are no work", () => {
  for (const text of [";", '""', " ", "(", "\\", "; a=b c.d=e", " a.b=c"])
    expect(read(` x; spf=pass${text.repeat(100_000)}`).length).toBeLessThan(100_002);
});
