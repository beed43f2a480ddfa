/**
 * When a genuine sendmail tries what is in its queue, and when we do: how long a message waits, the order of a run, queue groups,
 * and mail that is left for runs. One configuration, the same messages; what is compared is who was tried when.
 */
import { beforeAll, expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";
import { MINUTE, SimulatedQueue } from "../support/simulated-queue.ts";

const GROUPS = "Qslow, P=/mnt/Q/slow, I=2h, r=3\nQquick, P=/mnt/Q/quick\n";
const RULESET = "Squeuegroup\nR$*@slow.test	$#slow\nR$*@quick.test	$#QUICK\nR$*@wrong.test	$#nosuch\n";

/** The mailers and rules of the simulated queue, with a program that writes down whom it got and then wants to be asked again. */
const CF = `V10/Berkeley
Djmail.example.test
O QueueDirectory=/mnt/Q/mq*
${GROUPS}O LogLevel=0
O DefaultUser=0:0
O AliasFile=/mnt/aliases
Mlocal, P=/mnt/agent, F=lsmDFM, S=9, R=9, A=agent $u
Mprog, P=/bin/sh, F=lsDFM, A=sh -c $u
Mesmtp, P=/mnt/agent, F=smDFMu, S=9, R=9, A=agent $u
Mdear, P=/mnt/agent, F=smDFMue, S=9, R=9, A=agent $u
Masked, P=/mnt/agent, F=smDFMu%, S=9, R=9, A=agent $u
Scanonify=3
R$*@$*	$:$1<@$2>
Sparse=0
R$*<@dear.test>	$#dear $@ dear.test $: $1<@dear.test>
R$*<@asked.test>	$#asked $@ asked.test $: $1<@asked.test>
R$*<@$*>	$#esmtp $@ $2 $: $1<@$2>
R$*	$#local $: $1
Sfinal=4
R$*<@$*>	$1@$2
S9
R$*<@$*>	$1@$2
HReceived: by $j id $i
HDate: $a
HSubject: x
${RULESET}`;

/** MinQueueAge and MaxQueueAge in minutes; how long a message had waited when it was tried last, in minutes. */
const WAITS: readonly (readonly [least: number, most: number, waited: number])[] = [
  [0, 0, 50],
  [30, 0, 50],
  [5, 60, 0],
  [5, 60, 3],
  [5, 60, 20],
  [5, 60, 200],
  [20, 40, 30],
  [0, 60, 20],
];

const ORDERS = ["priority", "host", "time", "modification"];
/** Host, priority, minutes since it came and since it was changed. */
const QUEUED = [
  ["za.test", 300_000, 50, 5],
  ["mm.test", 900_000, 20, 9],
  ["ab.test", 100_000, 70, 2],
  ["mn.test", 500_000, 90, 7],
] as const;

const SPLITS: readonly (readonly string[])[] = [
  ["a@quick.test"],
  ["a@far.test"],
  ["a@wrong.test"],
  ["a@quick.test", "b@far.test", "c@slow.test", "d@quick.test"],
  "abcdefg".split("").map((user) => `${user}@slow.test`),
];

const RUNS: Readonly<Record<string, object>> = {
  "-qf": {},
  "-qf -qGmqueue": { group: "mqueue" },
  "-qf -qRx@": { recipient: [{ text: "x@" }] },
  "-qf -q!Snobody": { sender: [{ text: "nobody", not: true }] },
};
const HELD = ["far.test", "dear.test", "asked.test"];

const SCRIPT = `
set -u
umask 022
for d in . mq1 slow quick; do mkdir -p -m 700 /mnt/Q/$d; done
: >/mnt/aliases
printf '#!/bin/sh\\ncat >/dev/null\\necho "$@" >>/mnt/tried\\nexit 75\\n' >/mnt/agent
chmod 755 /mnt/agent
cat >/mnt/t.cf <<'END'
${CF}END
put() { printf 'Subject: x\\n\\nhello\\n' | sendmail -C /mnt/t.cf -f anna@a.test -i "$@"; }
clear() { rm -f /mnt/Q/*/*; : >/mnt/tried; }
now() { date +%s; }
sendmail -C /mnt/t.cf -bi >/dev/null
${WAITS.map(
  ([least, most, waited]) => `
for age in 0 60 110 130 230 250 300 1190 1210 1790 1810 2390 2410 3590 3601; do
  clear; put -ODeliveryMode=q x@far.test
  n=$(now); sed -i "s/^K.*/K$((n - age))/; s/^N.*/N2/; s/^T.*/T$((n - age - ${waited * 60}))/" /mnt/Q/mq1/qf*
  sendmail -C /mnt/t.cf -OMinQueueAge=${least}m ${most > 0 ? `-OMaxQueueAge=${most}m` : ""} -qf
  [ -s /mnt/tried ] && { echo "wait ${least} ${most} ${waited}: $age"; break; }
done`,
).join("\n")}
${ORDERS.map(
  (order) => `
clear
${QUEUED.map(
  ([host, priority, came, changed]) => `
put -ODeliveryMode=q x@${host}
f=$(grep -l x@${host} /mnt/Q/mq1/qf*); n=$(now)
sed -i "s/^P.*/P${priority}/; s/^T.*/T$((n - ${came * 60}))/" $f; touch -d @$((n - ${changed * 60})) $f`,
).join("\n")}
sendmail -C /mnt/t.cf -OQueueSortOrder=${order} -qf
echo "order ${order}: $(tr '\\n' ' ' </mnt/tried)"`,
).join("\n")}
${SPLITS.map(
  (to, number) => `
clear; put -ODeliveryMode=q ${to.join(" ")}
for f in /mnt/Q/*/qf*; do echo "split ${number}: $(basename $(dirname $f) | sed s/mq1/mqueue/) $(sed -n 's/^R[A-Z]*://p' $f | tr '\\n' ' ')"; done`,
).join("\n")}
${HELD.flatMap((host) =>
  [false, true].flatMap((hold) =>
    Object.keys(RUNS).map(
      (run) => `
clear; put -ODeliveryMode=i -OHoldExpensive=${hold} x@${host}
a=$(wc -l </mnt/tried); : >/mnt/tried
sendmail -C /mnt/t.cf -OHoldExpensive=${hold} ${run}
echo "held ${host} ${hold} ${run}: $a $(wc -l </mnt/tried)"`,
    ),
  ),
).join("\n")}
`;

peerDescribe("a genuine sendmail and we", ["sendmail"], () => {
  let said: readonly string[] = [];
  /** What it said after these words. */
  const answers = (words: string): readonly string[] =>
    said.filter((line) => line.startsWith(`${words}: `)).map((line) => line.slice(words.length + 2).trim());

  beforeAll(() => {
    const { stdout, stderr, status } = runInside("shell", SCRIPT, false);
    expect([status, stderr]).toEqual([0, ""]);
    said = stdout.split("\n");
  });

  test.each(WAITS)(
    "MinQueueAge=%dm MaxQueueAge=%dm, tried after %d minutes: the next try is at the same age",
    async (...row) => {
      const [least, most, waited] = row;
      const [age] = answers(`wait ${row.join(" ")}`);
      const queue = await SimulatedQueue.of({ cf: `O MinQueueAge=${least}m\nO MaxQueueAge=${most}m\n` });
      await queue.put("x", ["x@far.test"], { arrived: queue.clock.now() - waited * MINUTE, mode: "q" });
      await queue.runner.runOnce();
      // What the script found lies between the last age at which nothing was tried and this one.
      const before = [0, 60, 110, 130, 230, 250, 300, 1190, 1210, 1790, 1810, 2390, 2410, 3590].findLast(
        (each) => each < Number(age),
      );
      const tries: number[] = [];
      for (const seconds of before === undefined ? [Number(age)] : [before, Number(age)]) {
        queue.clock.advance(seconds * 1000 - (queue.clock.now() - started(queue)));
        queue.tried.length = 0;
        await queue.runner.runOnce();
        tries.push(queue.tried.length);
      }
      expect(tries).toEqual(before === undefined ? [1] : [0, 1]);
      await queue.stop();
    },
  );

  test.each(ORDERS)("QueueSortOrder=%s: the same order", async (order) => {
    const queue = await SimulatedQueue.of({ cf: `O QueueSortOrder=${order}\n` });
    for (const [host, priority, came, changed] of QUEUED) {
      const arrived = queue.clock.now() - came * MINUTE;
      const { id } = await queue.put(host, [`x@${host}`], { arrived, mode: "q" });
      const claim = queue.store.claim(id)!;
      queue.store.record(claim, { at: queue.clock.now() - changed * MINUTE, recipients: [0] });
      queue.store.settle(claim, { recipients: [], priority });
      queue.store.finish(claim);
    }
    // In the order in which attempts begin; each goes on at its own pace.
    const begun: string[] = [];
    await queue.runner.runOnce({}, ({ number, recipients }) => {
      begun[number - 1] = recipients.map(({ address }) => address).join(" ");
    });
    expect(begun.join(" ")).toBe(answers(`order ${order}`)[0]);
    await queue.stop();
  });

  test.each(SPLITS.map((to, number) => [to.join(" "), number] as const))(
    "%s: the same messages in the same groups",
    async (to, number) => {
      const queue = await SimulatedQueue.of({ cf: RULESET, groups: GROUPS });
      await queue.put("x", to.split(" "), { mode: "q" });
      const ours = queue.store
        .list()
        .map(({ group, envelope: { recipients } }) =>
          [group, ...recipients.filter(({ state }) => state === "todo").map(({ given }) => given)].join(" "),
        );
      expect(ours.toSorted()).toEqual(answers(`split ${number}`).toSorted());
      await queue.stop();
    },
  );

  test.each(
    HELD.flatMap((host) => [false, true].flatMap((hold) => Object.keys(RUNS).map((run) => [host, hold, run] as const))),
  )("%s, HoldExpensive=%s, %s: tried at once, and by the run", async (host, hold, run) => {
    const queue = await SimulatedQueue.of({ cf: `O HoldExpensive=${hold}\n` });
    const { id } = await queue.put("x", [`x@${host}`], { mode: "q" });
    await queue.runner.deliver(id);
    const atOnce = queue.tried.length;
    await queue.runner.runOnce(RUNS[run]);
    expect([`${atOnce} ${queue.tried.length - atOnce}`]).toEqual(answers(`held ${host} ${hold} ${run}`));
    await queue.stop();
  });
});

/** When the first run was. */
function started(queue: SimulatedQueue): number {
  return queue.clock.now() - queue.minute * MINUTE;
}
