/** Entry of test/oracle/sites: compiles, asks, compares, counts. See there for the options. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { parseArgs } from "node:util";
import { counted, plainLines } from "./compare.ts";
import { documented, missingRows } from "./documented.ts";
import { compilers, genuineLibrary, genuineRoot, home, programs } from "./programs.ts";
import { type Kind, type Question, questions, readFacts, type SiteFacts } from "./questions.ts";
import { randomSite } from "./random-sites.ts";
import { ask } from "./session.ts";
import { clearTables, makeTables } from "./tables.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    show: { type: "string", default: "3" },
    only: { type: "string" },
    kinds: { type: "string" },
    bare: { type: "boolean", default: false },
    tables: { type: "boolean", default: false },
    "no-samples": { type: "boolean", default: false },
    random: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
    write: { type: "string" },
  },
});

/** Text that lets a test type `$|`. */
const TRANSLATE = "\nSTranslate\nR$* $$| $*\t$: $1 $| $2\n";

interface Difference {
  readonly site: string;
  readonly kind: Kind;
  readonly question: string;
  readonly theirs: string;
  readonly ours: string;
}

interface Count {
  asked: number;
  equal: number;
  documented: number;
}

const counts = new Map<Kind, Count>();
const differences: Difference[] = [];
const wantedKinds = options.kinds?.split(",");

function compare(site: string, kind: Kind, question: string, theirs: string, ours: string): void {
  if (wantedKinds && !wantedKinds.includes(kind)) return;
  const count = counts.get(kind) ?? { asked: 0, equal: 0, documented: 0 };
  counts.set(kind, count);
  count.asked++;
  if (theirs === ours) count.equal++;
  else if (documented(kind, question, theirs, ours)) count.documented++;
  else differences.push({ site, kind, question, theirs, ours });
}

function sitesBelow(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(?:mc|cf)$/.test(name))
    .map((name) => join(path, name))
    .filter((name) => statSync(name, { throwIfNoEntry: false })?.isFile())
    .toSorted();
}

function sites(): string[] {
  const samples = [genuineLibrary, "/usr/share/sendmail/examples", "usr/share/doc", "etc/mail"];
  const folders = options["no-samples"]
    ? positionals
    : [
        ...samples.map((path) => (path.startsWith("/") ? path : join(genuineRoot, path))),
        join(home, "test/oracle/neighbours"),
        ...positionals,
      ];
  const all = [...folders.flatMap(sitesBelow), ...randomSites()];
  return all.filter((file) => !options.only || file.includes(options.only));
}

/** Files of so many seeds, for this run only. */
function randomSites(): string[] {
  const first = Number(options.seed);
  return Array.from({ length: Number(options.random) }, (_, index) => {
    const file = join("/mnt", `seed-${first + index}.mc`);
    writeFileSync(file, randomSite(first + index));
    return file;
  });
}

function compareSite(file: string): void {
  const site = file;
  if (extname(file) === ".cf") {
    const cf = readFileSync(file, "latin1");
    return sameFile(site, readFacts(cf), cf);
  }
  const theirs = compilers.genuine(file);
  const ours = compilers.ours(file);
  compare(site, "compile", "lines to be had", String(theirs.text !== ""), String(ours.text !== ""));
  if (ours.text === "") return console.log(`${site}: does not compile: ${ours.messages.slice(0, 600)}`);
  const [their, our] = [plainLines(theirs.text), plainLines(ours.text)];
  for (const letter of "HPTXQE") {
    compare(site, "line", `lines ${letter}`, linesOf(letter, their), linesOf(letter, our));
  }
  const facts = readFacts(theirs.text);
  const both = new Set([...facts.classes].filter((name) => name.length === 1 || ours.text.includes(`C${name}`)));
  const known = { ...facts, classes: [...both] };
  twoFiles(site, known, theirs.text, ours.text);
  sameFile(site, facts, theirs.text);
}

function linesOf(letter: string, lines: readonly string[]): string {
  const found = lines.filter((line) => line.startsWith(letter));
  // Trusted users are a set.
  return (letter === "T" ? found.toSorted() : found).join("\n");
}

function isOption(line: string): boolean {
  return line.startsWith("setoption ");
}

function store(name: string, cf: string): string {
  const file = join("/mnt", `${name}.cf`);
  writeFileSync(file, cf + TRANSLATE, "latin1");
  return file;
}

const command = (who: "genuine" | "ours", file: string): string[] => [...programs[who], "-bt", "-d37.1", "-C", file];

/** Their program with what their library made, ours with what ours made: results must be equal. */
function twoFiles(site: string, facts: SiteFacts, theirs: string, ours: string): void {
  const files = { genuine: store("theirs", theirs), ours: store("ours", ours) };
  for (const tables of tableModes()) {
    prepare(tables, theirs);
    const asked = questions(facts);
    const typed = asked.map((question) => question.typed);
    const one = ask(command("genuine", files.genuine), typed);
    const two = ask(command("ours", files.ours), typed);
    compareStart(site, tables, one.start, two.start, true);
    if (one.failure || two.failure) compare(site, "start", `session${tables}`, one.failure ?? "", two.failure ?? "");
    asked.forEach((question, index) => {
      const mode = headerMode(asked, index);
      const [a, b] = [one.answers[index], two.answers[index]];
      if (a && b)
        compare(
          site,
          question.kind,
          `${question.typed.join(" ; ")}${mode}${tables}`,
          counted(question.kind, a),
          counted(question.kind, b),
        );
    });
  }
}

/** Both programs with the same file: every printed line must be equal. */
function sameFile(site: string, facts: SiteFacts, cf: string): void {
  const file = store("theirs", cf);
  for (const tables of tableModes()) {
    prepare(tables, cf);
    const asked = questions(facts);
    const typed = asked.map((question) => question.typed);
    const one = ask(command("genuine", file), typed);
    const two = ask(command("ours", file), typed);
    compareStart(site, `${tables} (same .cf)`, one.start, two.start, false);
    if (one.failure || two.failure)
      compare(site, "start", `session${tables} (same .cf)`, one.failure ?? "", two.failure ?? "");
    asked.forEach((question, index) => {
      const [a, b] = [one.answers[index], two.answers[index]];
      if (!a || !b) return;
      const whole = question.kind === "class" ? counted("class", a) : a.join("\n");
      const ours = question.kind === "class" ? counted("class", b) : b.join("\n");
      compare(
        site,
        question.kind === "class" ? "class" : "trace",
        `${question.typed.join(" ; ")}${headerMode(asked, index)}${tables}`,
        whole,
        ours,
      );
    });
  }
}

function compareStart(
  site: string,
  tables: string,
  one: readonly string[],
  two: readonly string[],
  twoFilesUsed: boolean,
): void {
  const [a, b] = [one.filter(isOption), two.filter(isOption)];
  if (twoFilesUsed && tables === "") {
    const all = new Set([...a, ...b]);
    for (const line of all) compare(site, "option", line, String(a.includes(line)), String(b.includes(line)));
  }
  const rest = (lines: readonly string[]): string =>
    counted(
      "start",
      lines.filter((line) => !isOption(line)),
    );
  compare(site, "start", `messages${tables}`, rest(one), rest(two));
}

/** /try answers depend on the flags that were set last. */
function headerMode(asked: readonly Question[], index: number): string {
  if (!asked[index].typed[0].startsWith("/try ")) return "";
  const set = asked.slice(0, index).findLast(({ typed }) => typed[0].startsWith("/tryflags"));
  return set ? ` [${set.typed[0].slice(10)}]` : "";
}

function tableModes(): string[] {
  return options.bare ? [""] : options.tables ? [" (tables)"] : ["", " (tables)"];
}

function prepare(tables: string, cf: string): void {
  if (tables === "") clearTables();
  else makeTables(cf);
}

function report(all: readonly string[]): number {
  const show = Number(options.show);
  const shown = new Map<string, number>();
  for (const { site, kind, question, theirs, ours } of differences) {
    const key = `${site} ${kind}`;
    const before = shown.get(key) ?? 0;
    shown.set(key, before + 1);
    if (before >= show) continue;
    console.log(`\n${site}: ${kind}: ${question}`);
    for (const [sign, text, other] of [
      ["-", theirs, ours],
      ["+", ours, theirs],
    ] as const) {
      const lines = new Set(other.split("\n"));
      const different = text.split("\n").filter((line) => !lines.has(line));
      for (const line of (different.length > 0 ? different : text.split("\n")).slice(0, 8))
        console.log(`  ${sign} ${line}`);
    }
  }
  console.log("");
  const total: Count = { asked: 0, equal: 0, documented: 0 };
  for (const [kind, count] of counts) {
    for (const key of ["asked", "equal", "documented"] as const) total[key] += count[key];
    console.log(
      `${kind.padEnd(10)} ${String(count.asked).padStart(7)} asked ${String(count.equal).padStart(7)} equal ${String(count.documented).padStart(5)} documented ${String(count.asked - count.equal - count.documented).padStart(5)} different`,
    );
  }
  const bad = new Map<string, number>();
  for (const { site } of differences) bad.set(site, (bad.get(site) ?? 0) + 1);
  for (const [site, number] of bad) console.log(`${String(number).padStart(6)} in ${basename(site)}`);
  console.log(
    `${all.length} configurations: ${total.equal} of ${total.asked} answers equal, ${total.documented} documented, ${differences.length} different`,
  );
  const rows = missingRows();
  for (const row of rows) console.log(`docs/compatibility.md has no row that begins with: ${row}`);
  if (options.write) writeFileSync(options.write, JSON.stringify(differences, null, 1));
  return differences.length > 0 || rows.length > 0 ? 1 : 0;
}

mkdirSync("/etc/mail", { recursive: true });
const all = sites();
for (const file of all) {
  process.stderr.write(`${file}\n`);
  compareSite(file);
}
process.exitCode = report(all);
