import { describe, expect, test } from "@jest/globals";
import { readMessage } from "../../../src/cli/read-message.ts";
import { fuzz, randomWords } from "../../support/fuzz.ts";

/** What arrives of a text that comes in these pieces. */
async function read(pieces: readonly string[], ignoreDots = true): Promise<string> {
  let text = "";
  const input = (async function* () {
    for (const piece of pieces) yield Buffer.from(piece, "latin1");
  })();
  for await (const octets of readMessage(input, ignoreDots)) text += octets.toString("latin1");
  return text;
}

describe("readMessage()", () => {
  test.each([
    ["Subject: x\n\nbody\n", "Subject: x\r\n\r\nbody\r\n"],
    ["Subject: x\r\n\r\nbody", "Subject: x\r\n\r\nbody\r\n"],
    // No other field, and no end of the header, comes out of what a field holds.
    ["Subject: a\rBcc: joe\nTo: ann\n\nx\n", "Subject: a Bcc: joe\r\nTo: ann\r\n\r\nx\r\n"],
    ["Subject: a\r\r\nTo: ann\n\nx\n", "Subject: a \r\nTo: ann\r\n\r\nx\r\n"],
    ["From joe\rTo: x\nSubject: a\n b\rc\n\nx\n", "From joe To: x\r\nSubject: a\r\n b c\r\n\r\nx\r\n"],
    ["Subject: a\0b\n\nc\0d\n", "Subject: ab\r\n\r\nc\0d\r\n"],
    // A text without a header, and a body: progress meters write over their line.
    ["10%\r20%\rdone\n", "10%\r\n20%\r\ndone\r\n"],
    ["Subject: x\n\nnote: 1\r2\n", "Subject: x\r\n\r\nnote: 1\r\n2\r\n"],
  ])("%j", async (given, wanted) => {
    expect(await read([given])).toBe(wanted);
  });

  // Put together again for each piece, it would be 128 GB that are copied.
  test("a line of 16 MB in pieces of a kilobyte", async () => {
    const [piece, times] = [Buffer.alloc(1024, "a"), 16_384];
    const input = (async function* () {
      yield Buffer.from("Subject: x\n\n");
      for (let count = 0; count < times; count++) yield piece;
    })();
    const lengths: number[] = [];
    for await (const octets of readMessage(input, true)) lengths.push(octets.length);
    expect(lengths).toEqual(["Subject: x\r\n\r\n".length, piece.length * times + 2]);
  });

  test("how it is cut into pieces changes nothing", () =>
    fuzz(200, async (random, note) => {
      const words = ["Subject: x", "\n", "\r\n", "\r", ".", "..", " ", "text", "\n\n", "\0", "To: joe\n"];
      const text = randomWords(random, words, 20);
      const cut = random(text.length + 1);
      const dots = random(2) === 0;
      note({ text, cut, dots });
      expect(await read([text.slice(0, cut), text.slice(cut)], dots)).toBe(await read([text], dots));
    }));
});
