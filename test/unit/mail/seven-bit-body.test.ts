/** Eight bits into seven: what a reader decodes is what was there, octet for octet, whatever the message is made of. */
import { describe, expect, test } from "@jest/globals";
import { mimeEntity } from "../../../src/mail/mime-entity.ts";
import { planSevenBit, writeSevenBit } from "../../../src/mail/seven-bit-body.ts";
import { fuzz, type Random } from "../../support/fuzz.ts";
import { decode, leavesOf } from "../../support/mime-leaves.ts";

const STYLE = {
  note: (encoding: string) => `from 8bit to ${encoding} by here.test id 1`,
  careful: false,
  fromSafe: false,
};

async function convert(type: string | undefined, body: string, chunk = body.length, careful = false): Promise<string> {
  const top = mimeEntity(type, "8bit");
  const chunks = () => pieces(Buffer.from(body, "latin1"), chunk);
  const plan = await planSevenBit(top, chunks());
  const out: Buffer[] = [];
  for await (const each of writeSevenBit(top, plan, { ...STYLE, careful }, chunks())) out.push(each);
  return Buffer.concat(out).toString("latin1");
}

function pieces(octets: Buffer, size: number): Buffer[] {
  const all: Buffer[] = [];
  for (let at = 0; at < octets.length; at += Math.max(1, size)) all.push(octets.subarray(at, at + Math.max(1, size)));
  return all;
}

function lines(...all: string[]): string {
  return all.map((line) => `${line}\r\n`).join("");
}

function note(encoding: string): string {
  return `X-MIME-Autoconverted: ${STYLE.note(encoding)}`;
}

describe("as sendmail does it", () => {
  test.each([
    ["h\xe9llo = a  ", "h=E9llo =3D a =20"],
    ["h\xe9llo wonderful \t", "h=E9llo wonderful =09"],
    ["From me to you, h\xe9llo", "From me to you, h=E9llo"],
    [`\xe9 ${"long ".repeat(20)}x`, `=E9 ${"long ".repeat(14)}l=\r\nong ${"long ".repeat(5)}x`],
  ])("text with few of them: %j", async (line, encoded) => {
    expect(await convert("text/plain", lines(line))).toBe(lines(encoded));
  });

  test.each([
    [7, "base64"],
    [8, "quoted-printable"],
  ])("text of %d octets with one of them is %s", async (size, encoding) => {
    const plan = await planSevenBit(mimeEntity("text/plain", "8bit"), [
      Buffer.from(`\xe9${"a".repeat(size - 2)}\r\n`, "latin1"),
    ]);
    expect(plan.leaves).toEqual([encoding]);
  });

  test("text with many of them, and what is no text", async () => {
    expect(await convert("text/plain", lines("h\xe9\xe9"))).toBe(lines("aOnpDQo="));
    expect(await convert("image/png", lines(`\xe9${"a".repeat(60)}`))).toMatch(
      /^6WFh[A-Za-z0-9+/]{72}\r\n[A-Za-z0-9+/]+=*\r\n$/,
    );
  });

  test("parts of parts, each with its own header", async () => {
    const body = lines(
      "pr\xe9amble",
      "--b1",
      "Content-Type: text/plain; charset=utf-8",
      "Content-Transfer-Encoding: 8bit",
      "",
      "h\xc3\xa9llo",
      "--b1",
      "Content-Type: multipart/alternative;",
      " boundary=b2",
      "",
      "--b2",
      "",
      "ascii",
      "--b2 ",
      "Content-Type: text/html",
      "",
      "<p>wonderful world of h\xe9</p>",
      "--b2--",
      "--b1",
      "Content-Type: message/rfc822",
      "",
      "Subject: inner",
      "Content-Transfer-Encoding: 8BIT",
      "X: y",
      "",
      "inner \xe9 and more of it",
      "--b1",
      "Content-Type: application/x",
      "Content-Transfer-Encoding: base64",
      "",
      "aGVsbG8=",
      "--b1--",
      "epilogue",
    );
    expect(await convert("multipart/mixed; boundary=b1", body)).toBe(
      lines(
        "pr\xe9amble",
        "--b1",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: base64",
        note("base64"),
        "",
        "aMOpbGxv",
        "--b1",
        "Content-Type: multipart/alternative;",
        " boundary=b2",
        "",
        "--b2",
        "",
        "ascii",
        "--b2 ",
        "Content-Type: text/html",
        "Content-Transfer-Encoding: quoted-printable",
        note("quoted-printable"),
        "",
        "<p>wonderful world of h=E9</p>",
        "--b2--",
        "--b1",
        "Content-Type: message/rfc822",
        "",
        "Subject: inner",
        "Content-Transfer-Encoding: quoted-printable",
        "X: y",
        "MIME-Version: 1.0",
        note("quoted-printable"),
        "",
        "inner =E9 and more of it",
        "--b1",
        "Content-Type: application/x",
        "Content-Transfer-Encoding: base64",
        "",
        "aGVsbG8=",
        "--b1--",
        "epilogue",
      ),
    );
  });

  test("what gateways to EBCDIC change is encoded, too, when the mailer wants it", async () => {
    expect(await convert("text/plain", lines("a#b [\xe9] {|} ^ ~ ! end of line"), 9, true)).toBe(
      lines("a=23b =5B=E9=5D =7B=7C=7D =5E =7E =21 end of line"),
    );
  });
});

test.each([
  ["encoded already", "text/plain", "quoted-printable"],
  ["an encoding that nobody knows", "text/plain", "x-uuencode"],
  ["message/partial", "message/partial", "8bit"],
  ["multipart without a delimiter", "multipart/mixed", "8bit"],
])("%s is left alone", async (_name, type, encoding) => {
  const body = Buffer.from("h\xe9llo\r\n", "latin1");
  const top = mimeEntity(type, encoding);
  const plan = await planSevenBit(top, [body]);
  const out: Buffer[] = [];
  for await (const each of writeSevenBit(top, plan, STYLE, [body])) out.push(each);
  expect(Buffer.concat(out).equals(body)).toBe(true);
});

// ---- any message -----------------------------------------------------------------------------------------------------

function randomLine(random: Random): string {
  const alphabet = random(3) === 0 ? "\xe9\xff\x80\x00=. \t" : "abc =.-\t \xe9";
  const length = random(8) === 0 ? random(40_000) : random(90);
  return Array.from({ length }, () => alphabet[random(alphabet.length)]).join("");
}

function randomLeaf(random: Random): { readonly type?: string; readonly text: string } {
  const types = [undefined, "text/plain", "text/html; charset=utf-8", "image/png", "application/octet-stream"];
  const type = types[random(types.length)];
  const text = lines(...Array.from({ length: random(6) }, () => randomLine(random)));
  return type === undefined ? { text } : { type, text };
}

/** Text of an entity and of its leaves; the last line end belongs to the delimiter. */
function randomEntity(
  random: Random,
  depth: number,
): { readonly type?: string; readonly text: string; readonly leaves: string[] } {
  if (depth === 0 || random(3) === 0) {
    const leaf = randomLeaf(random);
    return { ...leaf, leaves: [leaf.text] };
  }
  const boundary = `b${depth}x${random(1000)}`;
  let text = random(2) === 0 ? "" : "preamble\r\n";
  const leaves: string[] = [];
  for (let count = 1 + random(3); count > 0; count--) {
    const part = randomEntity(random, depth - 1);
    text += `--${boundary}\r\n${part.type === undefined ? "" : `Content-Type: ${part.type}\r\n`}\r\n${part.text}\r\n`;
    leaves.push(...part.leaves);
  }
  text += `--${boundary}--\r\n`;
  return { type: `multipart/mixed; boundary="${boundary}"`, text, leaves };
}

test("decoding gives back what was there, in chunks of any size", async () => {
  await fuzz(60, async (random, show) => {
    const { type, text, leaves } = randomEntity(random, 3);
    show({ type, text: text.length });
    const written = await convert(type, text, 1 + random(text.length + 1));
    if (type?.startsWith("multipart/") === true) {
      expect(written).not.toMatch(/[\x80-\xff]/);
      expect(leavesOf(written, type)).toEqual(leaves);
      for (const line of written.split("\r\n"))
        if (/^[\w+/=]{77,}$/.test(line) && !text.includes(line)) throw new Error(line);
    } else {
      const { leaves: encodings } = await planSevenBit(mimeEntity(type, "8bit"), [Buffer.from(text, "latin1")]);
      expect(decode(encodings[0], written)).toBe(leaves[0]);
    }
  });
});

test("chunks of one octet: no line end is lost or doubled", async () => {
  const body = "a\r\n\n\r\r\n\n\n\xe9b\r\n\r\n";
  expect(await convert("text/plain", body, 1)).toBe(await convert("text/plain", body));
  expect(decode("quoted-printable", await convert("text/plain", `${"abc ".repeat(5)}${body}`, 1))).toBe(
    `${"abc ".repeat(5)}a\r\n\r\n\r\n\r\n\r\n\r\n\xe9b\r\n\r\n`,
  );
});

test("a line of a part's header that is too long for a header stays one line", async () => {
  for (const end of ["\r\n\r\nt\xe9xt", ""]) {
    const long = `X: ${"a".repeat(300_000)}Content-Type: text/html`;
    const body = `--b\r\nA: b\r\n${long}${end}\r\n--b--\r\n`;
    for (const chunk of [1000, 17_000, body.length]) {
      expect(await convert('multipart/mixed; boundary="b"', body, chunk)).toBe(body);
    }
  }
});

describe("no line of a body becomes a delimiter, or the header behind one", () => {
  test("where a long line is broken", async () => {
    for (let length = 0; length < 160; length++) {
      const line = `\xe9${"x".repeat(length)}`;
      const text = `--b\r\n\r\n${line}--b\r\n${line}--b--\r\n${"plain ".repeat(9)}\r\n--b--\r\n`;
      const written = await convert('multipart/mixed; boundary="b"', text);
      expect(written.split("\r\n").filter((each) => each.startsWith("--"))).toEqual(["--b", "--b--"]);
      expect(leavesOf(written, 'multipart/mixed; boundary="b"')).toEqual(
        leavesOf(text, 'multipart/mixed; boundary="b"'),
      );
    }
  });

  test.each(["\xa0", "\x0b", "\x0c", "\x85"])("because of %j behind it, which is no blank", async (octet) => {
    const text = lines("--b", "", `--b${octet}`, "X: \xe9", "", "plain plain plain plain plain", "--b--");
    const written = await convert('multipart/mixed; boundary="b"', text);
    expect(written).not.toMatch(/[\x80-\xff]/);
    expect(written.match(/Content-Transfer-Encoding/g)).toHaveLength(1);
  });
});
