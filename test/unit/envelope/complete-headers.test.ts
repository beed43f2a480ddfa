import { expect, test } from "@jest/globals";
import { completeHeader } from "../../../src/envelope/complete-headers.ts";
import { planHeader } from "../../../src/envelope/header-plan.ts";
import { formatField, parseHeader } from "../../../src/mail/header.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import { readMacroText } from "../../../src/rewriting/macro-text.ts";
import { testConfig } from "../../support/delivery-job.ts";

const H_LINES: readonly (readonly [string, string, string?])[] = [
  ["Received", "from $s by $j$?u\r\n\tfor $u$.; $b"],
  ["Resent-From", "$?x$x <$g>$|$g$."],
  ["From", "$?x$x <$g>$|$g$."],
  ["Date", "$a"],
  ["Return-Path", "<$g>", "P"],
];

const config = {
  ...testConfig(),
  headers: H_LINES.map(([name, template, flags = ""]) => ({ name, flags, template: readMacroText(template).text })),
};

const site = { config, headerPlan: planHeader(config) };

function completed(header: string, macros: Readonly<Record<string, string>> = {}): string {
  const values = { s: "client.test", b: "NOW", a: "NOW", g: "joe@a.test", ...macros };
  const scope = config.macros.child(Object.entries(values));
  expect(scope).toBeInstanceOf(MacroScope);
  return completeHeader(site, parseHeader(header).fields, scope).map(formatField).join("").replaceAll("\r\n", "\n");
}

test("the trace field comes first, what is missing behind it", () => {
  expect(completed("Subject: x\r\n", { u: "<ann@b.test>" })).toBe(
    "Received: from client.test by here.test\n\tfor <ann@b.test>; NOW\nFrom: joe@a.test\nDate: NOW\nSubject: x\n",
  );
});

test("an empty field counts as missing", () => {
  expect(completed("From: \r\nSubject: x\r\nDate:\r\n")).toBe(
    "Received: from client.test by here.test; NOW\nFrom: joe@a.test\nDate: NOW\nSubject: x\n",
  );
});

test("what nobody sent comes from the mail system, whatever the rulesets call it then", () => {
  for (const g of ["<>", ""]) {
    expect(completed("Subject: x\r\nDate: then\r\n", { g })).toBe(
      "Received: from client.test by here.test; NOW\nFrom: MAILER-DAEMON\nSubject: x\nDate: then\n",
    );
    expect(completed("From:\r\nDate: then\r\n", { g })).toContain("\nFrom: MAILER-DAEMON\n");
  }
  // What somebody else wrote is theirs.
  expect(completed("From: <>\r\nDate: then\r\n", { g: "<>" })).toContain("\nFrom: <>\n");
});

test("fields of a message that was resent are completed when it was", () => {
  expect(completed("From: a@b.test\r\nDate: then\r\n")).not.toContain("Resent-From");
  expect(completed("Resent-To: c@d.test\r\nFrom: a@b.test\r\nDate: then\r\n")).toContain("\nResent-From: joe@a.test\n");
});
