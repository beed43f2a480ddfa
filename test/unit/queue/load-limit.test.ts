import { expect, test } from "@jest/globals";
import type { Options } from "../../../src/config/config.ts";
import { keptByLoad } from "../../../src/queue/load-limit.ts";

const FACTOR = 600_000;

function options(la: number | undefined): Options {
  return {
    isSet: () => la !== undefined,
    number: (name: string) => (name === "QueueLA" ? (la ?? 8) : FACTOR),
  } as unknown as Options;
}

test.each([
  [8, 7.9, 1_000_000, false],
  [8, 8, 600_000, false],
  [8, 8, 600_001, true],
  [8, 11, 150_000, false],
  [8, 11, 150_001, true],
  [0, 100, 1_000_000, false],
  [undefined, 100, 1_000_000, false],
])("QueueLA=%j, load %d, priority %d: %s", (la, load, priority, kept) => {
  expect(keptByLoad(options(la), () => load)(priority)).toBe(kept);
});

test("QueueLA of a port counts before that of the configuration", () => {
  expect(keptByLoad(options(8), () => 5, 4)(400_000)).toBe(true);
  expect(keptByLoad(options(8), () => 50, 0)(400_000)).toBe(false);
});
