import { expect, test } from "@jest/globals";
import { Progress } from "../../../../src/cli/queue/progress.ts";
import { address, age, count, moment, nextTime, size, some } from "../../../../src/cli/queue/words.ts";

const minute = 60_000;

test.each([
  [-5, "0s"],
  [59_999, "59s"],
  [minute, "1m"],
  [90 * minute, "1h"],
  [49 * 60 * minute, "2d"],
])("age(%d) is %s", (ms, text) => expect(age(ms)).toBe(text));

test.each([
  [0, "now"],
  [minute, "in 1m"],
  [8_640_000_000_000_000, "when asked"],
])("nextTime(%d) is %s", (at, text) => expect(nextTime(at, 0)).toBe(text));

test.each([
  [0, "0"],
  [999, "999"],
  [1234, "1.2K"],
  [34_000_000, "32M"],
  [5_000_000_000_000, "4657G"],
])("size(%d) is %s", (octets, text) => expect(size(octets)).toBe(text));

test("addresses stand in brackets, users, programs and files do not", () => {
  expect(["bob@b.test", "<bob@b.test>", "bob", "|prog a@b", "/var/x@y", ":include:/x@y"].map(address)).toEqual([
    "<bob@b.test>",
    "<bob@b.test>",
    "bob",
    "|prog a@b",
    "/var/x@y",
    ":include:/x@y",
  ]);
  expect([count(1, "message"), count(0, "message")]).toEqual(["1 message", "0 messages"]);
  expect([some(["a", "b"], 2), some(["a", "b", "c"], 2)]).toEqual(["a, b", "a, b and 1 more"]);
  expect(moment(new Date(2026, 10, 5, 9, 7, 52).getTime())).toBe("Thu Nov  5 09:07");
});

test("a progress line is written over and leaves nothing behind; nobody who watches, no line", () => {
  let text = "";
  const watched = new Progress((part) => (text += part), true);
  watched.show("10 of 20");
  watched.show("20");
  watched.end();
  watched.end();
  expect(text).toBe("\r10 of 20\r20      \r  \r");
  text = "";
  const unwatched = new Progress((part) => (text += part), false);
  unwatched.show("10 of 20");
  unwatched.end();
  expect(text).toBe("");
});
