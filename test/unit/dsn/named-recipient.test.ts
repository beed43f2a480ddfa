import { expect, test } from "@jest/globals";
import { namedRecipient, type TypesOf } from "../../../src/dsn/named-recipient.ts";

const TYPES: Readonly<Record<string, string>> = { local: "RFC822", prog: "X-Unix", uucp: "X-UUCP", fax: "X-Fax" };

const types: TypesOf = ({ resolved }) =>
  resolved && { mta: "dns", address: TYPES[resolved.mailer], diagnostic: "smtp" };

function named(given: string, mailer?: string, utf8 = false): string {
  const resolved = mailer === undefined ? undefined : { mailer, host: "", user: given };
  return namedRecipient({ given, ...(resolved && { resolved }) }, "mail.test", types, utf8);
}

test.each([
  ["joe@b.test", undefined, "RFC822; joe@b.test"],
  ["joe", "local", "RFC822; joe@mail.test"],
  ["joe", undefined, "RFC822; joe@mail.test"],
  ["\\joe", "local", "RFC822; joe@mail.test"],
  ['"a@b"', "local", 'RFC822; "a@b"@mail.test'],
  ['"a \\"@"@c.test', "local", 'RFC822; "a \\"@"@c.test'],
  ["|/bin/false", "prog", "X-Unix; |/bin/false"],
  ["|/bin/false", undefined, "X-Unix; |/bin/false"],
  ['"|/bin/sh -c \\"exit 1\\""', "prog", 'X-Unix; |/bin/sh -c "exit 1"'],
  ["|prog joe@b.test", "prog", "X-Unix; |prog joe@b.test"],
  ["/var/spool/archive", "*file*", "X-Unix; /var/spool/archive"],
  ["/var/spool/joe@b.test", "*file*", "X-Unix; /var/spool/joe@b.test"],
  ["/C=DE/S=Doe/@gateway.test", "local", "RFC822; /C=DE/S=Doe/@gateway.test"],
  [":include:/etc/list", undefined, "X-Unix; :include:/etc/list"],
  ["a!b", "uucp", "X-UUCP; a!b"],
  ["5551234", "fax", "X-Fax; 5551234"],
  ["a!b", "local", "RFC822; a!b@mail.test"],
] as const)("%s for mailer %s is %s", (given, mailer, expected) => {
  expect(named(given, mailer)).toBe(expected);
});

test("addresses in UTF-8 have a type of their own, and a form in ASCII where they may not stand", () => {
  expect(named("j\xc3\xbcrg@b.test")).toBe("utf-8; j\\x{FC}rg@b.test");
  expect(named("j\xc3\xbcrg@b.test", undefined, true)).toBe("utf-8; j\xc3\xbcrg@b.test");
  expect(named("joe@b.test", undefined, true)).toBe("RFC822; joe@b.test");
});
