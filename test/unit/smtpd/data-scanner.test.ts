import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "@jest/globals";
import { DataScanner } from "../../../src/smtpd/data-scanner.ts";

interface Scanned {
  readonly text: string;
  /** Octets left behind the end; undefined when the end was not found. */
  readonly rest: string | undefined;
  readonly bare: boolean;
}

function scan(...chunks: string[]): Scanned {
  const scanner = new DataScanner();
  const pieces: Buffer[] = [];
  for (const [index, chunk] of chunks.entries()) {
    const end = scanner.scan(Buffer.from(chunk, "latin1"), 0, pieces);
    if (end >= 0) {
      return {
        text: Buffer.concat(pieces).toString("latin1"),
        rest: chunk.slice(end) + chunks.slice(index + 1).join(""),
        bare: scanner.bareLineEnd,
      };
    }
  }
  return { text: Buffer.concat(pieces).toString("latin1"), rest: undefined, bare: scanner.bareLineEnd };
}

/** The definition, by whole strings: RFC 5321 §4.5.2. */
function expected(all: string): Scanned {
  const end = `\r\n${all}`.indexOf("\r\n.\r\n");
  const text = end < 0 ? all : all.slice(0, end);
  const plain = `\r\n${text}`.replaceAll("\r\n.", "\r\n").slice(2);
  const bare = /\r(?!\n)|(?<!\r)\n/.test(text);
  return { text: plain, rest: end < 0 ? undefined : all.slice(end + 3), bare };
}

/** A small generator with a seed: the same strings in every run. */
function* random(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state >>> 8;
  }
}

describe("DataScanner", () => {
  test("agrees with the definition for random octets cut at random places", () => {
    const next = random(7);
    const alphabet = ["\r\n", "\r\n", ".", ".", "\r", "\n", "a", "\0", "\xff"];
    let ends = 0;
    for (let round = 0; round < 20_000; round++) {
      let all = "";
      for (let i = next.next().value % 12; i >= 0; i--) all += alphabet[next.next().value % alphabet.length];
      // Always with an end, so that what is held back for the next octet plays no part.
      all += "\r\n.\r\n";
      const chunks: string[] = [];
      for (let from = 0; from < all.length;) {
        const to = from + 1 + (next.next().value % 5);
        chunks.push(all.slice(from, to));
        from = to;
      }
      const wanted = expected(all);
      ends++;
      const got = scan(...chunks);
      if (!isDeepStrictEqual(got, wanted)) expect({ all, ...got }).toEqual({ all, ...wanted });
    }
    expect(ends).toBe(20_000);
  });

  test("agrees with the definition in long texts, where only some octets are looked at one by one", () => {
    const next = random(9);
    const odd = [
      "\r",
      "\n",
      "\r\n",
      "\r\n.",
      "\r\n..",
      "\r\n.\r",
      "\r\n.a",
      "\r\n\0.",
      "\r\n\0.\r\n",
      "\0",
      "\x0e",
      "\x0b",
    ];
    for (let round = 0; round < 500; round++) {
      let all = "";
      for (let i = 0; i < 12; i++) {
        all += "0123456789".repeat(1 + (next.next().value % 8)).slice(next.next().value % 7);
        all += next.next().value % 3 === 0 ? odd[next.next().value % odd.length] : "\r\n";
      }
      all += "\r\n.\r\n";
      const cut = next.next().value % all.length;
      for (const chunks of [[all], [all.slice(0, cut), all.slice(cut)]]) expect(scan(...chunks)).toEqual(expected(all));
    }
  });

  test("begins anew after reset()", () => {
    const scanner = new DataScanner();
    scanner.scan(Buffer.from("a\nb\r"), 0, []);
    expect(scanner.bareLineEnd).toBe(true);
    scanner.reset();
    const pieces: Buffer[] = [];
    expect(scanner.scan(Buffer.from("x.\r\n"), 1, pieces)).toBe(4);
    expect(pieces).toEqual([]);
    expect(scanner.bareLineEnd).toBe(false);
  });

  test("watch() notices bare line ends over the borders of chunks and leaves dots alone", () => {
    const cases: readonly (readonly [readonly string[], boolean])[] = [
      [["a\r\n", ".\r\nb"], false],
      [["a\r", "\nb"], false],
      [["a\r", "b"], true],
      [["a", "\nb"], true],
      [["a\n"], true],
      [["a\r"], true],
      [["\r\r\n"], true],
      [["", "\r\n", ""], false],
    ];
    for (const [chunks, bare] of cases) {
      const scanner = new DataScanner();
      for (const chunk of chunks) scanner.watch(Buffer.from(chunk));
      expect([chunks, scanner.bareLineEnd]).toEqual([chunks, bare]);
    }
  });

  test("watch() notices a dot behind NUL octets where a line begins, wherever the octets were cut", () => {
    for (const [text, hidden] of [
      ["\0.", true],
      ["x\r\n\0\0.x\r\n", true],
      ["x\r\n.\0\r\n", false],
      ["x\0.\r\n", false],
      ["x\r\n\0x.\r\n", false],
      ["\r\n\0\r\n.\r\n", false],
    ] as const) {
      for (let cut = 0; cut <= text.length; cut++) {
        const scanner = new DataScanner();
        for (const part of [text.slice(0, cut), text.slice(cut)]) scanner.watch(Buffer.from(part, "latin1"));
        expect([text, cut, scanner.facts.hiddenDot]).toEqual([text, cut, hidden]);
      }
    }
  });
});
