/** QueueFileMode: who may read the files of a message. */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { queueFileMode } from "../../../src/config/queue-folder.ts";
import { openQueue } from "../../../src/queue/open-queue.ts";
import { testConfig, testOptions } from "../../support/delivery-job.ts";
import { put } from "../../support/queue-samples.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "rulemail-mode-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

// What genuine sendmail makes of these, except for the last, with which it could not read its own files.
test.each<[number, string]>([
  [0o600, "600"],
  [0o640, "640"],
  [0o644, "644"],
  [0o660, "660"],
  [0o666, "664"],
  [0, "600"],
])("QueueFileMode (%d)", async (QueueFileMode, mode) => {
  const fileMode = queueFileMode(testConfig(testOptions({ QueueFileMode })));
  const { store } = await openQueue({ directory, fileMode });
  const { id } = await put(store, "held\r\n", {}, { hold: "look" });
  await store.close();
  const files = readdirSync(directory).filter((name) => name.endsWith(id));
  expect(files.toSorted()).toEqual([`df${id}`, `hf${id}`]);
  for (const name of files) expect(modeOf(join(directory, name))).toBe(mode);
  const journal = join(directory, "journal");
  for (const name of readdirSync(journal)) expect(modeOf(join(journal, name))).toBe("600");
});
