/** Dialogues of test mode, recorded by record.ts and checked against the original once. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { runSession } from "./run-session.ts";

const folder = join(import.meta.dirname, "test-mode");
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".in"))
  .map((file) => file.slice(0, -".in".length));

test.each(names)("the dialogue %s prints what was recorded", async (name) => {
  const expected = readFileSync(join(folder, `${name}.out`), "latin1");
  expect((await runSession(folder, name)).split("\n")).toEqual(expected.split("\n"));
});
