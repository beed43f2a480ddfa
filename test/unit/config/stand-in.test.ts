import { describe, expect, test } from "@jest/globals";
import type { Mailer } from "../../../src/config/mailer.ts";
import { standInFor } from "../../../src/config/stand-in.ts";
import { MACRO } from "../../../src/rewriting/tokens.ts";

const sensible = {
  name: "local",
  path: "/usr/sbin/sensible-mda",
  argv: ["sensible-mda"],
  flags: new Set(["S"]),
} as unknown as Mailer;

const machine =
  (...files: string[]) =>
  (file: string): boolean =>
    files.includes(file);

describe("what delivers where Debian's sensible-mda cannot", () => {
  test("the script, when it and one of its programs are there", () => {
    for (const program of ["/usr/bin/procmail", "/usr/bin/maildrop", "/usr/libexec/sendmail/mail.local"]) {
      expect(standInFor(sensible, machine(sensible.path, program))).toBeUndefined();
    }
  });

  test("our own agent without the script, and without a program that it could run", () => {
    const own = { ...sensible, path: "[LOCAL]", argv: ["LOCAL", `mbox:/var/mail/${MACRO}u`] };
    expect(standInFor(sensible, machine("/usr/bin/procmail"))).toEqual({
      does: "mail goes to mbox:/var/mail/USER by our own agent",
      mailer: own,
      reason: "mailer local: /usr/sbin/sensible-mda is missing: mail goes to mbox:/var/mail/USER by our own agent",
    });
    expect(standInFor(sensible, machine(sensible.path))).toMatchObject({
      mailer: own,
      reason: expect.stringContaining("has no program to run"),
    });
  });

  test("no other program is replaced", () => {
    expect(standInFor({ ...sensible, path: "/usr/bin/procmail" }, machine())).toBeUndefined();
  });
});
