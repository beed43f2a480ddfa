import { describe, expect, test } from "@jest/globals";
import { CrlfToLf, lfToCrlf } from "../../../src/queue/line-ends.ts";

function toLf(chunks: readonly string[]): string {
  const converter = new CrlfToLf();
  const parts = chunks.map((chunk) => converter.convert(Buffer.from(chunk, "latin1")));
  return Buffer.concat([...parts, converter.end()]).toString("latin1");
}

const samples = ["", "\r\n", "a\r\nb\r\n", "a\rb\r\r\n\r", "\r\r\n\r\n\r", "no end", "\r"];

describe("line ends", () => {
  test.each(samples)("CRLF becomes LF and CRLF again however it is cut: %j", (text) => {
    const wanted = text.replaceAll("\r\n", "\n");
    for (let size = 1; size <= text.length + 1; size++) {
      const chunks = [];
      for (let at = 0; at < text.length; at += size) chunks.push(text.slice(at, at + size), "");
      expect(toLf(chunks)).toBe(wanted);
    }
    expect(lfToCrlf(Buffer.from(wanted, "latin1")).toString("latin1")).toBe(text);
  });
});
