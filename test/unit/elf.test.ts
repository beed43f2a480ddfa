/** packaging/elf.ts with a program of this machine: what is stripped runs as before. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { architectureOf, stripped } from "../../packaging/elf.ts";

const shell = readFileSync(realpathSync("/bin/sh"));

/** Adds what lies behind the rest, as symbols do: a section that does not get into memory, and its header. */
function withSymbols(file: Buffer): Buffer {
  const [start, count] = [Number(file.readBigUInt64LE(40)), file.readUInt16LE(60)];
  const symbols = Buffer.alloc(100_000, "symbols");
  const header = Buffer.from(file.subarray(start + 64, start + 128));
  header.writeUInt32LE(2, 4); // sh_type: a table of symbols
  header.writeBigUInt64LE(0n, 8);
  header.writeBigUInt64LE(BigInt(file.length), 24);
  header.writeBigUInt64LE(BigInt(symbols.length), 32);
  const larger = Buffer.concat([file, symbols, file.subarray(start, start + count * 64), header]);
  larger.writeBigUInt64LE(BigInt(file.length + symbols.length), 40);
  larger.writeUInt16LE(count + 1, 60);
  return larger;
}

test("a program without its symbols is smaller and does the same", () => {
  const folder = mkdtempSync(join(tmpdir(), "elf-"));
  try {
    const larger = withSymbols(shell);
    const smaller = stripped(larger);
    expect(smaller.length).toBeLessThanOrEqual(shell.length);
    expect(architectureOf(smaller)).toBe(process.arch);
    const file = join(folder, "sh");
    writeFileSync(file, smaller, { mode: 0o755 });
    expect(spawnSync(file, ["-c", "echo $((6 * 7)); exit 3"], { encoding: "utf8" })).toMatchObject({
      stdout: "42\n",
      status: 3,
    });
    // What is left of the sections has its names, and nothing is left to take.
    expect(stripped(smaller).equals(smaller)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("what is no such program is not touched", () => {
  expect(architectureOf(Buffer.from("#!/bin/sh\n"))).toBeUndefined();
  expect(() => stripped(Buffer.alloc(200))).toThrow("strip: no program of Linux for x64 or arm64");
});
