import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { ownConfigFile, systemConfigFile, whereLooked } from "../../../src/cli/config-file.ts";
import { homeFolder } from "../../../src/daemon/home.ts";

const home = mkdtempSync(join(tmpdir(), "rulemail-config-file-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
writeFileSync(join(home, "sendmail.cf"), "V10\n");
const empty = join(home, "empty");
mkdirSync(empty);

describe("the configuration without -C", () => {
  test("is what -C says, when it says", () => {
    expect(systemConfigFile({ configFile: "/x.cf", variant: "c" })).toBe("/x.cf");
  });

  test("is that of a home that RULEMAIL_HOME names, for all commands", () => {
    expect(systemConfigFile({}, { RULEMAIL_HOME: home })).toBe(join(home, "sendmail.cf"));
    expect(ownConfigFile({}, { RULEMAIL_HOME: home })).toBe(join(home, "sendmail.cf"));
  });

  test("is the system's where the home has none", () => {
    expect(systemConfigFile({}, { RULEMAIL_HOME: empty })).toBe("/etc/mail/sendmail.cf");
    expect(ownConfigFile({ variant: "c" }, { RULEMAIL_HOME: empty })).toBe("/etc/mail/submit.cf");
  });
});

describe("a configuration that is nowhere", () => {
  test("is told with the places where it was looked for", () => {
    expect(whereLooked({}, { RULEMAIL_HOME: empty })).toMatch(
      /^there is no sendmail\.cf in .*empty \(RULEMAIL_HOME\) or \/etc\/mail: /,
    );
    expect(whereLooked({ variant: "c" }, {})).toMatch(
      /no submit\.cf in \/var\/spool\/rulemail \(RULEMAIL_HOME is not set\)/,
    );
  });

  test("as if RULEMAIL_HOME were not set where it is empty", () => {
    expect(homeFolder({ RULEMAIL_HOME: "" })).toEqual(homeFolder({}));
    expect(whereLooked({}, { RULEMAIL_HOME: "" })).toContain("/var/spool/rulemail (RULEMAIL_HOME is not set)");
    expect(systemConfigFile({}, { RULEMAIL_HOME: "" })).toBe(systemConfigFile({}, {}));
  });

  test("not when it is there, or named", () => {
    expect(whereLooked({}, { RULEMAIL_HOME: home })).toBeUndefined();
    expect(whereLooked({ configFile: "/none.cf" }, {})).toBeUndefined();
  });
});
