/**
 * mail.local beside the genuine one: exit status, words, and what is in which mailbox, whose it is and who may read it. Its LMTP
 * dialogue: companions.test.ts.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

interface Row {
  readonly words: string;
  /** Done before, as root. */
  readonly before?: string;
  /** What we answer otherwise on purpose: lines instead of lines; "": none. */
  readonly ours?: Readonly<Record<string, string>>;
}

/** Whoever may put it right is not the sender: the mail waits. */
const waits = (line: string, ours: string): Row["ours"] => ({ "status 69": "status 75", [line]: ours });

const ROWS: readonly Row[] = [
  { words: "-f x@b.test joe" },
  { words: "-d -r x@b.test joe ann" },
  { words: "-7 joe nosuch" },
  { words: "nosuch joe" },
  { words: "-b -D pw joe" },
  { words: "-h mbox joe" },
  { words: "joe@x.test JOE joe+d ../joe" },
  { words: "-D other joe" },
  { words: "-f a -r b joe", ours: usage() },
  { words: "", ours: usage() },
  { words: "-z joe", ours: usage() },
  { words: "-f", ours: usage() },
  { words: "joe", before: "printf 'old\\n\\n' >$m/joe; chown joe $m/joe; chmod 644 $m/joe" },
  {
    words: "joe ann",
    before: "ln -s /mnt/joe/elsewhere $m/joe",
    ours: waits(
      "mail.local: /var/mail/joe: irregular file",
      "mail.local: /var/mail/joe: Too many levels of symbolic links",
    ),
  },
  {
    words: "joe",
    before: ": >$m/joe; chown ann $m/joe",
    // What another user lets nobody read shows less of why.
    ours: waits("mail.local: /var/mail/joe: wrong ownership (2002)", "mail.local: /var/mail/joe: Permission denied"),
  },
  {
    words: "joe",
    before: "mkfifo $m/joe",
    ours: waits("mail.local: /var/mail/joe: irregular file", "mail.local: /var/mail/joe: Permission denied"),
  },
];

function usage(): Row["ours"] {
  const theirs = "mail.local: usage: mail.local [-7] [-b] [-d] [-l] [-f from|-r from] [-h filename] user ...";
  const line =
    "mail.local: usage: mail.local [-7] [-b] [-d] [-D mbdb] [-l] [-f from|-r from] [-h filename] [-n] [-p path] user ...";
  return { [theirs]: line };
}

const PREPARE = `
umask 022
for user in joe:2001 ann:2002; do
  echo "\${user%:*}:x:\${user#*:}:\${user#*:}::/mnt/\${user%:*}:/bin/sh" >>/etc/passwd
  mkdir /mnt/\${user%:*}; chown \${user#*:}:\${user#*:} /mnt/\${user%:*}
done
m=/var/mail
chmod 1777 $m
`;

function callOf({ words, before = "" }: Row, program: string): string {
  return `
rm -rf $m/* /mnt/joe/*
${before}
echo "== "
timeout 20 ${program} ${words} </mnt/message 2>&1
echo "status $?"
for f in $m/* /mnt/joe/*; do
  if [ -f "$f" ] && [ ! -L "$f" ]; then stat -c '%n %U %a' "$f"; cat "$f"; fi
done
`;
}

let folder: string;

function ask(kind: "genuine" | "ours"): string[][] {
  const program = kind === "ours" ? "mail.local" : "/usr/libexec/sendmail/mail.local";
  const message = "Subject: x\\n\\nbody\\n.\\nlast\\n";
  const script = [PREPARE, `printf '${message}' >/mnt/message`, ...ROWS.map((row) => callOf(row, program))];
  writeFileSync(join(folder, "script"), script.join("\n"));
  const { stdout, stderr } = runInside("shell", `. ${folder}/script`, kind === "ours");
  const parts = stdout.split("== \n").slice(1);
  if (parts.length !== ROWS.length) throw new Error(`${kind}: ${stdout}${stderr}`);
  return parts.map((part) =>
    part
      .replaceAll(/^Content-Length: \d+\n/gm, "") // Debian's
      .replaceAll(/^(From \S+) .*/gm, "$1 DATE")
      .replaceAll("/usr/libexec/sendmail/", "")
      .trimEnd()
      .split("\n"),
  );
}

peerDescribe("mail.local", ["sendmail", "root"], () => {
  let genuine: string[][];
  let ours: string[][];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mail-local-"));
    genuine = ask("genuine");
    ours = ask("ours");
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(ROWS.map((row, number) => [`${number}: mail.local ${row.words}`, row, number] as const))(
    "%s",
    (_name, { ours: instead = {} }, number) => {
      expect(ours[number]).toEqual(genuine[number].map((line) => instead[line] ?? line));
    },
  );
});
