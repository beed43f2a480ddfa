/** What a server says when its configuration relies on what it does not do. */
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { loadConfig } from "../../../src/config/load.ts";
import { unprotectedBy } from "../../../src/config/unprotected.ts";
import { configEnvironment } from "../../support/config-environment.ts";

const folder = mkdtempSync(join(tmpdir(), "rulemail-unprotected-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function told(text: string): Promise<readonly string[]> {
  const file = join(folder, "some.cf");
  writeFileSync(file, `V10\nMlocal, P=/bin/sh, F=ls, A=sh\n${text}`);
  const { config } = await loadConfig(file, configEnvironment);
  const lines = unprotectedBy(config!);
  config!.close();
  return lines;
}

test("an option that protects and is not acted on is told with what happens instead", async () => {
  expect(await told("O SoftBounce=True\nO DontInitGroups=True\nO LogLevel=20\n")).toEqual([
    expect.stringMatching(/^option DontInitGroups=True is not acted on/),
    expect.stringMatching(/^option SoftBounce=True is not acted on \(.*\): .+$/),
  ]);
});

test("not when it only repeats the default, or is empty", async () => {
  expect(await told("O RefuseLA=12\nO QueueLA=8\nO CACertFile\n")).toEqual([]);
});
