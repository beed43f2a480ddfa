/**
 * F= of mailers that deliver on this machine: what a genuine sendmail writes to files and gives to programs under each flag,
 * and what we do. One configuration with a mailer for every row, and every message goes to all of them.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { deliverByBoth, differencesOf, type FlagMessage, resultsOf } from "../support/flags-beside-genuine.ts";
import { peerDescribe } from "../support/peers.ts";

/** Flags beside `lsu`, and L= where it matters. */
const ROWS: readonly string[] = [
  "",
  "n",
  "P",
  "E",
  "nP",
  "nE",
  "EP",
  "b",
  "nb",
  "EPb",
  "U",
  "UP",
  "Pn9",
  "DFM",
  "DFMn",
  "DFMx",
  "x",
  "a",
  "7",
  "L",
  "L8",
  "nL",
  "EL",
  "X",
  "nX",
  "1",
  "6",
  "g",
  "gP",
  "p",
  "C",
  "c",
  "e",
  "f",
  "m",
  "h",
  "EPo",
  "SDFMn",
];

const HEAD = "Date: Fri, 20 Nov 2026 19:00:00 +0000\nMessage-Id: <m1@a.test>\nFrom: joe@a.test\nSubject: x\n";

const MESSAGES: Readonly<Record<string, FlagMessage>> = {
  plain: { sender: "joe@a.test", text: `${HEAD}\nbody\n` },
  "From lines": { sender: "joe@a.test", text: `${HEAD}\nFrom here\n>From there\n From\nFromage\nx\nFrom \n` },
  "empty lines at the end": { sender: "joe@a.test", text: `${HEAD}\nbody\n\n\n` },
  "no body": { sender: "joe@a.test", text: HEAD },
  "an empty body": { sender: "joe@a.test", text: `${HEAD}\n` },
  "dots and long lines": { sender: "joe@a.test", text: `${HEAD}\n..two\n.one\n${"x".repeat(2500)}\nend\n` },
  "eight bits": { sender: "joe@a.test", text: `${HEAD}\nGr\xfc\xdfe\n\x80\xff\n` },
  "a bang path": { sender: "a!b!joe", text: `${HEAD}\nbody\n` },
  "fields of other deliveries": {
    sender: "joe@a.test",
    text: `Return-Path: <old@a.test>\nContent-Length: 4711\nFull-Name: Old Name\nStatus: RO\n${HEAD}\nbody\n`,
  },
  "no header but a subject": { sender: "joe@a.test", text: "Subject: x\n\nbody\n" },
};

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
O DontBlameSendmail=safe
O SevenBitInput=False
O EightBitMode=p
Troot daemon
H?P?Return-Path: <$g>
H?D?Date: $a
H?F?From: $?x$x <$g>$|$g$.
H?x?Full-Name: $x
H?M?Message-Id: <$t.$i@$j>
Scanonify=3
R<>			<@>
R<@>			<@>
R< $+ >			$1
Sparse=0
${rows.map((row) => `Rr${row}.f\t\t$#r${row}f $: r${row}f\nRr${row}.p\t\t$#r${row}p $: r${row}p`).join("\n")}
R$*			$#local $: $1
Sfinal=4
R<@>\t\t$:
Slocaladdr=5
Mlocal, P=/bin/false, F=lsu, A=false $u
Mprog, P=/bin/sh, F=lsDFMoqeu9, D=/, A=sh -c $u
M*file*, P=[FILE], F=lsDFMPEouq9, A=FILE $u
${rows.map(mailersOf).join("")}`;

function mailersOf(row: number): string {
  const flags = ROWS[row];
  const both = `F=lsu${flags}, L=${flags.includes("L") ? 990 : 0}`;
  return `Mr${row}f, P=[FILE], ${both}, A=FILE /mnt/out/$u\nMr${row}p, P=/usr/bin/tee, ${both}, A=tee -a /mnt/out/$u\n`;
}

const BEFORE = `chmod 777 /mnt/out
# What runs as root (F=S) does so only for users that there are.
for r in ${ROWS.flatMap((flags, row) => (flags.includes("S") ? [`r${row}p`] : [])).join(" ")}; do
  echo "$r:x:2001:2001::/mnt:/bin/sh" >>/etc/passwd
done`;

function touched(rows: readonly number[]): string {
  const files = rows.map((row) => `r${row}f r${row}p`).join(" ");
  return `for r in ${files}; do touch /mnt/out/$r; chmod 666 /mnt/out/$r; done`;
}

let folder: string;

peerDescribe("files and programs get what a genuine sendmail gives them", ["sendmail", "root"], () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "flags-"));
    deliverByBoth({
      folder,
      rows: ROWS.length,
      messages: Object.values(MESSAGES),
      configuration,
      recipients: (rows) => rows.flatMap((row) => [`r${row}.f`, `r${row}.p`]),
      before: BEFORE,
      beforeEach: touched,
    });
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(Object.keys(MESSAGES).map((name, number) => [name, number] as const))("%s", (_name, number) => {
    const [ours, genuine] = [stored("ours", number), stored("genuine", number)];
    // What the original does not send at all (eight bits to F=7, with EightBitMode=p) we send as well as we can.
    expect(differencesOf(ours, genuine, (row) => genuine[row] === "")).toEqual([]);
  });
});

/** "F=lsunP file" → what is in it. */
function stored(kind: "genuine" | "ours", number: number): Readonly<Record<string, string>> {
  const found = resultsOf(folder, kind, number, (file, text) => {
    const [, row, letter] = /^r(\d+)([fp])$/.exec(file) ?? [];
    return [`F=lsu${ROWS[Number(row)]} ${letter === "f" ? "file" : "program"}`, text];
  });
  expect(Object.keys(found)).toHaveLength(2 * ROWS.length);
  return found;
}
