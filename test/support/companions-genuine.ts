/** Asks the genuine programs what the rows of test/golden/companions ask: in one namespace, one after the other. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CompanionAnswer, type CompanionCase, programs } from "../golden/companions/cases.ts";
import { runInside } from "./foreign-programs.ts";

const HOME = "/mnt/joe";
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Where the folder of a program lies: sendmail wants no folder above it that others may write. */
function folderOf({ program }: CompanionCase): string {
  return program === "vacation" ? HOME : "/mnt/maps";
}

function commandOf({ program }: CompanionCase): string {
  if (program === "rmail") return "/usr/sbin/rmail";
  if (program === "mail.local -l") return "/usr/libexec/sendmail/mail.local -l";
  const path = `/usr/libexec/sendmail/${program === "vacation" ? "vacation.sendmail" : program}`;
  return program === "vacation" ? `setpriv --reuid 2001 --regid 2001 --clear-groups ${path}` : path;
}

const PREPARE = `
umask 022
echo 'joe:x:2001:2001:Joe:${HOME}:/bin/sh' >>/etc/passwd
mkdir -p ${HOME} /mnt/maps /etc/mail/smrsh
chown 2001:2001 ${HOME}
chmod 1777 /var/mail
printf '#!/bin/sh\\nprintf "%%s\\\\n" "$@" >/mnt/out/words\\ncat >/mnt/out/message\\n' >/mnt/recorder
chmod 755 /mnt/recorder
mkdir -m 777 /mnt/out
mount --bind /mnt/recorder /usr/libexec/sendmail/sendmail
`;

function makePrograms(): string {
  return Object.entries(programs)
    .map(([name, text]) => {
      const path = `/etc/mail/smrsh/${name}`;
      if (name.endsWith("/")) return `mkdir ${path}`;
      if (text.startsWith("-> ")) return `ln -s ${text.slice(3)} ${path}`;
      return `printf %s ${quoted(text)} >${path}; chmod ${text.startsWith("#!") ? 755 : 644} ${path}`;
    })
    .join("\n");
}

function callOf(each: CompanionCase, number: number, folder: string): string {
  const here = join(folder, String(number));
  const there = folderOf(each);
  mkdirSync(here, { recursive: true });
  writeFileSync(join(here, "input"), each.input, "latin1");
  const files = Object.entries(each.files ?? {}).map(([name, text]) =>
    text === null
      ? `rm -f ${there}/${name}`
      : `printf %s ${quoted(text.replaceAll("FOLDER", there))} >${there}/${name}`,
  );
  const words = each.words.map((word) => quoted(word.replaceAll("FOLDER", there))).join(" ");
  // vacation does not wait for sendmail.
  return `
${files.join("\n")}
cd ${there}
timeout 10 ${commandOf(each)} ${words} <${here}/input >${here}/output 2>${here}/errors
echo $? >${here}/status
${each.program === "vacation" ? "wait_for_sendmail" : ""}
mv /mnt/out/words /mnt/out/message ${here}/ 2>/dev/null
rm -rf /var/mail/joe
`;
}

/** It is no child of this shell: it is seen while it is there. */
const WAIT = `
wait_for_sendmail() {
  for i in 1 2 3 4 5 6 7 8 9 10; do
    pgrep -f 'vacation[.]sendmail|sendmail -oi' >/dev/null || return 0
    sleep 0.01
  done
}
`;

/** @returns answers in the order of the cases */
export function askGenuineCompanions(cases: readonly CompanionCase[]): CompanionAnswer[] {
  const folder = mkdtempSync(join(tmpdir(), "companions-"));
  try {
    const calls = cases.map((each, number) => callOf(each, number, folder));
    writeFileSync(join(folder, "script"), [PREPARE, WAIT, makePrograms(), ...calls].join("\n"), "latin1");
    const { status, stderr } = runInside("shell", `. ${folder}/script`, false);
    if (status !== 0) throw new Error(`the genuine programs could not be asked: ${stderr}`);
    return cases.map((each, number) => answerOf(each, join(folder, String(number))));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function answerOf(each: CompanionCase, here: string): CompanionAnswer {
  const read = (name: string): string | undefined => {
    try {
      return readFileSync(join(here, name), "latin1");
    } catch {
      return undefined;
    }
  };
  const plain = (text: string | undefined): string =>
    (text ?? "")
      .replaceAll(folderOf(each), "FOLDER")
      .replaceAll(/\/usr\/(?:libexec\/sendmail|sbin)\/(?=[a-z])/g, "")
      .replaceAll("uid 2001:", "uid UID:")
      .replaceAll(/[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4}$/gm, "DATE");
  const words = read("words");
  return {
    status: Number(read("status")),
    output: plain(read("output")),
    errors: plain(read("errors")),
    ...(words === undefined
      ? {}
      : { submitted: { words: words.split("\n").slice(0, -1), message: read("message") ?? "" } }),
  };
}
