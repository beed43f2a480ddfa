/** What a start says about folders for mailboxes. Owners can only be set up by root; the rest is the same for everybody. */
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Config } from "../../../src/config/config.ts";
import type { Mailer } from "../../../src/config/mailer.ts";
import { prepareMailer } from "../../../src/delivery/readiness.ts";

const isRoot = process.getuid?.() === 0;
const GROUP = 31_008;
const ANN = 31_001;

const config = {
  macros: { child: () => undefined },
  expand: (text: string) => text,
} as unknown as Config;

let above: string;
let mail: string;
beforeEach(() => {
  above = mkdtempSync(join(tmpdir(), "readiness-"));
  chmodSync(above, 0o755);
  mail = join(above, "spool", "mail");
  mkdirSync(mail, { recursive: true });
});
afterEach(() => rmSync(above, { recursive: true, force: true }));

function problem({ home = "/", user }: { readonly home?: string; readonly user?: { readonly uid: number } } = {}) {
  const mailer = { name: "local", path: "[LOCAL]", argv: ["LOCAL", `maildir:${mail}/user/`], user };
  return prepareMailer(config, mailer as unknown as Mailer, "user", home).problem;
}

(isRoot ? describe : describe.skip)("started by root", () => {
  test("root's folders are right", () => {
    expect(problem()).toBeUndefined();
  });

  test("a folder that users may not enter is named, with what to do", () => {
    chmodSync(above, 0o700);
    expect(problem()).toContain(`users may not enter ${above} (chmod a+x ${above}`);
    chmodSync(above, 0o750);
    expect(problem()).toContain(`users may not enter ${above}`);
  });

  test("but not where it does no harm: above the server's home, for a mailer with U=, for a group", () => {
    chmodSync(above, 0o700);
    expect(problem({ home: join(above, "spool") })).toBeUndefined();
    expect(problem({ user: { uid: ANN } })).toBeUndefined();
    chmodSync(above, 0o750);
    chownSync(above, 0, GROUP);
    expect(problem()).toBeUndefined();
  });

  test("a folder in somebody else's is said to be useless unless its group, or everybody, writes there", () => {
    chownSync(above, ANN, ANN);
    expect(problem()).toContain("others than root may replace a folder above it");
    chownSync(mail, 0, GROUP);
    chmodSync(mail, 0o1770);
    expect(problem()).toBeUndefined();
    chmodSync(mail, 0o1777);
    expect(problem()).toBeUndefined();
  });
});

test("a missing folder is made", () => {
  rmSync(mail, { recursive: true });
  expect(problem()).toBeUndefined();
  expect(existsSync(mail)).toBe(true);
});
