import { describe, expect, test } from "@jest/globals";
import { reasonOutline } from "../../../src/envelope/reason-outline.ts";
import type { RecipientStatus } from "../../../src/envelope/status.ts";
import { triesOf, withTries } from "../../../src/envelope/tries.ts";

function later(text: string, at: number, more: Partial<RecipientStatus> = {}): RecipientStatus {
  return { action: "delayed", status: "4.2.0", text, at, ...more };
}

/** The status of one recipient after these outcomes, a minute apart. */
function after(texts: readonly string[], recipients = 1): RecipientStatus {
  let status: RecipientStatus | undefined;
  for (const [index, text] of texts.entries()) status = withTries(status, later(text, index * 60_000), recipients);
  return status!;
}

describe("reasonOutline()", () => {
  test.each([
    ["Deferred: Connection refused by mx1.far.test.", "Deferred: Connection refused by mx1.far.test."],
    ["451 4.7.1 <bob@far.test>: Greylisted for 287 seconds", "451 4.7.1 <*>: Greylisted for # seconds"],
    ["452 try 6f3a9c, at 12:00:05.", "452 try *, at *."],
    ["bob@far.test, ann@far.test: over quota", "<*>, <*>: over quota"],
    ["no route to [192.0.2.9]: 2001:db8::1 is down", "no route to [192.0.2.9]: 2001:db8::1 is down"],
    ["5AKJRqnn019925 was not taken", "* was not taken"],
    ["", ""],
  ])("%j says %j", (text, outline) => {
    expect(reasonOutline(text)).toBe(outline);
    expect(reasonOutline(outline)).toBe(outline);
  });
});

describe("withTries()", () => {
  test("a first outcome carries nothing about others", () => {
    expect(after(["Deferred: a"])).toEqual(later("Deferred: a", 0));
  });

  test("counts the attempts that come to the same, whatever number they say it with", () => {
    expect(after(["wait 287 seconds", "wait 227 seconds", "wait 9 seconds"])).toEqual(
      later("wait 9 seconds", 120_000, { since: 0, times: 3 }),
    );
  });

  test("keeps what was said before, the oldest first, each with its time", () => {
    expect(after(["refused", "refused", "no route", "greylisted"])).toEqual(
      later("greylisted", 180_000, {
        earlier: [
          { since: 0, at: 60_000, times: 2, text: "refused" },
          { since: 120_000, at: 120_000, times: 1, text: "no route" },
        ],
      }),
    );
  });

  test("another host, another reply and another code are other outcomes", () => {
    const first = later("Deferred", 0, { relay: "a.test.", diagnostic: { type: "smtp", text: "451 no" } });
    const next = [
      { ...first, at: 1, relay: "b.test." },
      { ...first, at: 1, status: "4.4.1" },
      { ...first, at: 1, diagnostic: { type: "smtp", text: "452 no" } },
    ];
    for (const each of next) expect(withTries(first, each, 1)).toEqual({ ...each, earlier: [triesOf(first)] });
    expect(withTries(first, { ...first, at: 1 }, 1)).toEqual({ ...first, at: 1, since: 0, times: 2 });
  });

  test("keeps the last eight outcomes, and of none more than 500 octets", () => {
    const words = "abcdefghijkl".split("").map((letter) => letter.repeat(2000));
    const { earlier = [], text } = after(words);
    expect(earlier.map((each) => each.text)).toEqual(words.slice(3, -1).map((word) => word.slice(0, 500)));
    expect(text).toBe(words.at(-1));
  });

  test("of a large list it only counts", () => {
    expect(after(["a", "a", "b"], 101)).toEqual(later("b", 120_000));
    expect(after(["a", "b", "b"], 101)).toEqual(later("b", 120_000, { since: 60_000, times: 2 }));
  });
});
