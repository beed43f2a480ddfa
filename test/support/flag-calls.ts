/** The rows of test/golden/command-line/flags.ts as one script, for a genuine sendmail and for ours, and what came of them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FlagAnswer, FlagCase } from "../golden/command-line/flags.ts";
import { runInside } from "./foreign-programs.ts";

const UIDS = { root: 0, joe: 2001, stray: 54_321 } as const;

const CONFIGURATION = `V10/Berkeley
Cwlocalhost mail.example.test
Djmail.example.test
O QueueDirectory=/mnt/queue
O AliasFile=/mnt/aliases
O DefaultUser=8:8
O DeliveryMode=i
O OperatorChars=.:%@!^/[]+
O UnixFromLine=From $g $d
O PidFile=/mnt/pid
O DontBlameSendmail=safe
O DaemonPortOptions=Port=2526, Addr=127.0.0.1
Troot daemon
H?P?Return-Path: <$g>
H?M?Message-Id: <$t.$i@$j>
Scanonify=3
R<>			$@ <@>
R<@>			$@ <@>
R< $+ >			$1
Sparse=0
R-joe			$#error $@ 5.1.1 $: "550 User unknown"
R-v			$#error $@ 5.1.1 $: "550 User unknown"
R-			$#error $@ 5.1.1 $: "550 User unknown"
R$*			$#local $: $1
Sfinal=4
R<@>	$:
Slocaladdr=5
Mlocal, P=/usr/bin/tee, F=lsDFMAm5:/|@qSPn9, A=tee -a /mnt/out/$u
Mprog, P=/bin/sh, F=lsDFMoqeu9, D=/, A=sh -c $u
M*file*, P=[FILE], F=lsDFMPEouq9, A=FILE $u
`;

const prepare = (folder: string): string => `
umask 022
for user in joe:2001 ann:2002; do
  echo "\${user%:*}:x:\${user#*:}:\${user#*:}:\${user%:*}:/mnt/\${user%:*}:/bin/sh" >>/etc/passwd
  mkdir /mnt/\${user%:*}
  chown \${user#*:}:\${user#*:} /mnt/\${user%:*}
done
mkdir -m 700 /mnt/queue
mkdir -m 777 /mnt/out
chmod 755 /mnt
mkdir -p /etc/mail
cp ${folder}/cf /etc/mail/sendmail.cf
cp ${folder}/cf /etc/mail/submit.cf
: >/mnt/aliases
cd /
`;

/** Names of the genuine one that may take on rights, where the file system allows that. */
const GENUINE = `
mkdir /mnt/genuine
mount -t tmpfs -o suid,mode=755 tmpfs /mnt/genuine
cp /usr/libexec/sendmail/sendmail /mnt/genuine/sendmail
chmod 4755 /mnt/genuine/sendmail
for name in mailq newaliases hoststat purgestat; do ln -s sendmail /mnt/genuine/$name; done
PATH=/mnt/genuine:$PATH
sendmail -bi >/dev/null
`;

const OURS = `
export RULEMAIL_HOME=/mnt/home
sendmail -bi >/dev/null
sendmail -bd 2>/dev/null
`;

function callOf(kind: "genuine" | "ours", { caller, line }: FlagCase, number: number, folder: string): string {
  const here = join(folder, String(number));
  mkdirSync(here);
  const who = caller === "root" ? "" : `setpriv --reuid ${UIDS[caller]} --regid ${UIDS[caller]} --clear-groups`;
  return `
timeout 20 ${who} ${line} <${folder}/message >${here}/output 2>${here}/errors
echo $? >${here}/status
ls /mnt/out >${here}/delivered
${kind === "genuine" ? "rm -f /mnt/queue/*" : ""}
rm -f /mnt/out/* /root/dead.letter /mnt/joe/dead.letter /dead.letter
`;
}

/** @returns answers in the order of the cases */
export function askAboutFlags(kind: "genuine" | "ours", cases: readonly FlagCase[]): FlagAnswer[] {
  const folder = mkdtempSync(join(tmpdir(), "flags-"));
  try {
    writeFileSync(join(folder, "cf"), CONFIGURATION);
    writeFileSync(join(folder, "message"), "Subject: x\n\nbody\n");
    const calls = cases.map((each, number) => callOf(kind, each, number, folder));
    const begin = kind === "genuine" ? GENUINE : OURS;
    writeFileSync(join(folder, "script"), [prepare(folder), begin, ...calls].join("\n"), "latin1");
    const { status, stderr } = runInside("shell", `. ${folder}/script`, kind === "ours");
    if (status !== 0) throw new Error(`${kind} could not be asked: ${stderr}`);
    return cases.map((_each, number) => answerOf(join(folder, String(number))));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function answerOf(here: string): FlagAnswer {
  const lines = (...names: string[]): string[] =>
    names.flatMap((name) => readFileSync(join(here, name), "latin1").split("\n")).filter((line) => line !== "");
  return {
    status: Number(lines("status")[0]),
    said: comparable(lines("output", "errors")),
    delivered: lines("delivered"),
  };
}

/** In any order, each once, of help and version the first line; where a message goes that nobody could get is no answer to compare. */
export function comparable(lines: readonly string[]): string[] {
  const plain = lines
    .filter((line) => !/dead\.letter/.test(line))
    .filter((line) => !/^(?: {2}|language: |node: )/.test(line))
    .map((line) => line.replace(/^\/\S+\/(?=\w+: (?:illegal|option))/, "").trimEnd())
    .map((line) => line.replace(/^(rulemail) [\d.]+$/, "$1 VERSION").replace(/^(usage: sendmail) .*/, "$1"));
  return [...new Set(plain)].toSorted();
}
