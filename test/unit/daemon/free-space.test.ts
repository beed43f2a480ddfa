import { expect, test } from "@jest/globals";
import type { Config } from "../../../src/config/config.ts";
import { queueFolder } from "../../../src/config/queue-folder.ts";
import { FreeSpace } from "../../../src/daemon/free-space.ts";
import { fakeOptions } from "../../support/fake-smtp-services.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const config = {
  options: fakeOptions({ MinFreeBlocks: 100, QueueDirectory: "/var/spool/queue/q*" }),
} as unknown as Config;

test("looks at the folder of the queue once a second, and says what is missing", () => {
  const clock = new ManualClock();
  const looks: string[] = [];
  let free = 100;
  const space = new FreeSpace(clock, (folder) => {
    looks.push(folder);
    if (free < 0) throw new Error("ENOENT: no such folder");
    return free;
  });
  expect(space.problem(config)).toBeUndefined();
  free = 99;
  expect(space.problem(config)).toBeUndefined();
  clock.advance(1000);
  expect(space.problem(config)).toBe("99 of 100 blocks free");
  free = -1;
  clock.advance(1000);
  expect(space.problem(config)).toBe("ENOENT: no such folder");
  expect(looks).toEqual(Array(3).fill("/var/spool/queue"));
});

test("the glob of a queue folder is left out", () => {
  expect(queueFolder(config)).toBe("/var/spool/queue");
});
