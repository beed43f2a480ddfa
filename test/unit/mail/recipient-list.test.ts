import { describe, expect, test } from "@jest/globals";
import { splitRecipients } from "../../../src/mail/recipient-list.ts";
import { fuzz, randomWords } from "../../support/fuzz.ts";

const shown = (text: string): string => text.replace(/[\s,]/g, "");

describe("splitRecipients()", () => {
  test.each<[string, string[]]>([
    ["joe", ["joe"]],
    ["joe,ann , bob", ["joe", "ann", "bob"]],
    ["joe ann\tbob\r\n eve", ["joe", "ann", "bob", "eve"]],
    ['"Public, Joe" <joe>, ann', ['"Public, Joe" <joe>', "ann"]],
    ["joe (Joe, x), (y, (z, \\), )) ann", ["joe (Joe, x)", "(y, (z, \\), )) ann"]],
    ["<@a.test,@b.test:joe@c.test>, ann", ["<@a.test,@b.test:joe@c.test>", "ann"]],
    ["Joe Public <joe> Ann <ann>", ["Joe Public <joe> Ann <ann>"]],
    ["friends: joe, ann;", ["friends: joe", "ann;"]],
    ["joe; ann", ["joe; ann"]],
    ["joe\\,ann", ["joe\\", "ann"]],
    ["joe\\ ann", ["joe\\", "ann"]],
    ['joe\\"x, ann', ['joe\\"x', "ann"]],
    ['"a\\",b"@x.test, joe', ['"a\\",b"@x.test', "joe"]],
    ["(nobody), joe", ["joe"]],
    ["(a) (b)", []],
    ["()", []],
    ["(joe", ["(joe"]],
    ['"", joe', ['""', "joe"]],
    ['"a b"@x.test joe', ['"a b"@x.test', "joe"]],
    [" ,joe,, ", ["joe"]],
    ["", []],
    [" , ,", []],
    ["ann, <joe, bob", ["ann", "<joe, bob"]],
    ["joe > ann, bob", ["joe > ann", "bob"]],
  ])("%j", (list, addresses) => {
    expect(splitRecipients(list, true)).toEqual(addresses);
  });

  test("without OldStyleHeaders blanks separate nothing", () => {
    expect(splitRecipients("joe ann", false)).toEqual(["joe ann"]);
    expect(splitRecipients("joe ann, bob", false)).toEqual(["joe ann", "bob"]);
  });

  test("nothing but separators and blanks beside them is lost, whatever the list is", () =>
    fuzz(300, (random, note) => {
      const words = ["joe", " ", ",", '"', "(", ")", "<", ">", "\\", ";", ":", "@", "\t", "x y", "a,b"];
      const list = randomWords(random, words, 20);
      const oldStyle = random(2) === 0;
      note({ list, oldStyle });
      const kept = splitRecipients(list, oldStyle);
      if (!list.includes("(")) expect(shown(kept.join(""))).toBe(shown(list));
      expect(kept.every((each) => each !== "" && each === each.trim())).toBe(true);
    }));

  test("what was taken apart and put together with commas is taken apart the same way", () =>
    fuzz(200, (random, note) => {
      const addresses = ["joe", "a@b.test", "Ann <ann>", '"x, y" <z>', "(c, d) bob", "<@a,@b:c@d>", '"a b"@c'];
      const list = Array.from({ length: 1 + random(6) }, () => addresses[random(addresses.length)]);
      note(list);
      expect(splitRecipients(list.join(", "), random(2) === 0)).toEqual(list);
    }));
});
