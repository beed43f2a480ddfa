/** Eight bits and servers that take them or not (EightBitMode, F=3, F=8), as a genuine sendmail 8.17 does it. */
import { describe, expect, test } from "@jest/globals";
import { testConfig, testMessage, testOptions } from "../../../support/delivery-job.ts";
import { agent, sink, texts } from "../../../support/smtp-delivery.ts";

const SENT = "2.0.0 Sent (ok queued as 1)";
const LABEL = [
  { name: "MIME-Version", value: " 1.0" },
  { name: "Content-Type", value: " text/plain; charset=iso-8859-1" },
  { name: "Content-Transfer-Encoding", value: " 8bit" },
];
const SUBJECT = { name: "Subject", value: " x" };

interface Case {
  /** EightBitMode. */
  readonly mode: string;
  readonly peer: readonly string[];
  readonly fields?: readonly { readonly name: string; readonly value: string }[];
  readonly body?: string;
  readonly flags?: string;
  readonly bodyType?: "8BITMIME";
  readonly inMemory?: boolean;
}

const TEXT = "h\xe9llo wonderful world\r\n.dot\r\n";

async function sent({ mode, peer, fields = [], body = TEXT, flags = "mX", bodyType, inMemory = true }: Case) {
  const server = await sink({ extensions: peer });
  const config = testConfig(testOptions({ EightBitMode: mode }));
  const report = await agent(server.port, { config, flags })({
    envelope: { headers: [SUBJECT, ...fields], eightBit: /[\x80-\xff]/.test(body), ...(bodyType ? { bodyType } : {}) },
    message: testMessage(body, inMemory),
  });
  const [message] = server.messages;
  return { outcome: texts(report)[0], parameters: message?.parameters ?? "", data: message?.data ?? "" };
}

const HEAD = "Subject: x\r\n";
const NOTE = "X-MIME-Autoconverted: from 8bit to quoted-printable by here.test id 5AKJ3Crx000001\r\n";
const QUOTED = "h=E9llo wonderful world\r\n.dot\r\n";
const MIME_HEAD = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\n";

describe("with a label", () => {
  const fields = LABEL;

  test.each(["pass8", "mime", "strict"])("EightBitMode=%s: converted for a server without 8BITMIME", async (mode) => {
    for (const inMemory of [true, false]) {
      const { outcome, parameters, data } = await sent({ mode, peer: ["SIZE"], fields, inMemory });
      expect([outcome, data]).toEqual([
        SENT,
        `${HEAD}${MIME_HEAD}Content-Transfer-Encoding: quoted-printable\r\n${NOTE}\r\n${QUOTED}`,
      ]);
      expect(parameters).not.toContain("BODY");
    }
  });

  test("as it is for one that has it, and for mailers with F=8", async () => {
    const whole = `${HEAD}${MIME_HEAD}Content-Transfer-Encoding: 8bit\r\n\r\n${TEXT}`;
    expect(await sent({ mode: "pass8", peer: ["8BITMIME"], fields })).toMatchObject({
      data: whole,
      parameters: " BODY=8BITMIME",
    });
    expect(await sent({ mode: "pass8", peer: [], fields, flags: "mX8" })).toMatchObject({ data: whole });
  });

  test("F=3: what gateways to EBCDIC change is encoded, too", async () => {
    const { data } = await sent({ mode: "pass8", peer: [], fields, flags: "mX3", body: "h\xe9llo #1 wonderful\r\n" });
    expect(data).toMatch(/\r\n\r\nh=E9llo =231 wonderful\r\n$/);
  });

  test("lines that become longer are not cut, dots are stuffed", async () => {
    const body = `.${"a".repeat(900)}\xe9${"b".repeat(80)}\r\n.\r\n`;
    const { data, outcome } = await sent({ mode: "pass8", peer: [], fields, body });
    expect(outcome).toBe(SENT);
    const encoded = data.slice(data.indexOf("\r\n\r\n") + 4).replaceAll("=\r\n", "");
    expect(encoded).toBe(`.${"a".repeat(900)}=E9${"b".repeat(80)}\r\n.\r\n`);
  });

  test("the label of a multipart that has seven bits now goes", async () => {
    const parts = [
      { name: "MIME-Version", value: " 1.0" },
      { name: "Content-Type", value: " multipart/mixed; boundary=b" },
    ];
    const eight = [...parts, { name: "Content-Transfer-Encoding", value: " 8bit" }];
    const body = `--b\r\n\r\n${TEXT}--b--\r\n`;
    const { data } = await sent({ mode: "pass8", peer: [], fields: eight, body });
    expect(data).toBe(
      `${HEAD}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n` +
        `--b\r\nContent-Transfer-Encoding: quoted-printable\r\n${NOTE}\r\n${QUOTED}--b--\r\n`,
    );
  });
});

describe("without a label", () => {
  test.each([[["8BITMIME"]], [[]]])("EightBitMode=pass8 and %j: as it is", async (peer) => {
    expect(await sent({ mode: "pass8", peer })).toMatchObject({ outcome: SENT, data: `${HEAD}\r\n${TEXT}` });
  });

  test("EightBitMode=mime: it gets one, and is converted for those who have no 8BITMIME", async () => {
    const unknown = `${HEAD}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n`;
    expect(await sent({ mode: "mime", peer: ["8BITMIME"] })).toMatchObject({
      data: `${unknown}Content-Transfer-Encoding: 8bit\r\n\r\n${TEXT}`,
    });
    expect(await sent({ mode: "mime", peer: [] })).toMatchObject({
      data: `${unknown}Content-Transfer-Encoding: quoted-printable\r\n${NOTE}\r\n${QUOTED}`,
    });
  });

  test("BODY=8BITMIME is a label as well", async () => {
    const { data } = await sent({ mode: "pass8", peer: [], bodyType: "8BITMIME" });
    expect(data).toContain("charset=unknown-8bit\r\nContent-Transfer-Encoding: quoted-printable\r\n");
  });

  test("EightBitMode=strict: refused", async () => {
    expect(await sent({ mode: "strict", peer: ["8BITMIME"] })).toMatchObject({
      outcome: "5.6.1 Eight bit data not allowed",
      data: "",
    });
    expect(await sent({ mode: "strict", peer: [], body: "hello\r\n" })).toMatchObject({ outcome: SENT });
  });
});
