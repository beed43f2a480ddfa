/** Queue folders as earlier versions left them (test/golden/queue/vN, made by record.ts there): this one reads all of them. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { QUEUE_FORMAT } from "../../src/queue/format.ts";
import { openQueue } from "../../src/queue/open-queue.ts";
import { readAll } from "../support/queue-samples.ts";
import { wholeMessages } from "../support/queue-of-all-kinds.ts";

const kept = join(import.meta.dirname, "queue");
const versions = readdirSync(kept).filter((name) => /^v\d+/.test(name));

test("a queue of every format is kept", () => {
  for (let format = 1; format <= QUEUE_FORMAT; format++) expect(versions).toContain(`v${format}`);
});

test.each(versions)("a queue of %s is read whole, twice", async (version) => {
  const directory = mkdtempSync(join(tmpdir(), "rulemail-golden-"));
  try {
    cpSync(join(kept, version), directory, { recursive: true });
    const expected: unknown = JSON.parse(readFileSync(join(directory, "expected.json"), "utf8"));
    for (let round = 0; round < 2; round++) {
      const { store, reports } = await readAll(openQueue({ directory }));
      expect(reports).toEqual([]);
      expect(JSON.parse(JSON.stringify(await wholeMessages(store)))).toEqual(expected);
      await store.close();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
