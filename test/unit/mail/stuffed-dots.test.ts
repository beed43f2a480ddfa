/** What a receiver keeps of a message with stuffed dots, however it is cut. */
import { expect, test } from "@jest/globals";
import { DotRemover, withoutStuffedDots } from "../../../src/mail/stuffed-dots.ts";

test.each(["", ".", "..\r\n", "a\r\n..b\r\n...\r\n", "a.b\r\n.", "\r\n\r\n..\r\n..\r\n", "..a\r\n\0..\r\n"])(
  "%j",
  (text) => {
    const expected = text.replaceAll(/(^|\n)\./g, "$1");
    expect(withoutStuffedDots(text)).toBe(expected);
    for (let cut = 0; cut <= text.length; cut++) {
      const remover = new DotRemover();
      const parts = [text.slice(0, cut), text.slice(cut)].flatMap((part) => [...remover.pieces(Buffer.from(part))]);
      expect(Buffer.concat(parts).toString()).toBe(expected);
      expect(parts.every((part) => part.length > 0)).toBe(true);
    }
  },
);
