import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { loadConfig } from "../../../src/config/load.ts";
import { mimeLimitsOf } from "../../../src/config/policies.ts";
import { configEnvironment } from "../../support/config-environment.ts";

const folder = mkdtempSync(join(tmpdir(), "rulemail-mime-limits-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the limits of MIME fields are those of the option, the fields those of the classes, to which a site may add", async () => {
  const file = join(folder, "some.cf");
  const lines = "C{checkMIMETextHeaders}X-Name\nO MaxMimeHeaderLength=300/200\n";
  writeFileSync(file, `V10\nMlocal, P=/bin/sh, F=ls, A=sh\n${lines}`);
  const { config } = await loadConfig(file, configEnvironment);
  const { field, parameter, isText, isStructured, hasParameters } = mimeLimitsOf(config!);
  expect([field, parameter]).toEqual([300, 200]);
  const names = ["x-name", "content-description", "content-id", "content-type", "subject"];
  expect(names.filter(isText)).toEqual(["x-name", "content-description"]);
  expect(names.filter(isStructured)).toEqual(["content-id", "content-type"]);
  expect(names.filter(hasParameters)).toEqual(["content-type"]);
  config!.close();
});
