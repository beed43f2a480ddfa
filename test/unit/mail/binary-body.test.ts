/** Binary parts in base64: what a reader decodes is what was there, octet for octet, and nothing else has changed. */
import { describe, expect, test } from "@jest/globals";
import { BinaryBody } from "../../../src/mail/binary-body.ts";
import { fuzz, type Random } from "../../support/fuzz.ts";
import { leavesOfPart } from "../../support/mime-leaves.ts";

const NOTE = "from binary to base64 by here.test id 1";

interface Converted {
  readonly text: string;
  readonly isStray: boolean;
}

function convert(message: string, chunk = message.length): Converted {
  const body = new BinaryBody(NOTE);
  const octets = Buffer.from(message, "latin1");
  let text = "";
  for (let at = 0; at < octets.length; at += Math.max(1, chunk)) {
    text += body.write(octets.subarray(at, at + Math.max(1, chunk))).toString("latin1");
  }
  text += body.end().toString("latin1");
  return { text, isStray: body.isStray };
}

function lines(...all: string[]): string {
  return all.map((line) => `${line}\r\n`).join("");
}

describe("a message", () => {
  test("that is binary as a whole", () => {
    const header = lines("Subject: x", "MIME-Version: 1.0", "Content-Type: image/x");
    const encoded = lines("Content-Transfer-Encoding: base64", `X-MIME-Autoconverted: ${NOTE}`, "");
    for (const content of ["a\n\r\r\nb\0.\r", "\r\n", "\r\n.\r\n", "--x--", "\n"]) {
      const { text, isStray } = convert(`${header}Content-Transfer-Encoding: binary\r\n\r\n${content}`, 1);
      expect([text, isStray]).toEqual([
        `${header}${encoded}${Buffer.from(content, "latin1").toString("base64")}\r\n`,
        false,
      ]);
    }
  });

  test("with parts: only those that say so are encoded, and no whole says it any more", () => {
    const sent = lines(
      "MIME-Version: 1.0",
      "Content-Type: multipart/mixed; boundary=b",
      "Content-Transfer-Encoding: binary",
      "",
      "--b",
      "Content-Transfer-Encoding: 8bit",
      "",
      "h\xe9llo",
      "--b",
      "Content-Type: message/rfc822",
      "Content-Transfer-Encoding: BINARY",
      "",
      "Subject: inner",
      "Content-Type: application/x",
      "Content-Transfer-Encoding: binary",
      "",
      "a\n\r.",
      "--b--",
    );
    expect(convert(sent)).toEqual({
      isStray: false,
      text: lines(
        "MIME-Version: 1.0",
        "Content-Type: multipart/mixed; boundary=b",
        "Content-Transfer-Encoding: 8bit",
        "",
        "--b",
        "Content-Transfer-Encoding: 8bit",
        "",
        "h\xe9llo",
        "--b",
        "Content-Type: message/rfc822",
        "Content-Transfer-Encoding: 8bit",
        "",
        "Subject: inner",
        "Content-Type: application/x",
        "Content-Transfer-Encoding: base64",
        "MIME-Version: 1.0",
        `X-MIME-Autoconverted: ${NOTE}`,
        "",
        "YQoNLg==",
        "--b--",
      ),
    });
  });

  test("whose last delimiter has no line end", () => {
    const sent = `Content-Type: multipart/x; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: binary\r\n\r\na\n\r\n--b--`;
    for (const chunk of [1, 1000]) expect(leavesOfPart(convert(sent, chunk).text)).toEqual(["a\n"]);
  });

  test.each([
    ["without any label", lines("Subject: x", "", "h\xe9llo", "")],
    ["that ends without a line end", "Subject: x\r\n\r\nhello"],
    ["without a body", lines("Subject: x")],
    ["without anything", ""],
    ["with an encoding that stays", lines("Content-Transfer-Encoding: base64", "", "aGVsbG8=")],
    ["with a long line", `Subject: x\r\n\r\n${"long ".repeat(20_000)}\r\n`],
  ])("%s stays as it is", (_, sent) => {
    for (const chunk of [1, 1000, 1_000_000]) expect(convert(sent, chunk)).toEqual({ text: sent, isStray: false });
  });
});

describe("what servers may take for the end of a message", () => {
  const binary = lines(
    "Content-Type: multipart/x; boundary=b",
    "",
    "--b",
    "Content-Transfer-Encoding: binary",
    "",
    "a",
  );
  test.each([
    ["a bare LF in text", "Subject: x\r\n\r\na\n.\nb\r\n"],
    ["a bare CR in text", "Subject: x\r\n\r\na\r.\rb\r\n"],
    ["a CR at the end", "Subject: x\r\n\r\na\r"],
    ["CR CR LF", "Subject: x\r\n\r\na\r\r\n"],
    ["a dot among NUL octets", "Subject: x\r\n\r\na\r\n\0\0.\0\r\n"],
    ["a bare LF in the header", "Subject: x\nBcc: y\r\n\r\na\r\n"],
    ["a bare CR in the header", "Subject: x\rBcc: y\r\n\r\na\r\n"],
    ["a header without an end", "Subject: x\nBcc: y"],
    ["a preamble", `Content-Type: multipart/x; boundary=b\r\n\r\na\n\r\n--b--\r\n`],
    ["an epilogue", `${binary}--b--\r\na\n.\n`],
    ["the header of a part", `${binary}\r\n--b\r\nX: y\nz\r\n\r\n--b--\r\n`],
    ["a part without the label", `${binary}\r\n--b\r\n\r\n\n\r\n--b--\r\n`],
    [
      "what may not be encoded",
      lines("Content-Type: message/partial", "Content-Transfer-Encoding: binary", "", "a\nb"),
    ],
  ])("is told of: %s", (_, sent) => {
    for (const chunk of [1, 3, 1_000]) expect(convert(sent, chunk).isStray).toBe(true);
  });
});

// ---- any message -----------------------------------------------------------------------------------------------------

function randomBinary(random: Random): string {
  const alphabet = random(2) === 0 ? "\r\n\0.-a" : "abc -\r\n\xff";
  const length = random(6) === 0 ? random(50_000) : random(120);
  return Array.from({ length }, () => alphabet[random(alphabet.length)]).join("");
}

interface Entity {
  /** Header, empty line and body. */
  readonly text: string;
  readonly leaves: readonly string[];
}

function randomEntity(random: Random, depth: number, from = ""): Entity {
  const kind = depth === 0 ? random(2) : random(4);
  if (kind === 0) {
    const text = lines(...Array.from({ length: random(4) }, () => "plain h\xe9 text.".slice(random(9))));
    return { text: `${from}Content-Transfer-Encoding: 8bit\r\n\r\n${text}`, leaves: [text] };
  }
  if (kind === 1) {
    const content = randomBinary(random);
    const types = ["", "Content-Type: text/plain\r\n", "Content-Type: image/png\r\n"];
    const header = `${from}${types[random(types.length)]}Content-Transfer-Encoding: binary\r\n`;
    return { text: `${header}\r\n${content}`, leaves: [content] };
  }
  if (kind === 2) {
    const { text, leaves } = randomEntity(random, depth - 1, "Subject: inner\r\nMIME-Version: 1.0\r\n");
    return { text: `${from}Content-Type: message/rfc822\r\n\r\n${text}`, leaves };
  }
  const boundary = `b${depth}x${random(1000)}`;
  const parts = Array.from({ length: 1 + random(3) }, () => randomEntity(random, depth - 1));
  const all = parts.map(({ text }) => `--${boundary}\r\n${text}\r\n`).join("");
  return {
    text: `${from}Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n${all}--${boundary}--\r\n`,
    leaves: parts.flatMap(({ leaves }) => leaves),
  };
}

test("decoding gives back what was there, in chunks of any size, and nothing else is binary", async () => {
  await fuzz(120, (random, show) => {
    const { text, leaves } = randomEntity(random, 3, "Subject: x\r\nMIME-Version: 1.0\r\n");
    const chunk = 1 + random(random(2) === 0 ? 9 : text.length + 1);
    show({ text: text.slice(0, 2_000), chunk });
    const converted = convert(text, chunk);
    expect(converted.isStray).toBe(false);
    expect(converted.text.replaceAll("\r\n", "")).not.toMatch(/[\r\n\0]/);
    expect(leavesOfPart(converted.text)).toEqual(leaves);
  });
});
