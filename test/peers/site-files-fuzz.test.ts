/**
 * Random site files compiled with this library and with the original's: the options that they set, the mailers, and what is
 * decided about addresses must be the same. More of them: npm run fuzz, with a genuine sendmail at hand.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "@jest/globals";
import { fuzz } from "../support/fuzz.ts";
import { folderForTables, runInside } from "../support/foreign-programs.ts";
import { peerTest } from "../support/peers.ts";
import { randomSite, siteFiles } from "../support/random-sites.ts";

const SITES = 40;
const PATIENCE_MS = 300_000;

const ADDRESSES =
  "joe joe@mail.example.test u@remote.test joe+x@mail.example.test u@[192.0.2.5] abc!u foo!bar!u uuh!u u@bithost.bitnet " +
  "x::y u%remote.test@mail.example.test root luser ann@gen.test u@virt.test info@virt.test u@tab.test u@a.sub.test u@loc.test " +
  "u@err.test old@old.test u@x.md.test u@remote.test.REDIRECT u@lr0.test u@lnc.test u@bestmx.test u@ld.test u@fax.fax u@host " +
  "bob @remote.test:u@other.test uu3!u g.USENET u@POP u@file.example.test <>";
const TRIED =
  "joe joe@mail.example.test u@remote.test abc!u u@bithost.bitnet ann@gen.test u@x.md.test root u@lr1.test <>";
const CHECKED = "u@remote.test joe@mail.example.test u@x.rd.test u@relay.test u%remote.test@mail.example.test abc!u";

const QUESTIONS = [
  ..."=M $=w $=R $=M $=N $=E $=L $=G $={VirtHost} $={Canonify} $=P $=B $j $n $X $k".split(" "),
  ...ADDRESSES.split(" ").map((each) => `/parse ${each}`),
  ...["HS", "ES", "HR", "ER"].flatMap((flags) => [
    `/tryflags ${flags}`,
    ...["local", "esmtp", "relay"].flatMap((mailer) => TRIED.split(" ").map((each) => `/try ${mailer} ${each}`)),
  ]),
  ".D{client_addr}192.0.2.66",
  ".D{client_name}stranger.test",
  ".D{client_resolve}OK",
  ".Dr smtp",
  ".Dsbogus.test",
  ".Dffrom@remote.test",
  ...CHECKED.split(" ").map((each) => `check_rcpt ${each}`),
  ...["u@remote.test", "x@spammer.test", "u@nosuch.test", "u", "<>"].map((each) => `check_mail ${each}`),
  "5 nobody",
  "5 joe+x",
  "5 luser",
];

let folder = "";
beforeEach(() => {
  folder = folderForTables(".random-sites-");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SCRIPT = `
cf=/usr/share/sendmail/cf
for site in "$1"/*/; do
  cd "$site" || exit 72
  m4 -D_CF_DIR_=$cf/ $cf/m4/cf.m4 site.mc >theirs.cf 2>theirs.said
  /usr/sbin/sendmail -bt -d37.1 -C "$site"theirs.cf <"$1/questions" >theirs 2>&1
  "$2/bin/rulemail" mc -k site.mc >ours.cf 2>ours.said
  "$2/bin/sendmail" -bt -d37.1 -C "$site"ours.cf <"$1/questions" >ours 2>&1
done
true`;

/** What a program said to each question: without traces, in an order of its own, and with the names of rulesets left out. */
function answers(file: string): Map<string, string> {
  const found = new Map<string, string>();
  const parts = readFileSync(file, "latin1").split(/^(?:> )*Unknown "\/" command \/@@.*\n/m);
  const [start, ...first] = parts[0].split("Enter <ruleset> <address>\n");
  found.set(
    "options",
    start
      .split("\n")
      .filter((line) => line.startsWith("setoption "))
      .toSorted()
      .join("\n"),
  );
  for (const [index, question] of QUESTIONS.entries()) {
    const lines = (index === 0 ? first.join("") : (parts[index] ?? ""))
      .split("\n")
      .map((line) => line.replace(/^(?:> )+/, "").trim());
    found.set(
      `${index} ${question}`,
      answerTo(
        question,
        lines.filter((line) => line !== ""),
      ),
    );
  }
  return found;
}

function answerTo(question: string, lines: readonly string[]): string {
  if (question === "=M")
    return lines
      .map((line) => line.replace(/^mailer \d+| S=\S* R=\S*/g, ""))
      .toSorted()
      .join("\n");
  if (question.startsWith("$="))
    return lines
      .filter((line) => line !== "[localhost]")
      .toSorted()
      .join("\n");
  const traced = lines.filter((line) => /\b(?:input|returns):/.test(line));
  const last = traced.at(-1)?.replace(/^.*returns: */, "") ?? "";
  if (question.startsWith("check_")) return /^\$# (?:error|discard)/.test(last) ? last : "accepted";
  if (/^[5]/.test(question)) return last;
  return lines.filter((line) => !traced.includes(line) && !line.startsWith("== Ruleset")).join("\n");
}

peerTest(
  "random sites mean the same",
  ["sendmail", "m4"],
  async () => {
    const sites: string[] = [];
    await fuzz(SITES, (random) => void sites.push(randomSite(random)));
    const text = QUESTIONS.map((question, index) => `${question}\n/@@${index}\n`).join("");
    writeFileSync(join(folder, "questions"), text);
    for (const [index, site] of sites.entries()) {
      const place = join(folder, String(index).padStart(5, "0"));
      mkdirSync(place);
      writeFileSync(join(place, "site.mc"), site.replaceAll("@DIR@", place));
      for (const [name, content] of Object.entries(siteFiles)) writeFileSync(join(place, name), content);
    }
    const script = `set -- ${JSON.stringify(folder)} ${JSON.stringify(join(import.meta.dirname, "../.."))}\n${SCRIPT}`;
    expect(runInside("shell", script)).toMatchObject({ status: 0 });
    for (const [index, site] of sites.entries()) {
      const place = join(folder, String(index).padStart(5, "0"));
      const [theirs, ours] = [answers(join(place, "theirs")), answers(join(place, "ours"))];
      expect(theirs.get("0 =M")).toMatch(/\(prog\)/);
      expect(theirs.get("options")).toMatch(/setoption /);
      const apart = [...theirs.keys()].filter((key) => theirs.get(key) !== ours.get(key));
      const shown = apart.map((key) => `${key}\n  theirs: ${theirs.get(key)}\n  ours:   ${ours.get(key)}`);
      if (shown.length > 0)
        throw new Error(`the site of FUZZ_SEED + ${index}:\n${site}\n${shown.slice(0, 10).join("\n")}`);
    }
  },
  PATIENCE_MS,
);
