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

test("F=7: encoded, whatever the server takes", async () => {
  const { data, parameters } = await sent({ mode: "mime", peer: ["8BITMIME"], fields: LABEL, flags: "mX7" });
  expect(data).toContain(`Content-Transfer-Encoding: quoted-printable\r\n${NOTE}\r\n${QUOTED}`);
  expect(parameters).toBe("");
});

test.each([
  ["X", "h\xe9llo wonderful world\r\nFrom here\r\n", "h=E9llo wonderful world\r\nFrom here\r\n"],
  ["XE", "h\xe9llo wonderful world\r\nFrom here\r\n", "h=E9llo wonderful world\r\nFrom=20here\r\n"],
  ["XE", "hello\r\nFrom here\r\n", "hello\r\n>From here\r\n"],
])("F=%s: lines that begin with From", async (flags, body, wanted) => {
  const { data } = await sent({ mode: "mime", peer: [], fields: LABEL, flags: `m${flags}`, body });
  expect(data.slice(data.indexOf("\r\n\r\n") + 4)).toBe(wanted);
});

test.each([
  ["8bit", "quoted-printable"],
  ["binary", "base64"],
])("what is labelled %s is written in %s", async (label, encoding) => {
  const fields = [...LABEL.slice(0, -1), { name: "Content-Transfer-Encoding", value: ` ${label}` }];
  const { data } = await sent({ mode: "mime", peer: [], fields });
  expect(data).toContain(`Content-Transfer-Encoding: ${encoding}\r\n`);
});

const told = (encoding: string) =>
  `${HEAD}${MIME_HEAD}Content-Transfer-Encoding: 8bit\r\n` +
  `X-MIME-Autoconverted: from ${encoding} to 8bit by here.test id 5AKJ3Crx000001\r\n\r\n`;

describe("F=9, text that came encoded", () => {
  const fields = (encoding: string) => [
    ...LABEL.slice(0, -1),
    { name: "Content-Transfer-Encoding", value: ` ${encoding}` },
  ];
  test.each([
    ["quoted-printable", "Gr=FC=DFe=\r\n and on \r\n=46rom\r\n.=\r\n.\r\n", "Gr\xfc\xdfe and on\r\nFrom\r\n..\r\n"],
    ["base64", "R3L832UKLmRvdAo=\r\n", "Gr\xfc\xdfe\r\n.dot\r\n"],
  ])("%s is decoded for a server with 8BITMIME, and stays for others", async (encoding, body, wanted) => {
    const asked = { mode: "mime", fields: fields(encoding), flags: "mX9", body };
    expect(await sent({ ...asked, peer: ["8BITMIME"] })).toMatchObject({
      data: `${told(encoding)}${wanted}`,
      parameters: " BODY=8BITMIME",
    });
    const as = `${HEAD}${MIME_HEAD}Content-Transfer-Encoding: ${encoding}\r\n\r\n${body}`;
    expect(await sent({ ...asked, peer: [] })).toMatchObject({ data: as, parameters: "" });
    expect(await sent({ ...asked, peer: ["8BITMIME"], flags: "mX79" })).toMatchObject({ data: as });
  });

  test("without octets above 127 no 8BITMIME is asked for", async () => {
    const body = "only =66ive\r\n";
    const { parameters } = await sent({
      mode: "mime",
      fields: fields("quoted-printable"),
      flags: "mX9",
      peer: ["8BITMIME"],
      body,
    });
    expect(parameters).toBe("");
  });

  test.each([
    [
      "no text/plain",
      [
        { ...LABEL[1], value: " text/html" },
        { ...LABEL[2], value: " base64" },
      ],
      "R3L832U=\r\n",
    ],
    ["no MIME-Version", undefined, "R3L832U=\r\n"],
    ["damaged base64", [LABEL[1], { ...LABEL[2], value: " base64" }], "R3L83\r\n"],
    ["damaged quoted-printable", [LABEL[1], { ...LABEL[2], value: " quoted-printable" }], "a =ZZ\r\n"],
    ["a NUL", [LABEL[1], { ...LABEL[2], value: " quoted-printable" }], "a =00\r\n"],
    ["a CR alone", [LABEL[1], { ...LABEL[2], value: " quoted-printable" }], "a =0Db\r\n"],
    ["a long line", [LABEL[1], { ...LABEL[2], value: " quoted-printable" }], `${"=C3=BC=\r\n".repeat(500)}\r\n`],
  ])("as it is: %s", async (_, rest, body) => {
    const given = rest === undefined ? [LABEL[1], { ...LABEL[2], value: " base64" }] : [LABEL[0], ...rest];
    const { data } = await sent({ mode: "mime", fields: given, flags: "mX9", peer: ["8BITMIME"], body });
    expect(data.endsWith(`\r\n\r\n${body}`)).toBe(true);
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
