/**
 * mailq and -Q beside a genuine sendmail, over the same queue files, octet for octet: what is selected, how it is shown, how it
 * ends. No server runs.
 */
import { beforeAll, expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

/** A folder of files as a genuine sendmail leaves them; every file has its own priority, which is the order of the table. */
const QUEUE = `
set -u
cat >/mnt/q.cf <<'END'
V10/Berkeley
Cwmail.example.test
DnMAILER-DAEMON
O QueueDirectory=/mnt/q
O DefaultUser=0:0
O RunAsUser=root
O MinQueueAge=30m
O QueueLA=500
O OperatorChars=.:@[]
Qslow, P=/mnt/q/slow
Scanonify=3
Sparse=0
R$*	$#local $: $1
Mlocal, P=/bin/false, F=lsDFMn, S=10, R=20, A=false
Mprog, P=/bin/sh, F=lsDFMeu, S=10, R=20, A=sh -c $u
END
file() { cat >$1; printf '%s' "$body" >/mnt/\${1#/mnt/}.body; folder=\${1%/*}; name=\${1##*/}; mv /mnt/\${1#/mnt/}.body $folder/df\${name#??}; }
from() { printf 'V8\\nT%s\\nK%s\\nN%s\\nP%s\\n' "$1" "$2" "$3" "$4"; }
body=hello
make() {
  rm -rf /mnt/q
  mkdir -m 700 /mnt/q /mnt/q/slow
  { from 1700000000 0 0 30000; printf 'Fbs\\n$rESMTP\\nS<Ann@a.test>\\nrRFC822; bob@b.test\\nRPFD:<bob@b.test>\\nrRFC822; carl@c.test\\nRPFD:<Carl@c.test>\\nH??Subject: t\\n.\\n'; } | file /mnt/q/qf1AAAAAA0000001
  { from 1700000000 $(date +%s) 3 30001; printf 'MDeferred: Connection refused by b.test.\\nFw8\\nB8BITMIME\\nSroot\\nMDeferred: Connection refused by b.test.\\nRPFD:dora\\nMUser unknown, sort of\\nRPFD:eve@b.test\\n.\\n'; } | file /mnt/q/qf1AAAAAB0000002
  { from 1600000000 0 0 -5; printf 'Fr\\nS<>\\nR:b\\tx\\\\y\\303\\244\\nCeve:1001:100:eve\\nR:|"/bin/prog arg"\\nR:/home/eve/box\\n.\\n'; } | file /mnt/q/qf1AAAAAA0000003
  { from 1500000000 0 9 1234567; printf 'SFull Name <ann@c.test>\\nRPFD:%s@b.test\\n.\\n' $(printf 'x%.0s' $(seq 100)); } | file /mnt/q/qf1AAAAAC0000004
  { from 1700000000 0 0 40000; printf 'B7BIT\\nqLooks "Strange"\\nSq@a.test\\nRPFD:bob@b.test\\n.\\n'; } | file /mnt/q/hf1AAAAAH0000005
  { from 1700000000 0 0 40001; printf 'q%s\\nSq@c.test\\nRPFD:carl@c.test\\n.\\n' "$(printf 'other %.0s' $(seq 30))"; } | file /mnt/q/hf1AAAAAH0000006
  { from 1700000000 0 2 50000; printf 'Mgone wrong\\nB7BIT\\nS<l@a.test>\\nMno such host\\nRPFD:<carl@c.test>\\n.\\n'; } | file /mnt/q/Qf1AAAAAL0000007
  chmod 600 /mnt/q/?f*
}
both() {
  for who in genuine rulemail; do
    program='rulemail sendmail'
    [ $who = rulemail ] || program=/usr/libexec/sendmail/sendmail
    eval "$program -C /mnt/q.cf $1" >/mnt/said 2>/mnt/complained </dev/null
    printf '\\001%s\\001%s\\001%s\\001' $who "$1" $?
    # Where complaints go is a matter of taste.
    cat /mnt/said /mnt/complained
    # What the folder has then: kinds of files and reasons.
    [ -z "\${look:-}" ] || { ls /mnt/q | grep '^[qhQ]f'; grep -hs '^q' /mnt/q/hf* | LC_ALL=C sort; make; }
  done
}
make
`;

interface Answer {
  readonly call: string;
  readonly status: string;
  readonly said: string;
}

function ask(calls: readonly string[], look: boolean): Map<string, readonly Answer[]> {
  const script = `${QUEUE}${look ? "look=1\n" : ""}${calls.map((call) => `both '${call}'`).join("\n")}\n`;
  const { stdout, stderr } = runInside("shell", script);
  expect(stderr).toBe("");
  const answers = new Map<string, Answer[]>([
    ["genuine", []],
    ["rulemail", []],
  ]);
  const parts = stdout.split("\x01").slice(1);
  for (let at = 0; at < parts.length; at += 4) {
    const [who, call, status, said] = parts.slice(at, at + 4);
    answers.get(who)!.push({ call, status, said });
  }
  return answers;
}

const SHOWN = [
  ..."-bp|-bp -v|-bp -qQ|-bp -qQ -v|-bp -qL|-bp -qL -v|-bp -OMinQueueAge=1s".split("|"),
  ..."-bp -qRbob|-bp -qRBOB|-bp -q!Rbob|-bp -qRbob -qRdora|-bp -q!Rbob -q!Rcarl|-bp -q!R@b.test".split("|"),
  ..."-bp -qSann|-bp -qSANN -qRbob|-bp -q!Sa.test|-bp -qSann@a -qSroot|-bp -qS|-bp -qSfull|-bp -qRnobody".split("|"),
  ..."-bp -qI1AAAAAB|-bp -qI1aaaaab|-bp -qIAB -qIAA|-bp -q!IAA|-bp -qIAA -qRcarl".split("|"),
  ..."-bp -qQ -qRcarl|-bp -qQLooks|-bp -qQlooks|-bp -qQLooks -qQother|-bp -q!QLooks|-bp -q!Q".split("|"),
  ..."-bp -qL -qRcarl|-bp -qL -qRbob|-bp -qG mqueue|-bp -qGmqueue|-bp -qGslow|-bp -qGnone|-bp -qGslow -qGslow".split(
    "|",
  ),
  ..."-bp -q30m|-bp -qf|-bp -qp|-bp -q!|-bp -qx|-bp -q1x|-bp -q-1|-bp -Q|-bp -Qx|-bp a b".split("|"),
];

peerDescribe("the queue, shown", ["sendmail", "root"], () => {
  let answers: ReturnType<typeof ask>;

  beforeAll(() => {
    answers = ask(SHOWN, false);
  }, 300_000);

  test.each(SHOWN.map((call, number) => [call, number] as const))("%s", (_, number) => {
    expect(answers.get("rulemail")![number]).toEqual(answers.get("genuine")![number]);
  });
});

const PUT_ASIDE = [
  ..."-v -Qone -qSann@a|-v -Qone -qSnobody|-v -Qtwo -qGmqueue|-v -Qtwo -qGslow|-v -Qthree -qQ|-v -Qthree -qQ -qRbob".split(
    "|",
  ),
  ..."-v -Q -qQ|-v -Q -qQ -qRbob|-v -Q -qQ -qQother|-v -Q -qQ -q!Qother|-Qone -qSann@a|-Qthree -qQ|-Q -qQ".split("|"),
  ..."-v -Qx -q!Rbob|-v -Qx|-Qx -qGnone|-v -Q -qGnone -qQ|-Qx -qL|-Q -qL|-Qx -bp|-Qx -bi".split("|"),
  '"-Qtwo words" -qSroot',
];

peerDescribe("the queue, with messages put aside and released", ["sendmail", "root"], () => {
  let answers: ReturnType<typeof ask>;

  beforeAll(() => {
    answers = ask(PUT_ASIDE, true);
  }, 300_000);

  test.each(PUT_ASIDE.map((call, number) => [call, number] as const))("%s", (_, number) => {
    expect(inOrder(answers.get("rulemail")![number])).toEqual(inOrder(answers.get("genuine")![number]));
  });
});

/** A genuine sendmail goes through a folder in the order of its entries on the disk. */
function inOrder({ said, ...answer }: Answer): Answer {
  return {
    ...answer,
    said: said.replaceAll(/(?:^1AAAA\w+: .*\n)+/gm, (lines) => lines.split("\n").toSorted().join("\n")),
  };
}
