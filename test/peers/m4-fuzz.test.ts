/**
 * Macro programs at random go through our processor and through GNU m4: output, what is said on standard error and the
 * exit status must be the same. GNU m4: test/support/foreign-programs.ts.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { commandOf, findGnuM4 } from "../support/foreign-programs.ts";
import { peerTest } from "../support/peers.ts";
import { processM4 } from "../../src/mc/compile.ts";
import { fuzz } from "../support/fuzz.ts";
import { randomMacros } from "../support/random-macros.ts";

const PROGRAMS = 120;
const PATIENCE_MS = 5_000;
/** Programs that go on for ever are stopped here, and by the limits of the shell there. */
const MOST_CALLS = 100_000;
const LIMITS = 'ulimit -t 2; ulimit -v 400000; exec "$@"';
const NAME = "fuzz.m4";

let folder: string;
let parts: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rulemail-m4-"));
  parts = join(folder, "parts");
  mkdirSync(parts);
  writeFileSync(join(parts, "part.m4"), "part __line__ m1(`one', two)\nm2 `quoted'\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Answer {
  readonly output: string;
  readonly errors: string;
  readonly status: number | null;
}

function theirs(command: readonly string[], text: string): Answer | undefined {
  writeFileSync(join(folder, NAME), text, "latin1");
  const words = ["-c", LIMITS, "m4", ...command, "-I", parts, NAME];
  const { stdout, stderr, status } = spawnSync("sh", words, {
    cwd: folder,
    encoding: "latin1",
    timeout: PATIENCE_MS,
    maxBuffer: 1 << 26,
    env: { ...process.env, LC_ALL: "C" },
  });
  // A status above 128 comes from the limits, and so does a complaint about memory or itself.
  const gaveUp = status === null || status > 128 || /memory exhausted|internal error detected/.test(stderr);
  return gaveUp ? undefined : { output: stdout, errors: stderr, status };
}

function ours(text: string, program: string): Answer | undefined {
  const options = { program, includePath: [parts], maxExpansions: MOST_CALLS };
  const { text: output, messages, status } = processM4([{ file: NAME, text }], options);
  return messages.includes("seems to expand for ever") ? undefined : { output, errors: messages, status };
}

peerTest(
  "random macro programs print what GNU m4 prints",
  ["m4"],
  async () => {
    const command = commandOf(findGnuM4());
    const program = theirs(command, "__program__")?.output ?? "m4";
    await fuzz(PROGRAMS, (random, note) => {
      const text = randomMacros(random);
      note(text);
      const mine = ours(text, program);
      const wanted = mine && theirs(command, text);
      if (wanted !== undefined) expect(mine).toEqual(wanted);
    });
  },
  600_000,
);
