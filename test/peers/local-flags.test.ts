/**
 * F= of mailers that deliver on this machine: what a genuine sendmail writes to files and gives to programs under each flag,
 * and what we do. One configuration with a mailer for every row, and every message goes to all of them.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
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

interface Message {
  readonly sender: string;
  readonly text: string;
}

const HEAD = "Date: Fri, 20 Nov 2026 19:00:00 +0000\nMessage-Id: <m1@a.test>\nFrom: joe@a.test\nSubject: x\n";

const MESSAGES: Readonly<Record<string, Message>> = {
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

/** A genuine sendmail knows 25 mailers at most. */
const AT_ONCE = 10;
const groups = Array.from({ length: Math.ceil(ROWS.length / AT_ONCE) }, (_, group) =>
  ROWS.map((_flags, row) => row).slice(group * AT_ONCE, (group + 1) * AT_ONCE),
);

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

/** Each message to the mailers of a group, by whatever `sendmail` is; results below the folder. */
function deliveries(kind: string, group: number, folder: string): string {
  const recipients = groups[group].flatMap((row) => [`r${row}.f`, `r${row}.p`]).join(" ");
  return Object.values(MESSAGES)
    .map(
      ({ sender }, number) => `
rm -f /mnt/out/*
for r in ${groups[group].map((row) => `r${row}f r${row}p`).join(" ")}; do touch /mnt/out/$r; chmod 666 /mnt/out/$r; done
sendmail -C /mnt/t.cf -oi -f '${sender}' ${recipients} <${folder}/${number} >>/mnt/log 2>&1
${kind === "ours" ? "await 'mailq -C /mnt/t.cf | grep -q empty'" : ""}
mkdir -p ${folder}/${kind}/${number}
cp /mnt/out/* ${folder}/${kind}/${number}/`,
    )
    .join("\n");
}

function script(kind: "genuine" | "ours", folder: string): string {
  const ours = `export RULEMAIL_HOME=/mnt/home
mkdir -p /mnt/home
sendmail -C /mnt/t.cf -bd -q1h >>/mnt/log 2>&1`;
  const end = "p=$(head -n 1 /mnt/pid); kill $p; await '! kill -0 $p'; rm -rf /mnt/home";
  const each = groups.map(
    (_rows, group) => `
cp ${folder}/${group}.cf /mnt/t.cf
${kind === "ours" ? ours : "sendmail -C /mnt/t.cf -bi"}
${deliveries(kind, group, folder)}
${kind === "ours" ? end : ""}`,
  );
  return `
set -u
await() { for i in $(seq 300); do eval "$1" >/dev/null 2>&1 && return 0; sleep 0.1; done; echo "in vain: $1"; return 1; }
umask 022
mkdir -p /mnt/queue /mnt/out
chmod 700 /mnt/queue
chmod 777 /mnt/out
: >/mnt/aliases
# What runs as root (F=S) does so only for users that there are.
for r in ${ROWS.flatMap((flags, row) => (flags.includes("S") ? [`r${row}p`] : [])).join(" ")}; do
  echo "$r:x:2001:2001::/mnt:/bin/sh" >>/etc/passwd
done
${each.join("\n")}
cat /mnt/log
`;
}

let folder: string;

peerDescribe("files and programs get what a genuine sendmail gives them", ["sendmail", "root"], () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "flags-"));
    groups.forEach((rows, group) => writeFileSync(join(folder, `${group}.cf`), configuration(rows)));
    Object.values(MESSAGES).forEach(({ text }, number) => writeFileSync(join(folder, String(number)), text, "latin1"));
    for (const kind of ["genuine", "ours"] as const) {
      mkdirSync(join(folder, kind));
      const { status, stdout, stderr } = runInside("shell", script(kind, folder), kind === "ours");
      if (status !== 0 || stdout.includes("in vain")) throw new Error(`${kind}: ${stdout}${stderr}`);
    }
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(Object.keys(MESSAGES).map((name, number) => [name, number] as const))("%s", (_name, number) => {
    const [ours, genuine] = [stored("ours", number), stored("genuine", number)];
    // What the original does not send at all (eight bits to F=7, with EightBitMode=p) we send as well as we can.
    const differing = Object.keys(genuine).filter((row) => ours[row] !== genuine[row] && genuine[row] !== "");
    // As JSON: empty lines and octets above 127 are what it is about.
    const shown = differing.map((row) => ({
      row,
      ours: JSON.stringify(ours[row]),
      genuine: JSON.stringify(genuine[row]),
    }));
    expect(shown).toEqual([]);
  });
});

/** "F=lsunP file" → what is in it; times and ids made alike. */
function stored(kind: string, number: number): Record<string, string> {
  const place = join(folder, kind, String(number));
  const found = readdirSync(place).map((name) => {
    const [, row, letter] = /^r(\d+)([fp])$/.exec(name) ?? [];
    const text = readFileSync(join(place, name), "latin1");
    return [`F=lsu${ROWS[Number(row)]} ${letter === "f" ? "file" : "program"}`, alike(text)] as const;
  });
  expect(found).toHaveLength(2 * ROWS.length);
  return Object.fromEntries(found.toSorted(([one], [two]) => (one < two ? -1 : 1)));
}

function alike(text: string): string {
  return (
    text
      // A field with nothing in it: the original writes it, we do not.
      .replace(/^Full-Name: \n/m, "")
      .replaceAll(/\d\d:\d\d:\d\d/g, "TIME")
      .replaceAll(/[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ TIME \d{4}/g, "NOW")
      .replaceAll(/[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d{4} TIME (?:GMT|\+0000|-0000|\+0000 \([A-Z]+\))/g, "DATE")
      .replaceAll(/<\d{12}\.\w+@/g, "<ID@")
  );
}
