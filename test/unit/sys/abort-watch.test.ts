import { expect, test } from "@jest/globals";
import { onAbort } from "../../../src/sys/abort-watch.ts";

test("each action is done once when its signal fires, in their order, and only by its signal", () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const done: string[] = [];
  onAbort(one.signal, () => done.push("a"));
  onAbort(one.signal, () => done.push("b"));
  onAbort(other.signal, () => done.push("c"));
  one.abort();
  one.abort();
  expect(done).toEqual(["a", "b"]);
});

test("what was forgotten is not done, also when it is forgotten by an action before it", () => {
  const { signal, abort } = controller();
  const done: string[] = [];
  const forget = onAbort(signal, () => done.push("forgotten"));
  onAbort(signal, () => {
    done.push("first");
    forgetLater();
  });
  const forgetLater = onAbort(signal, () => done.push("later"));
  forget();
  abort();
  expect(done).toEqual(["first"]);
});

test("an action that comes too late is never done, and one that is added by another one neither", () => {
  const { signal, abort } = controller();
  const done: string[] = [];
  onAbort(signal, () => {
    done.push("before");
    onAbort(signal, () => done.push("meanwhile"));
  });
  abort();
  onAbort(signal, () => done.push("after"));
  expect(done).toEqual(["before"]);
});

function controller() {
  const made = new AbortController();
  return { signal: made.signal, abort: () => made.abort() };
}
