/**
 * The rows of test/golden/safe-files.txt about aliases, .forward files and lists are what a genuine sendmail does as root: each
 * file is made again, with its owner, mode, folder, links and name of DontBlameSendmail, and asked for.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerTest } from "../support/peers.ts";

const LIBRARY = "/usr/share/sendmail/cf/";
const MC = `OSTYPE(\`linux')dnl
define(\`confDONT_BLAME_SENDMAIL', \`safe')dnl
define(\`confALIAS_WAIT', \`0')dnl
define(\`ALIAS_FILE', \`/mnt/place/file')dnl
define(\`confFORWARD_PATH', \`$z/.forward')dnl
define(\`QUEUE_DIR', \`/mnt/queue')dnl
FEATURE(\`nocanonify')dnl
MAILER(\`local')dnl
`;
const CONTENT = { alias: "x: ann", forward: "ann", include: "ann" } as const;
const JOE = 52001;
const OTHER = 52002;

type Use = keyof typeof CONTENT;

interface Row {
  readonly text: string;
  readonly use: Use;
  readonly words: readonly string[];
  readonly answer: string;
}

function rowsOfTable(): Row[] {
  return readFileSync(join(import.meta.dirname, "../golden/safe-files.txt"), "utf8")
    .split("\n")
    .filter((line) => /^(?:alias|forward|include) /.test(line))
    .map((text) => {
      const words = text.split(" ");
      return { text, use: words[0] as Use, words, answer: words.slice(6).join(" ") };
    });
}

/** Makes the file of a row and asks for it. */
function askFor({ use, words }: Row, number: number): string {
  const [, owner, mode, folder, link, names] = words;
  const ofUser = use !== "alias";
  const uid = owner === "own" ? (ofUser ? JOE : 0) : ofUser ? OTHER : JOE;
  const [place, elsewhere] = ["/mnt/place", "/mnt/elsewhere"];
  const path = `${place}/file`;
  const real = link.startsWith("sym") ? `${elsewhere}/file` : link === "hard" ? `${place}/original` : path;
  const name = names === "-" ? "safe" : names;
  const question = { alias: "-bi", forward: "-bv joe", include: "-bv list" }[use];
  return [
    `mkdir ${place} ${elsewhere}; echo '${CONTENT[use]}' >${real}; chown ${uid}:${uid} ${real}; chmod ${mode} ${real}`,
    link.startsWith("sym") ? `ln -s ${real} ${path}` : link === "hard" ? `ln ${real} ${path}` : "",
    link === "sym" ? `chown -h ${uid}:${uid} ${path}` : "",
    `chmod ${folder} ${place}; echo "== ${number}"`,
    `sed 's/^O DontBlameSendmail=.*/O DontBlameSendmail=${name}/' /mnt/${use}.cf >/mnt/q.cf`,
    `timeout 20 sendmail -C /mnt/q.cf ${question} 2>&1 </dev/null`,
    `rm -rf ${place} ${elsewhere}`,
  ].join("\n");
}

function answerOf(use: Use, said: string): string {
  if (use === "alias") {
    const text = /cannot open \S+: ([^\n]*)/.exec(said)?.[1];
    // In an unsafe folder the text is read, and no database is made of it.
    const folder = /Cannot create database/.test(said)
      ? /^WARNING: (\w+ writable directory)/m.exec(said)?.[1]
      : undefined;
    return text ?? folder ?? "taken";
  }
  if (/^ann\.\.\. deliverable/m.test(said)) return "taken";
  return /Cannot open \S+: ([^\n]*)/.exec(said)?.[1] ?? "refused";
}

peerTest(
  "which aliases, .forward files and lists a genuine sendmail trusts is as it was recorded",
  ["sendmail", "m4", "root"],
  () => {
    const rows = rowsOfTable();
    expect(rows.length).toBeGreaterThan(300);
    const folder = mkdtempSync(join(tmpdir(), "safe-files-"));
    try {
      writeFileSync(join(folder, "q.mc"), MC);
      const script = `umask 022
mkdir -m 700 /mnt/queue; mkdir /mnt/joe; chown ${JOE} /mnt/joe
echo 'list :include:/mnt/place/file' >/mnt/lists
echo 'joe:x:${JOE}:${JOE}:Joe:/mnt/joe:/bin/sh' >>/etc/passwd
echo 'ann:x:52003:52003:Ann:/nonexistent:/bin/sh' >>/etc/passwd
m4 -D_CF_DIR_=${LIBRARY} ${LIBRARY}m4/cf.m4 ${folder}/q.mc >/mnt/alias.cf
sed 's#^O AliasFile=.*#O AliasFile=text:-k0 -v1 /mnt/lists#' /mnt/alias.cf >/mnt/include.cf
sed 's#^O ForwardPath=.*#O ForwardPath=/mnt/place/file#' /mnt/include.cf >/mnt/forward.cf
PATH=/usr/libexec/sendmail:$PATH
${rows.map(askFor).join("\n")}
`;
      writeFileSync(join(folder, "script"), script);
      const { stdout } = runInside("shell", `. ${folder}/script`, false);
      const said = new Map(
        stdout.split("== ").map((part) => [Number.parseInt(part, 10), part.slice(part.indexOf("\n"))] as const),
      );
      const wrong = rows.flatMap(({ text, use, answer }, number) => {
        const found = answerOf(use, said.get(number) ?? "(not asked)");
        return found === answer ? [] : [`${text}, now: ${found}`];
      });
      expect(wrong).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  300_000,
);
