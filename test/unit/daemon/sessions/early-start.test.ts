/** Whether a configuration that nobody has read yet wants a thread for its sessions. */
import { expect, test } from "@jest/globals";
import { wantsThread } from "../../../../src/daemon/sessions/early-start.ts";

const option = (text: string) => ({ kind: "option", text: ` ${text}` }) as const;

test.each<[string, string, string[], boolean]>([
  ["says nothing", "O LogLevel=9\n", [], false],
  ["wants one", "V10\nO SessionThreads=1\nO LogLevel=9\n", [], true],
  ["wants one, in other letters and with blanks", "O  sessionthreads =  1\n", [], true],
  ["wants more than there will be", "O SessionThreads=4\n", [], true],
  ["wants none", "O SessionThreads=0\n", [], false],
  ["has it as a comment", "#O SessionThreads=1\n", [], false],
  ["says it twice: the last counts", "O SessionThreads=1\nO SessionThreads=0\n", [], false],
  ["is told otherwise", "O SessionThreads=1\n", ["SessionThreads=0"], false],
  ["is told to", "O SessionThreads=0\n", ["LogLevel=9", "SessionThreads=1"], true],
])("a file that %s", (_what, text, settings, wanted) => {
  expect(wantsThread(text, settings.map(option))).toBe(wanted);
});
