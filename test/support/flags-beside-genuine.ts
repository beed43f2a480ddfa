/**
 * Rows of mailer flags, compared with a genuine sendmail: every message goes to the mailers of all rows, by a genuine sendmail
 * and by us, each in namespaces of its own, and what came out of each mailer must be the same.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runInside } from "./foreign-programs.ts";

/** A genuine sendmail knows 25 mailers at most; each row has two. */
const AT_ONCE = 10;

export interface FlagMessage {
  readonly sender: string;
  readonly text: string;
}

export interface FlagComparison {
  /** Where configurations, messages and results are kept: /genuine/NUMBER/* and /ours/NUMBER/*. */
  readonly folder: string;
  /** Of the table of flags. */
  readonly rows: number;
  readonly messages: readonly FlagMessage[];
  /** The .cf with the mailers of these rows. */
  readonly configuration: (rows: readonly number[]) => string;
  /** Local parts that lead to them. */
  readonly recipients: (rows: readonly number[]) => readonly string[];
  /** Shell lines: once, and before each message. Results are files below /mnt/out whose names begin with "r". */
  readonly before: string;
  readonly beforeEach: (rows: readonly number[]) => string;
}

type Kind = "genuine" | "ours";

function deliveries(kind: Kind, rows: readonly number[], { folder, messages, ...facts }: FlagComparison): string {
  const recipients = facts.recipients(rows).join(" ");
  return messages
    .map(
      ({ sender }, number) => `
rm -f /mnt/out/r*
${facts.beforeEach(rows)}
sendmail -C /mnt/t.cf -oi -f '${sender}' ${recipients} <${folder}/${number} >>/mnt/log 2>&1
${kind === "ours" ? "await 'mailq -C /mnt/t.cf | grep -q empty'" : ""}
mkdir -p ${folder}/${kind}/${number}
cp /mnt/out/r[0-9]* ${folder}/${kind}/${number}/`,
    )
    .join("\n");
}

function script(kind: Kind, groups: readonly (readonly number[])[], comparison: FlagComparison): string {
  const ours = `export RULEMAIL_HOME=/mnt/home
mkdir -p /mnt/home
sendmail -C /mnt/t.cf -bd -q1h >>/mnt/log 2>&1`;
  const end = "p=$(head -n 1 /mnt/pid); kill $p; await '! kill -0 $p'; rm -rf /mnt/home";
  const each = groups.map(
    (rows, group) => `
cp ${comparison.folder}/${group}.cf /mnt/t.cf
${kind === "ours" ? ours : "sendmail -C /mnt/t.cf -bi"}
${deliveries(kind, rows, comparison)}
${kind === "ours" ? end : ""}`,
  );
  return `
set -u
await() { for i in $(seq 300); do eval "$1" >/dev/null 2>&1 && return 0; sleep 0.1; done; echo "in vain: $1"; return 1; }
umask 022
mkdir -p /mnt/queue /mnt/out
chmod 700 /mnt/queue
: >/mnt/aliases
${comparison.before}
${each.join("\n")}
cat /mnt/log
`;
}

/** Has both deliver all messages to all rows. @throws with what they said, where one of them did not come to an end */
export function deliverByBoth(comparison: FlagComparison): void {
  const { folder, rows, messages, configuration } = comparison;
  const all = Array.from({ length: rows }, (_, row) => row);
  const groups: number[][] = [];
  while (all.length > 0) groups.push(all.splice(0, AT_ONCE));
  groups.forEach((group, number) => writeFileSync(join(folder, `${number}.cf`), configuration(group)));
  messages.forEach(({ text }, number) => writeFileSync(join(folder, String(number)), text, "latin1"));
  for (const kind of ["genuine", "ours"] as const) {
    mkdirSync(join(folder, kind));
    const { status, stdout, stderr } = runInside("shell", script(kind, groups, comparison), kind === "ours");
    if (status !== 0 || stdout.includes("in vain")) throw new Error(`${kind}: ${stdout}${stderr}`);
  }
}

/** Results of one message, named by `read`: name → what came out, with times and ids made alike. */
export function resultsOf(
  folder: string,
  kind: Kind,
  number: number,
  read: (file: string, text: string) => readonly [name: string, text: string],
): Readonly<Record<string, string>> {
  const place = join(folder, kind, String(number));
  const found = readdirSync(place).map((name) => {
    const [shown, text] = read(name, readFileSync(join(place, name), "latin1"));
    return [shown, withoutTimes(text)] as const;
  });
  return Object.fromEntries(found.toSorted(([one], [two]) => (one < two ? -1 : 1)));
}

/** Rows with different results, as JSON: empty lines and octets above 127 are what it is about. */
export function differencesOf(
  ours: Readonly<Record<string, string>>,
  genuine: Readonly<Record<string, string>>,
  isDecided: (row: string) => boolean,
): readonly { readonly row: string; readonly ours: string; readonly genuine: string }[] {
  return Object.keys(genuine)
    .filter((row) => ours[row] !== genuine[row] && !isDecided(row))
    .map((row) => ({ row, ours: JSON.stringify(ours[row]), genuine: JSON.stringify(genuine[row]) }));
}

function withoutTimes(text: string): string {
  return (
    text
      // A field with nothing in it: the original writes it, we do not.
      .replace(/^Full-Name: \r?\n/m, "")
      .replaceAll(/\d\d:\d\d:\d\d/g, "TIME")
      .replaceAll(/[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ TIME \d{4}/g, "NOW")
      .replaceAll(/[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d{4} TIME (?:GMT|\+0000|-0000|\+0000 \([A-Z]+\))/g, "DATE")
      .replaceAll(/<\d{12}\.\w+@/g, "<ID@")
  );
}
