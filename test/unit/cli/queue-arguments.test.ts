import { expect, test } from "@jest/globals";
import { filterOf, NO_RUN, type QueueRun, withQueueWord } from "../../../src/cli/queue-arguments.ts";

/** What genuine sendmail makes of -q with this value. */
test.each<[string, Partial<QueueRun> | string]>([
  ["", {}],
  ["30m", { interval: 1_800_000 }],
  ["1h15m", { interval: 4_500_000 }],
  ["5", { interval: 300_000 }],
  ["0", {}],
  ["p", { persistent: true, interval: 1_000 }],
  ["p5m", { persistent: true, interval: 300_000 }],
  ["p0", { persistent: true }],
  ["f", { foreground: true }],
  ["f5m", { foreground: true }],
  ["L", { set: "lost" }],
  ["L5", { set: "lost" }],
  ["!L", { set: "lost" }],
  ["Q", { set: "quarantined" }],
  ["!Q", { set: "quarantined" }],
  ["Gslow", { group: "slow" }],
  ["G", { group: "" }],
  ["!", {}],
  ["Ix", { selections: [{ field: "id", text: "x", negated: false }] }],
  ["!Rx", { selections: [{ field: "recipient", text: "x", negated: true }] }],
  ["S", { selections: [{ field: "sender", text: "", negated: false }] }],
  ["Qx y", { set: "quarantined", selections: [{ field: "reason", text: "x y", negated: false }] }],
  ["x", "Invalid time unit `x'"],
  ["1h5x", "Invalid time unit `x'"],
  ["p5x", "Invalid time unit `x'"],
  ["!Z", "Invalid time unit `Z'"],
  ["-1", "Invalid -q value"],
])("-q%s", (value, wanted) => {
  expect(withQueueWord(NO_RUN, value)).toEqual(typeof wanted === "string" ? wanted : { ...NO_RUN, ...wanted });
});

test("several -q add up, but for groups", () => {
  const run = ["Rb", "!Rc", "Sa", "Gslow"].reduce<QueueRun>(
    (before, value) => withQueueWord(before, value) as QueueRun,
    NO_RUN,
  );
  expect(filterOf(run)).toEqual({
    held: false,
    group: "slow",
    recipient: [{ text: "b" }, { text: "c", not: true }],
    sender: [{ text: "a" }],
  });
  expect(withQueueWord(run, "Gother")).toBe("Can not use multiple -qG options");
  expect(filterOf(withQueueWord(NO_RUN, "Qx") as QueueRun)).toEqual({ held: true, reason: [{ text: "x" }] });
});
