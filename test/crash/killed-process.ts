/**
 * A process that works on a queue on the real file system until it kills itself, as by kill -9, at one of its operations; what
 * the world outside gets to know it says on standard output. `node killed-process.ts DIRECTORY SEED STOP FIRST`
 */
import { writeSync } from "node:fs";
import { type FileOperations, type OpenFile, systemFiles } from "../../src/queue/file-operations.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { randomNumbers } from "../support/random-rules.ts";
import { openSmallQueue } from "./small-queue.ts";
import { busyHour } from "./workload.ts";

const [directory, seed, stop, first] = process.argv.slice(2);

/** Before an operation, or while it is under way in another thread: an even number is before. */
let left = Math.floor(Number(stop) / 2);
const isBefore = Number(stop) % 2 === 0;

function dying<T>(operation: () => Promise<T>): Promise<T> {
  if (left-- > 0) return operation();
  const done = isBefore ? undefined : operation();
  process.kill(process.pid, "SIGKILL");
  return done ?? operation();
}

function dyingFile(file: OpenFile): OpenFile {
  return new Proxy(file, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...words: unknown[]) => dying(() => Reflect.apply(value, target, words) as Promise<unknown>);
    },
  });
}

const files = new Proxy(systemFiles, {
  get(target, name: keyof FileOperations) {
    return async (...words: unknown[]) => {
      const result = await dying(() => Reflect.apply(target[name], target, words) as Promise<unknown>);
      return name === "create" || name === "open" ? dyingFile(result as OpenFile) : result;
    };
  },
});

const clock = new ManualClock(Date.now());
const { store } = await openSmallQueue({ directory, files, clock });
const say = (line: unknown): void => void writeSync(1, `${JSON.stringify(line)}\n`);
const world = {
  store,
  clock,
  random: randomNumbers(Number(seed)),
  tell: say,
  isAlive: () => true,
  problem: (text: string) => say({ kind: "problem", text }),
  nextNumber: Number(first),
  commanded: new Set<string>(),
};
await busyHour(world);
await store.close();
say({ kind: "closed" });
