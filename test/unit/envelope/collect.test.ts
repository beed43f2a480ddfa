import { describe, expect, test } from "@jest/globals";
import { Collector } from "../../../src/envelope/collect.ts";

function collect(chunks: readonly string[], maxHeadersLength = 32768) {
  const body: Buffer[] = [];
  const collector = new Collector({ maxHeadersLength, body: (chunk) => void body.push(chunk) });
  for (const chunk of chunks) void collector.write(Buffer.from(chunk, "latin1"));
  void collector.finish();
  return { collector, body: Buffer.concat(body).toString("latin1") };
}

const message = "From: a@b\r\nSubject: x\r\n y\r\n\r\nline\r\n\r\nend\r\n";

describe("Collector", () => {
  test("finds header and body wherever the chunks are cut", () => {
    for (let cut = 0; cut <= message.length; cut++) {
      const { collector, body } = collect([message.slice(0, cut), message.slice(cut)]);
      expect(collector.fields.map(({ name }) => name)).toEqual(["From", "Subject"]);
      expect(body).toBe("line\r\n\r\nend\r\n");
      expect(collector.bodySize).toBe(body.length);
    }
    expect(collect(message.split("")).body).toBe("line\r\n\r\nend\r\n");
  });

  test("takes a message that begins with an empty line as all body", () => {
    const { collector, body } = collect(["\r\nFrom: not a field\r\n"]);
    expect(collector.fields).toEqual([]);
    expect(body).toBe("From: not a field\r\n");
  });

  test("takes a message without an empty line as all header", () => {
    const { collector, body } = collect(["To: a\r\nCc: b\r\n"]);
    expect(collector.fields.map(({ name }) => name)).toEqual(["To", "Cc"]);
    expect(body).toBe("");
  });

  test("keeps every octet when the empty line is missing before the body", () => {
    const sent = "To: a\r\ntext one\r\ntext two\r\n\r\ntext three\r\n";
    for (let cut = 0; cut <= sent.length; cut++) {
      expect(collect([sent.slice(0, cut), sent.slice(cut)]).body).toBe(sent.slice("To: a\r\n".length));
    }
  });

  test("notices octets above 127 in the body, not in the header", () => {
    expect(collect(["S: \xe9\r\n\r\nplain\r\n"]).collector.eightBit).toBe(false);
    expect(collect(["S: x\r\n\r\nplain ", "\xe9\r\n"]).collector.eightBit).toBe(true);
  });

  test("stops keeping octets when the header is longer than allowed", () => {
    for (let cut = 0; cut <= message.length; cut++) {
      const chunks = [message.slice(0, cut), message.slice(cut)];
      const length = message.indexOf("\r\n\r\n") + 2;
      expect(collect(chunks, length).collector.headerTooLong).toBe(false);
      expect(collect(chunks, length - 1).collector.headerTooLong).toBe(true);
    }
    const { collector, body } = collect([`X: ${"a".repeat(200)}\r\n`, "b\r\n\r\nbody"], 100);
    expect(collector.headerTooLong).toBe(true);
    expect(body).toBe("");
  });
});
