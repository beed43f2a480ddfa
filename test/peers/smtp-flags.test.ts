/**
 * F= of mailers that speak SMTP: what a genuine sendmail says and sends under each flag, to a server with 8BITMIME and to one
 * without, and what we do. One configuration with two mailers for every row, and every message goes to all of them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { deliverByBoth, differencesOf, type FlagMessage, resultsOf } from "../support/flags-beside-genuine.ts";
import { peerDescribe } from "../support/peers.ts";

/** Flags beside `muX`, and L= where it matters. F=p, s and B: test/unit/delivery/mailer-flags.test.ts. */
const ROWS: readonly string[] = [
  "",
  "DFM",
  "x",
  "P",
  "7",
  "8",
  "9",
  "3",
  "39",
  "6",
  "1",
  "L",
  "L8",
  "E",
  "EP",
  "b",
  "C",
  "c",
  "2",
];

const HEAD = "Date: Fri, 20 Nov 2026 19:00:00 +0000\nMessage-Id: <m1@a.test>\nFrom: joe@a.test\nSubject: x\n";
const MIME = `${HEAD}MIME-Version: 1.0\n`;
const TEXT = `${MIME}Content-Type: text/plain; charset=iso-8859-1\n`;
const ENCODED = `${TEXT}Content-Transfer-Encoding:`;

const MESSAGES: Readonly<Record<string, FlagMessage>> = {
  plain: { sender: "joe@a.test", text: `${HEAD}\nbody\n` },
  "From lines": { sender: "joe@a.test", text: `${HEAD}\nFrom here\n>From there\n From\nFromage\nx\nFrom \n` },
  "empty lines at the end": { sender: "joe@a.test", text: `${HEAD}\nbody\n\n\n` },
  "no body": { sender: "joe@a.test", text: HEAD },
  dots: { sender: "joe@a.test", text: `${HEAD}\n..two\n.one\n.\n..\nend\n` },
  "long lines": { sender: "joe@a.test", text: `${HEAD}\n${"x".repeat(2500)}\n.${"y".repeat(998)}\nend\n` },
  "eight bits": { sender: "joe@a.test", text: `${HEAD}\nGr\xfc\xdfe\n\x80\xff\n` },
  "eight bits with a label": {
    sender: "joe@a.test",
    text: `${ENCODED} 8bit\n\nGr\xfc\xdfe, a longer line of text\nFrom x\n`,
  },
  "binary label": { sender: "joe@a.test", text: `${ENCODED} binary\n\nGr\xfc\xdfe, a longer line of text\n` },
  "binary label, seven bits": { sender: "joe@a.test", text: `${ENCODED} binary\n\nonly seven bits\n` },
  "quoted-printable": {
    sender: "joe@a.test",
    text: `${ENCODED} quoted-printable\n\nGr=FC=DFe=\n and on\n=46rom\n.=\n.\n`,
  },
  base64: { sender: "joe@a.test", text: `${ENCODED} base64\n\nR3L832UKLmRvdAo=\n` },
  "quoted-printable that is no text": {
    sender: "joe@a.test",
    text: `${MIME}Content-Type: application/x-y\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n`,
  },
  "parts with eight bits": {
    sender: "joe@a.test",
    text:
      `${MIME}Content-Type: multipart/mixed; boundary=B\nContent-Transfer-Encoding: 8bit\n\nfirst\n--B\n` +
      "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGr\xc3\xbc\xc3\x9fe to all of you out there\n" +
      "--B\nContent-Type: image/gif\nContent-Transfer-Encoding: binary\n\n\x80\x81\x82\n--B--\n",
  },
  "parts in quoted-printable": {
    sender: "joe@a.test",
    text: `${MIME}Content-Type: multipart/mixed; boundary=B\n\n--B\n${ENCODED.slice(MIME.length)} quoted-printable\n\nGr=FC\n--B--\n`,
  },
  "fields with names and comments": {
    sender: "joe@a.test",
    text: `Date: Fri, 20 Nov 2026 19:00:00 +0000\nMessage-Id: <m1@a.test>\nFrom: "J. Oe" <joe@a.test>\nTo: ann (Ann), Bob <bob@b.test>\nCc: eve\nSubject: x\n\nbody\n`,
  },
  "fields of other deliveries": {
    sender: "joe@a.test",
    text: `Return-Path: <old@a.test>\nContent-Length: 4711\nFull-Name: Old Name\nStatus: RO\n${HEAD}\nbody\n`,
  },
  "no header but a subject": { sender: "joe@a.test", text: "Subject: x\n\nbody\n" },
  "the null sender": { sender: "<>", text: `${HEAD}\nbody\n` },
};

/** Ports of the two servers. */
const SERVERS = { e: [2601, "PIPELINING,8BITMIME,SIZE,DSN,ENHANCEDSTATUSCODES"], s: [2602, "SIZE"] } as const;

const configuration = (rows: readonly number[]): string => `V10/Berkeley
Cwlocalhost mail.example.test
Djmail.example.test
O QueueDirectory=/mnt/queue
O AliasFile=/mnt/aliases
O DefaultUser=8:8
O DeliveryMode=i
O OperatorChars=.:%@!^/[]+
O UnixFromLine=From $g $d
O DaemonPortOptions=Port=2526, Addr=127.0.0.1
O PidFile=/mnt/pid
O QueueLA=10000
O RefuseLA=10000
O DontBlameSendmail=safe
O SevenBitInput=False
O EightBitMode=m
Troot daemon
H?P?Return-Path: <$g>
H?D?Date: $a
H?F?From: $?x$x <$g>$|$g$.
H?x?Full-Name: $x
H?M?Message-Id: <$t.$i@$j>
Scanonify=3
R<>			$@ <@>
R<@>			$@ <@>
R$* < $+ > $*		$2
Sparse=0
${rows.map(rulesOf).join("\n")}
R$*			$#local $: $1
Sfinal=4
R<@>\t\t$:
Slocaladdr=5
Mlocal, P=/bin/false, F=lsu, A=false $u
Mprog, P=/bin/sh, F=lsDFMoqeu9, D=/, A=sh -c $u
M*file*, P=[FILE], F=lsDFMPEouq9, A=FILE $u
${rows.map(mailersOf).join("")}`;

function rulesOf(row: number): string {
  const letters = Object.keys(SERVERS);
  return letters
    .map((each) => `Rr${row}.${each}.$*\t$#r${row}${each} $@ [127.0.0.1] $: r${row}.${each}.$1@b.test`)
    .join("\n");
}

function mailersOf(row: number): string {
  const flags = ROWS[row];
  const both = `P=[IPC], F=muX${flags}, L=${flags.includes("L") ? 990 : 2040}, E=\\r\\n`;
  return Object.entries(SERVERS)
    .map(([letter, [port]]) => `Mr${row}${letter}, ${both}, A=TCP $h ${port}\n`)
    .join("");
}

const SINK = join(import.meta.dirname, "../support/recording-sink.mjs");
const BEFORE = `${process.execPath} ${SINK} /mnt/out ${Object.values(SERVERS)
  .map(([port, extensions]) => `${port} ${extensions}`)
  .join(" ")} &
await 'test -e /mnt/out/ready'`;

let folder: string;

peerDescribe("servers get what a genuine sendmail gives them", ["sendmail", "root"], () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "flags-"));
    deliverByBoth({
      folder,
      rows: ROWS.length,
      messages: Object.values(MESSAGES),
      configuration,
      recipients: (rows) => rows.flatMap((row) => Object.keys(SERVERS).map((letter) => `r${row}.${letter}.x`)),
      before: BEFORE,
      beforeEach: () => "",
    });
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(Object.keys(MESSAGES).map((name, number) => [name, number] as const))("%s", (name, number) => {
    const [ours, genuine] = [stored("ours", number), stored("genuine", number)];
    expect(differencesOf(ours, genuine, (row) => isDecided(name, row))).toEqual([]);
  });
});

/** F=9: the original sends eight bits to servers that have not said that they take them. We do not. */
function isDecided(message: string, row: string): boolean {
  return ["quoted-printable", "base64"].includes(message) && /9 without/.test(row);
}

/** "F=muXP with 8BITMIME" → what the server was told. */
function stored(kind: "genuine" | "ours", number: number): Readonly<Record<string, string>> {
  const found = resultsOf(folder, kind, number, (file, text) => {
    const [, row, letter] = /^r(\d+)\.([es])/.exec(file) ?? [];
    const flags = ROWS[Number(row)];
    return [`F=muX${flags} ${letter === "e" ? "with" : "without"} 8BITMIME`, alike(text, flags)];
  });
  expect(Object.keys(found)).toHaveLength(2 * ROWS.length);
  return found;
}

function alike(given: string, flags: string): string {
  // F=7: the original announces eight bits that it has converted; F=8 and F=9: it sends them without a word. F=9 adds an empty line.
  const said = /[789]/.test(flags) ? given.replace(/^(.*) BODY=8BITMIME/, "$1") : given;
  const text = /^X-MIME-Autoconverted: from .* to 8bit/m.test(said) ? said.replace(/(\r\n)\r\n$/, "$1") : said;
  return text
    .replace(/^MAIL FROM:/i, "MAIL FROM:")
    .replace(/^RCPT TO:/im, "RCPT TO:")
    .replace(/ SIZE=\d+/, " SIZE=N")
    .replaceAll(/ id \w{14}/g, " id ID");
}
