/**
 * A hostile octet costs what it weighs: whatever a header field, an address or a text for a log is made of, twice as much
 * of it is twice the work. Counted, not timed (test/support/work-count.ts).
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "@jest/globals";
import type { Config } from "../../src/config/config.ts";
import { createMailRules } from "../../src/routing/resolve.ts";
import { relay, shippedConfig, THROUGH_RULESETS, WALKS } from "../support/linear-work.ts";

describe("linear work", () => {
  let complaints: Readonly<Record<string, string>>;
  beforeAll(async () => {
    const script = join(import.meta.dirname, "../support/linear-work.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [...process.execArgv, script]);
    complaints = JSON.parse(stdout) as Record<string, string>;
  });

  test.each([...Object.keys(WALKS), THROUGH_RULESETS])("%s", (name) => {
    expect(complaints[name]).toBe("");
  });
});

let config: Config;
beforeAll(async () => {
  config = await shippedConfig();
});

test("one line of the log for each field, ten for all of them, none longer than is good", async () => {
  const notes: string[] = [];
  const rules = createMailRules(config, (text) => notes.push(text));
  const logged = async (fields: number, text: string): Promise<number> => {
    notes.length = 0;
    await relay(
      config,
      rules,
      Array.from({ length: fields }, (_each, index) => ({ name: index % 2 === 0 ? "From" : "To", value: ` ${text}` })),
    );
    expect(Math.max(0, ...notes.map(({ length }) => length))).toBeLessThan(300);
    return notes.length;
  };
  for (const text of ["(".repeat(10_000), ")".repeat(10_000), "<".repeat(10_000), "a>,".repeat(40)]) {
    expect(await logged(1, text)).toBeLessThanOrEqual(1);
    expect(await logged(30, text)).toBeLessThanOrEqual(10);
  }
  expect([await logged(1, 'x(<"'), await logged(30, 'x(<"')]).toEqual([1, 10]);
  expect(await logged(30, "joe@a.test")).toBe(0);
});

test("one question to the rulesets is worth three lines at most", async () => {
  const notes: string[] = [];
  const rules = createMailRules(config, (text) => notes.push(text));
  const scope = config.macros.child();
  for (const text of ["(".repeat(2000), ">)".repeat(500), '(((<<<"""']) {
    notes.length = 0;
    await rules.resolve(text, scope);
    expect(notes.length).toBeLessThanOrEqual(3);
    notes.length = 0;
    await rules.check("check_mail", [text, text], scope);
    expect(notes.length).toBeLessThanOrEqual(3);
  }
});
