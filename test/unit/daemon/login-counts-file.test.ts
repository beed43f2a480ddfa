/** Counts of logins outlive the server: when they are written, what is read again, and what a damaged file does. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { LoginCountsFile } from "../../../src/daemon/login-counts-file.ts";
import { judge, type Outcome } from "../../../src/reception/judges.ts";
import { LoginLimits } from "../../../src/reception/login-limits.ts";
import { Transaction } from "../../../src/reception/transaction.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import { fakeServices } from "../../support/fake-smtp-services.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const HOUR = 3_600_000;
const DELAY = 10_000;

let folder: string;
let path: string;
let clock: ManualClock;
let told: string[];
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "login-counts-")), "queue");
  mkdirSync(folder);
  path = join(folder, "logins");
  clock = new ManualClock();
  told = [];
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

function isIn(outcome: unknown): boolean {
  return (outcome as Outcome).kind === "in";
}

/** A server that begins: its limits, and the file behind them. */
function begin(rules = "messages/h=2 recipients/d=9 addresses/d=1") {
  const services = fakeServices({ select: () => rules });
  const limits = new LoginLimits(clock);
  const log = { enabled: () => true, write: (_level: number, { text }: { text: string }) => void told.push(text) };
  const file = new LoginCountsFile({ queueFolder: folder, limits, clock, log });
  const judges = { auth: [limits], mail: [limits], rcpt: [limits], data: [limits] };
  const session = (login: string, address = "192.0.2.1"): Transaction => {
    const macros = { auth_type: "PLAIN", auth_authen: login, client_addr: address };
    return Transaction.ofSession(services.site(), { relay: "x" }, new MacroScope(undefined, Object.entries(macros)));
  };
  return {
    file,
    logIn: (login: string, address: string) =>
      isIn(judge({ log, judges }, "auth", session(login, address), { mechanism: "PLAIN" })),
    send: (login: string, recipients = 1): boolean => {
      const message = session(login).message({ sender: "a@b", smtputf8: false, isReport: false });
      if (!isIn(judge({ log, judges }, "mail", message, { path: "<a@b>" }))) return false;
      return isIn(judge({ log, judges }, "data", message, { recipients }));
    },
  };
}

const problems = (): string[] => told.filter((text) => text.includes(path));

test("a restart forgets nothing, and the file is nobody else's business", async () => {
  const before = begin();
  expect([before.send("joe"), before.send("joe"), before.send("joe")]).toEqual([true, true, false]);
  expect(before.logIn("ann <ann>", "192.0.2.1")).toBe(true);
  await before.file.close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const after = begin();
  expect([after.send("joe"), after.send("bob")]).toEqual([false, true]);
  expect([after.logIn("ann <ann>", "192.0.2.1"), after.logIn("ann <ann>", "192.0.2.2")]).toEqual([true, false]);
  clock.advance(HOUR + HOUR / 12);
  expect(after.send("joe")).toBe(true);
  await after.file.close();
  expect(problems()).toEqual([]);
});

test("many changes are written once, some seconds after the first; what came since is written when the server ends", async () => {
  const { send, file } = begin("messages/h=1000");
  for (let i = 0; i < 100; i++) send("joe");
  clock.advance(DELAY - 1);
  expect(existsSync(path)).toBe(false);
  clock.advance(1);
  // Closing waits for the write that has begun; there is nothing else to write.
  await file.close();
  const first = readFileSync(path, "utf8");
  expect(first).toMatch(/^rulemail logins 1\n\{"login":"joe".*\nend 1\n$/);
  const { ino } = statSync(path);
  await file.close();
  expect(statSync(path).ino).toBe(ino);
  send("ann");
  await file.close();
  expect(readFileSync(path, "utf8")).toMatch(/"login":"ann"/);
});

test("nothing is written where nobody has limits, and logins are forgotten a day later", async () => {
  const idle = begin("");
  idle.send("joe");
  await idle.file.close();
  expect(existsSync(path)).toBe(false);
  const { send, file } = begin();
  send("joe");
  clock.advance(25 * HOUR);
  send("ann");
  await file.close();
  expect(readFileSync(path, "utf8")).not.toContain("joe");
});

/** A file as a server leaves it: joe is at his limit. */
async function full(): Promise<string> {
  const { send, file } = begin();
  send("joe");
  send("joe");
  send("ann");
  await file.close();
  return readFileSync(path, "utf8");
}

test.each<[what: string, damage: (text: string) => string, problem: RegExp]>([
  ["empty", () => "", /does not begin with "rulemail logins 1"/],
  ["of a later version", (text) => text.replace("logins 1", "logins 2"), /is of version 2, not 1/],
  ["something else", () => "hello\n", /does not begin with/],
  ["cut off in a line", (text) => text.slice(0, -40), /its end is missing/],
  ["cut off between lines", (text) => text.replace(/end .*\n$/, ""), /its end is missing/],
  ["without a line", (text) => text.replace(/\{"login":"ann.*\n/, ""), /its end is missing/],
  ["not JSON", (text) => text.replace('{"login":"ann', '{"login:"ann'), /line 3 is none of a login/],
  ["null", (text) => text.replace(/\{"login":"ann.*/, "null"), /line 3 is none of a login/],
  ["with a count that is none", (text) => text.replace(/("messages\/h":\[)[0-9]+/, "$1-1"), /line 2 is none/],
  ["with too few counts", (text) => text.replace(/("messages\/d":\[[0-9]+),[0-9]+/, "$1"), /line 2 is none/],
  ["without counts", (text) => text.replace(/"counts":\{[^}]*\}/, '"counts":null'), /line 2 is none/],
  ["with an address that is none", (text) => text.replace('"addresses":[]', '"addresses":[["x"]]'), /line 2 is none/],
  ["binary", (text) => `${text.slice(0, 30)}\0\xff${text.slice(32)}`, /line 2 is none/],
])("a file that is %s is told of, and counting begins anew", async (_what, damage, problem) => {
  const damaged = damage(await full());
  writeFileSync(path, damaged);
  const { send, file } = begin();
  expect(problems()).toEqual([expect.stringMatching(problem)]);
  expect(problems()[0]).toContain("counts of logins begin anew");
  expect([send("joe"), send("joe"), send("joe")]).toEqual([true, true, false]);
  await file.close();
  expect(begin().send("joe")).toBe(false);
  expect(problems()).toHaveLength(1);
});

test("a folder that cannot be written is told of once, and the next change is written when it can be", async () => {
  const { send, file } = begin();
  rmSync(folder, { recursive: true });
  send("joe");
  await file.close();
  send("joe");
  await file.close();
  expect(problems()).toEqual([expect.stringContaining("cannot write counts of logins: ENOENT")]);
  mkdirSync(folder);
  send("ann");
  await file.close();
  expect(begin().send("joe")).toBe(false);
});
