/** The options of V8 that a long-lived process gets (src/sys/heap.ts). */
import { expect, test } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const heap = join(import.meta.dirname, "../../../src/sys/heap.ts");

/** Compiled code of before, as V8 takes it afterwards: in a process of its own, whose options it changes. */
const PROGRAM = `
import { Script } from "node:vm";
import { keepHeapSmall, standardHeap } from ${JSON.stringify(heap)};
const before = new Script("1").createCachedData();
// What was compiled in this process is not looked for in what was kept: another text each time, as long as the first.
let text = 2;
const isTaken = () => !new Script(String(text++), { cachedData: before }).cachedDataRejected;
const said = [isTaken()];
for (const work of ["server", "test mode"]) {
  keepHeapSmall(work, true);
  said.push(isTaken());
  standardHeap();
  said.push(isTaken());
}
process.stdout.write(said.join());
`;

test("options that are undone are those that V8 begins with: the one executable file is compiled with them", () => {
  const words = ["--no-warnings", "--input-type=module-typescript", "--eval", PROGRAM];
  const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  expect(stderr).toBe("");
  expect(stdout).toBe("true,false,true,false,true");
});
