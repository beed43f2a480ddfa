import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { runPraliases } from "../../../src/cli/praliases.ts";
import { DatabaseBuilder } from "../../../src/maps/build.ts";
import { runCommand } from "../../support/command.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "praliases-")));
  const builder = new DatabaseBuilder("refuse");
  builder.add("joe", "a, b");
  builder.add("@", "@");
  builder.write(join(folder, "aliases.db"));
  writeFileSync(join(folder, "s.cf"), `V10\nO AliasFile=${folder}/aliases, nis:x # comment\n`);
});
afterEach(() => rmSync(folder, { recursive: true }));

const praliases = (...words: string[]) => runCommand(runPraliases, words);

test("prints the databases that the configuration names", async () => {
  expect(await praliases("-C", join(folder, "s.cf"))).toEqual({
    status: 0,
    output: "joe:a, b\n@:@\n",
    errors: "praliases: Skipping non-file based alias type nis\n",
  });
});

test("prints the entries of some names", async () => {
  expect((await praliases("-f", join(folder, "aliases"), "joe", "nobody")).output).toBe(
    "joe:a, b\nnobody: No such key\n",
  );
});

test("says what cannot be opened", async () => {
  expect((await praliases("-f", "hash:/nosuch/aliases")).errors).toBe(
    "praliases: /nosuch/aliases: open: No such file or directory\n",
  );
  expect(await praliases("-C", "/nosuch")).toMatchObject({
    status: 66,
    errors: "praliases: /nosuch: No such file or directory\n",
  });
  expect(await praliases("-x")).toMatchObject({ status: 64 });
});
