/**
 * Queues that change hands: a genuine sendmail lists and delivers what we wrote, and we take over what it wrote, from several
 * folders with folders for each kind of file.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openQueue } from "../../src/queue/open-queue.ts";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";
import { bodyOf, lines, put, readAll, recipient } from "../support/queue-samples.ts";

/** Recipients `keep@...` go to a file, `later@...` to a port where nobody listens. */
const configuration = (queue: string): string => `V10/Berkeley
Cwmail.example.test
DnMAILER-DAEMON
Djmail.example.test
O QueueDirectory=${queue}
O AliasFile=/mnt/aliases
O DefaultUser=8:8
O OperatorChars=.:%@!^/[]+
O PidFile=/mnt/pid
O TempFileMode=0600
O DontBlameSendmail=safe
Troot daemon
Scanonify=3
Sparse=0
Rkeep $*	$#keep $: box
Rlater $*	$#later $@ [127.0.0.1] $: later $1
R$*	$#local $: $1
Mlocal, P=/bin/false, F=lsu, A=false $u
Mprog, P=/bin/sh, F=lsDFMoqeu9, D=/, A=sh -c $u
Mkeep, P=/usr/bin/tee, F=lsu, A=tee -a /mnt/out/$u
Mlater, P=[IPC], F=mDFMuX, A=TCP $h 9
`;

const prepare = (queue: string): string => `set -u
umask 022
mkdir -p /mnt/out; chmod 777 /mnt/out; touch /mnt/out/box; chmod 666 /mnt/out/box
: >/mnt/aliases
cat >/mnt/t.cf <<'END'
${configuration(queue)}END
`;

let folder: string;

peerDescribe("queue files", ["sendmail", "root"], () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "queue-files-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("a genuine sendmail lists what we wrote, delivers it, and what it left undone we read again", async () => {
    const directory = join(folder, "ours");
    // Nothing stays in the journal.
    const { store } = await readAll(openQueue({ directory, inlineLimit: -1 }));
    const headers = [{ name: "Subject", value: " Gr\xfc\xdfe \x80\xff" }];
    const to = (...given: readonly string[]) => ({
      arrived: Date.now(),
      headers,
      recipients: given.map((each) => recipient(each)),
    });
    const plain = await put(store, lines(3, "plain"), to("keep@b.test"));
    const half = await put(store, lines(3, "half"), to("keep@b.test", "later@b.test"));
    const held = await put(store, lines(3, "held"), to("keep@b.test"), { hold: "odd, isn't it" });
    await store.close();
    const script = `${prepare("/mnt/q")}
cp -a ${directory} /mnt/q; chown -R root:root /mnt/q; chmod 700 /mnt/q
/usr/libexec/sendmail/sendmail -C /mnt/t.cf -bp
echo =====; /usr/libexec/sendmail/sendmail -C /mnt/t.cf -bp -qQ
/usr/libexec/sendmail/sendmail -C /mnt/t.cf -qf >/mnt/said 2>&1
echo =====; cat /mnt/out/box
echo =====; ls /mnt/q | sort
rm -rf ${directory}; cp -a /mnt/q ${directory}`;
    const { stdout, stderr, status } = runInside("shell", script, false);
    expect([status, stderr]).toEqual([0, ""]);
    const [listed, quarantined, box, names] = stdout.split("=====\n");
    expect(listed).toMatch(/\(2 requests\)/);
    for (const id of [plain.id, half.id]) expect(listed).toContain(id);
    expect(quarantined).toMatch(new RegExp(`${held.id}[^]*QUARANTINE: odd, isn't it`));
    for (const word of ["plain", "half"]) expect(box).toContain(lines(3, word).replaceAll("\r\n", "\n"));
    expect(box.match(/^Subject: /gm)).toHaveLength(2);
    const left = names.split("\n").filter((name) => /^[qhdQ]f/.test(name));
    expect(left).toEqual([`df${half.id}`, `df${held.id}`, `hf${held.id}`, `qf${half.id}`].toSorted());
    const again = await readAll(openQueue({ directory }));
    expect(again.reports).toEqual([]);
    const found = new Map(again.recovered.map((entry) => [entry.id, entry]));
    expect(found.get(half.id)?.envelope.recipients.map(({ given }) => given)).toEqual(["later@b.test"]);
    expect(found.get(half.id)?.attempts).toBe(1);
    expect(await bodyOf(again.store, half.id)).toBe(lines(3, "half"));
    expect(found.get(held.id)?.hold).toBe("odd, isn't it");
    await again.store.close();
  }, 120_000);

  test("we take over what it wrote, from all of its folders", async () => {
    const directory = join(folder, "theirs");
    const script = `${prepare(`/mnt/q/d*`)}
mkdir -p /mnt/q/d1/qf /mnt/q/d1/df /mnt/q/d1/xf /mnt/q/d2 /mnt/q/d3/qf; chmod -R 700 /mnt/q
for i in 1 2 3 4 5 6 7 8; do
  printf 'Subject: t%s\\nFrom: ann@a.test\\n\\nbody %s\\n\\374ml\\n.dot\\n' $i $i |
    /usr/libexec/sendmail/sendmail -C /mnt/t.cf -odq -oi -f ann@a.test -B8BITMIME -N success,delay -R hdrs -V env$i keep@b.test
done
printf 'Subject: seven\\n\\nbits\\n' | /usr/libexec/sendmail/sendmail -C /mnt/t.cf -odq -B7BIT -f ann@a.test keep@b.test
cp -a /mnt/q ${directory}`;
    const { status, stderr } = runInside("shell", script, false);
    expect([status, stderr]).toEqual([0, ""]);
    const names = readdirSync(directory, { recursive: true, encoding: "utf8" });
    const written = names.flatMap((name) => /qf([0-9A-Za-z]{6,})$/.exec(name)?.[1] ?? []).toSorted();
    expect(written).toHaveLength(9);
    const groups = [{ group: "mqueue", path: join(directory, "d*") }];
    const { store, recovered, reports } = await readAll(openQueue({ directory, groups }));
    expect(reports).toEqual([]);
    expect(recovered.map(({ id }) => id).toSorted()).toEqual(written);
    for (const { id } of recovered) {
      const { entry } = (await store.inspect(id))!;
      const { headers, recipients, sender, bodyType, envid, ret } = entry.envelope;
      const subject = headers.find(({ name }) => name === "Subject")!.value.trim();
      expect(sender).toBe("ann@a.test");
      expect(recipients.map(({ given }) => given)).toEqual(["keep@b.test"]);
      if (subject === "seven") {
        expect(bodyType).toBe("7BIT");
        continue;
      }
      const number = subject.slice(1);
      expect({ bodyType, envid, ret }).toEqual({ bodyType: "8BITMIME", envid: `env${number}`, ret: "HDRS" });
      expect(recipients[0].notify).toEqual(["SUCCESS", "DELAY"]);
      expect(await bodyOf(store, id)).toBe(`body ${number}\r\n\xfcml\r\n.dot\r\n`);
    }
    await store.close();
  }, 120_000);
});
