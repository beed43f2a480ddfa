import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { readSealed } from "../../../src/sys/sealed-file.ts";

test("a file that may be read is read; one that is not there is not made up", () => {
  const folder = mkdtempSync(join(tmpdir(), "sealed-"));
  const file = join(folder, "key");
  writeFileSync(file, "now");
  const sealed = new Map([file, join(folder, "none")].map((path) => [path, Buffer.from("before")]));
  expect(readSealed(file, sealed).toString()).toBe("now");
  expect(() => readSealed(join(folder, "none"), sealed)).toThrow("ENOENT");
  rmSync(folder, { recursive: true });
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;
asRoot("what may not be read counts as it was read before", () => {
  const folder = mkdtempSync(join(tmpdir(), "sealed-"));
  chmodSync(folder, 0o755);
  const file = join(folder, "key");
  writeFileSync(file, "now", { mode: 0o600 });
  const source = join(import.meta.dirname, "../../../src/sys/sealed-file.ts");
  const script = `import { readSealed } from ${JSON.stringify(source)};
    const file = ${JSON.stringify(file)};
    console.log(String(readSealed(file, new Map([[file, Buffer.from("before")]]))));
    try { readSealed(file, undefined); } catch (error) { console.log(error.code); }`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    uid: 52701,
    gid: 52701,
    encoding: "utf8",
  });
  expect([stdout, stderr]).toEqual(["before\nEACCES\n", ""]);
  rmSync(folder, { recursive: true });
});
