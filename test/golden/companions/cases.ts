/**
 * Calls of the programs beside sendmail, in their order: each program has a folder of its own, and what one call leaves there
 * the next one finds. They go to the genuine programs (test/peers/companions.test.ts, which records their answers) and to us
 * (test/unit/cli/companions.test.ts).
 */
export type Companion =
  | "smrsh"
  | "rmail"
  | "vacation"
  | "makemap"
  | "editmap"
  | "praliases"
  | "mailstats"
  | "mail.local -l";

export interface CompanionCase {
  readonly program: Companion;
  /** FOLDER in a word is the program's folder. */
  readonly words: readonly string[];
  /** Standard input, latin1. */
  readonly input: string;
  /** Files that are written before, below the folder; null: removed. */
  readonly files?: Readonly<Record<string, string | null>>;
  /** What we answer otherwise on purpose (docs/compatibility.md); `submitted: undefined`: nothing is sent. */
  readonly ours?: Partial<CompanionAnswer>;
}

export interface CompanionAnswer {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
  /** How sendmail was called, and what it was given. */
  readonly submitted?: { readonly words: readonly string[]; readonly message: string };
}

export const cases: CompanionCase[] = [];

function add(
  program: Companion,
  words: string | readonly string[],
  input = "",
  { files, ours }: Pick<CompanionCase, "files" | "ours"> = {},
): void {
  const given = typeof words === "string" ? words.split(" ").filter(Boolean) : words;
  cases.push({ program, words: given, input, ...(files && { files }), ...(ours && { ours }) });
}

// ---- smrsh: its programs are those of `programs` ---------------------------------------------------------------------
/** Programs in the folder of smrsh, which is /etc/mail/smrsh for the genuine one: name → text, or where a link leads. */
export const programs: Readonly<Record<string, string>> = {
  note: '#!/bin/sh\nfor a; do printf "[%s]" "$a"; done; echo " $PATH"\nexit 3\n',
  ok: "#!/bin/sh\nexit 0\n",
  exit75: "#!/bin/sh\nexit 75\n",
  notexec: "x",
  "folder/": "",
  linked: "-> /bin/echo",
  broken: "-> /nonexistent",
};

for (const words of [[], ["-c"], ["-x"], ["-c", "note", "extra"], ["-cnote"], ["-c", "--", "note"], ["-ic", "note"]]) {
  add("smrsh", words);
}
for (const command of [
  "note a b",
  "/usr/bin/note a",
  '  note   "a b" ',
  "note 'a b' \\x",
  "note z*b ?",
  "note ~ # x",
  "",
  " ",
  "exit",
  "exit 75",
  "exit 75 && note",
  "exit75 x",
  "echo hi there",
  "echo",
  "echoo",
  "exec note a",
  "exec\tnote\tx",
  "exec  /bin/note a",
  "exec",
  "exec exec note",
  "exec exit 3",
  "execnote",
  "exec || note x",
  "/bin/exit 3",
  "/bin/echo 3",
  "ok && note b",
  "ok && other b",
  "exit75 || note b",
  "note || exit 75",
  "echo a && note b || exec note c",
  "note&note",
  "note & note",
  "note x&&note y",
  "note x||note y",
  "note x||y",
  "note |& note",
  "note &&& note",
  "note ||| note",
  "note a|note",
  "note |",
  "&& note",
  "|| note",
  "note && && note",
  "note `x`",
  "note <x",
  "note >x",
  "note ;x",
  "note $x",
  "note (x)",
  "note )",
  "note a^b",
  "note a\nb",
  "note a\rb",
  "note\ta\tb",
  'note "a && other"',
  "note '&' x",
  "notexec",
  "folder",
  "linked x",
  "broken",
  "missing a b",
  "/a/b/missing",
  ".",
  "..",
  "/",
  "x/",
  "../../bin/ls",
  "A=b note x",
  '"note" x',
  "no\\te x",
  "`x",
  `note ${"1".repeat(960)}`,
  `note ${"1".repeat(990)}`,
]) {
  add("smrsh", ["-c", command]);
}

// ---- rmail -----------------------------------------------------------------------------------------------------------
const REST = "Subject: x\n\nbody\nFrom here\n.\n";
const MON = "Mon Jan  1 00:00:00 2024";

for (const words of ["", "-x", "-D", "-- -joe"]) add("rmail", words, `From a remote from b\n${REST}`);
add("rmail", "joe");
add("rmail", "joe", REST);
for (const lines of [
  [`From a ${MON} remote from b`],
  [`From a ${MON}`],
  ["From a"],
  ["From "],
  [`From a ${MON} remote from b`, `>From c ${MON} remote from d`],
  [`>From a ${MON} remote from b`, `From c ${MON} remote from d`],
  [`From uucp ${MON}`, `>From c!e ${MON} remote from d`, ">From f remote from g"],
  [`From a!b ${MON} remote from c`],
  [`From a@b.c ${MON} remote from c`],
  [`From a@b.c ${MON} forwarded by x`],
  [`From  a  ${MON} remote  from  b  `],
  [`From (a b) ${MON} remote from b`],
  ["From a remote from"],
  ["From a remote fromb"],
  ["From a remote from c remote from d"],
  ["From a remote from b!c"],
  ["From <> remote from b"],
  ["From a b remote from c", ">From x"],
  ["From a b remote from c", "Fromage"],
  [`From ${"1".repeat(3000)} remote from b`],
]) {
  add("rmail", "joe ann@x.test", `${lines.join("\n")}\n${REST}`);
}
for (const text of ["From a remote from b", "From a remote from b\n", "From a remote from b\n\n"])
  add("rmail", "joe", text);
for (const words of ["-D DOM joe", "-DDOM joe", "-T joe", "-T -DX joe"]) {
  add("rmail", words, `From a ${MON} remote from b\n${REST}`);
}
add("rmail", ["a b", "(c)", "d,e", "<f>", "a!b", "", "joe (x, y)"], `From a remote from b\n${REST}`);

// ---- vacation: the user is joe, the folder his home -------------------------------------------------------------------
const ANSWER = "From: joe@x\nSubject: away\nPrecedence: bulk\n\nI am away.\n";
const message = (from: string, ...header: string[]): string => `From ${from} ${MON}\n${header.join("\n")}\n\nbody\n`;

/** RFC 3834 §2, and the manual of vacation: no answer to programs and lists, nor to what somebody else was sent. */
const NO_ANSWER: Partial<CompanionAnswer> = { submitted: undefined };
const UNANSWERED =
  /^(?:To: (?:x\.joe@y|joe\.x@y|\(joe\) x@y|x@joe)$|To: joe\n(?:Auto-Submitted: auto|List-|Return-Path: <>))/;
const PROGRAMS = /^(?:<>|x-.*)$/i;

add("vacation", "-d", "", { files: { ".vacation.msg": ANSWER } });
add("vacation", "-d -Q joe");
add("vacation", "-d nosuch");
add("vacation", "-d joe extra");
add("vacation", "-d -i joe");
add("vacation", "-d joe", message("a@b", "To: joe"));
add("vacation", "-d joe", message("a@b", "To: joe"));
add("vacation", "-d joe", message("c@d", "To: other"));
add("vacation", "-d -a other joe", message("c@d", "To: other"));
add("vacation", "-d -j joe", message("e@d", "To: other"));
for (const [index, header] of [
  "Cc: Joe <joe@x.test>",
  "To: x,\n joe@y",
  "To: xjoe@y",
  "To: x.joe@y",
  "To: joe.x@y",
  "To: joe+x@y",
  "To: (joe) x@y",
  "To: x@joe",
  "Bcc: joe",
  "Resent-To: joe",
  "TO: JOE",
  "Apparently-To: joe",
  "To: joe\nPrecedence: bulk",
  "To: joe\nPrecedence: junk",
  "To: joe\nPrecedence:  List",
  "To: joe\nPrecedence: first-class",
  "To: joe\nAuto-Submitted: auto-replied",
  "To: joe\nAuto-Submitted: auto-generated (x)",
  "To: joe\nAuto-Submitted: No",
  "To: joe\nList-Id: <x>",
  "To: joe\nList-Unsubscribe: <x>",
  "To: joe\nReturn-Path: <>",
  "To: joe\nReturn-Path: <other@x>",
  "To: joe\nFrom: other@x\nReply-To: r@x",
].entries()) {
  add("vacation", "-d joe", message(`h${index}@d`, header), UNANSWERED.test(header) ? { ours: NO_ANSWER } : {});
}
for (const sender of [
  "owner-x@y",
  "Owner-x",
  "x-owner@y",
  "x-request@y",
  "X-REQUEST",
  "x-relay@y",
  "x-bounces@y",
  "postmaster@y",
  "uucp@y",
  "mailer@y",
  "mailer-daemon@y",
  "MAILER-DAEMON",
  "daemon@y",
  "root@y",
  "request@y",
  "xrequest@y",
  "<>",
  "joe@y",
]) {
  add("vacation", "-d joe", message(sender, "To: joe"), PROGRAMS.test(sender) ? { ours: NO_ANSWER } : {});
}
add("vacation", "-d joe", "To: joe\n\nx\n");
add("vacation", "-d joe", "Fromage\nTo: joe\n\nx\n");
add("vacation", "-d joe", "From  x\nTo: joe\n\nx\n");
add("vacation", "-d joe", "From s@s\nTo: joe\n\nx\n");
add("vacation", "-d joe", "");
add("vacation", "-d -s given@x joe", message("q1@d", "To: joe"));
add("vacation", "-d -z joe", message("q2@d", "To: joe"));
add("vacation", "-d -R ret@x joe", message("q3@d", "To: joe"));
add("vacation", "-d -R ret@x -z joe", message("q4@d", "To: joe"));
add("vacation", "-d -m other.msg joe", message("q5@d", "To: joe"));
add("vacation", "-d -m FOLDER/.vacation.msg joe", message("q6@d", "To: joe"));
add("vacation", "-d -f otherdb joe", message("q7@d", "To: joe"));
add("vacation", "-d -f FOLDER/db2 joe", message("q7@d", "To: joe"));
add("vacation", "-d -t 3 joe", message("q8@d", "To: joe"));
add("vacation", "-d -C /nonexistent joe", message("q9@d", "To: joe"));
add("vacation", "-d -U joe", message("q10@d", "To: joe"));
add("vacation", "-d -U -f FOLDER/db3 -m FOLDER/.vacation.msg foo", message("q11@d", "To: foo"));
add("vacation", "-d -x joe", "ex@a\n@dom.test\n");
for (const sender of ["ex@a", "u@dom.test", "u@sub.dom.test"]) add("vacation", "-d joe", message(sender, "To: joe"));
add("vacation", "-d -i -r 0 joe");
for (const sender of ["i@d", "i@d"]) add("vacation", "-d joe", message(sender, "To: joe"));
add("vacation", "-d -r 3 joe", message("i@d", "To: joe"));
add("vacation", "-d joe", message("q12@d", "To: joe", "Subject:  a", " folded one"));
add("vacation", "-d -I joe");
add("vacation", "-d -l joe");
add("vacation", "-d -l -f nosuchdb joe");
add("vacation", "-d joe", message("q13@d", "To: joe"), { files: { ".vacation.msg": null } });

// ---- makemap, editmap, praliases: -C FOLDER/site.cf names FOLDER/aliases ------------------------------------------------
const CF = {
  "site.cf": "V10/Berkeley\nO AliasFile=hash:FOLDER/aliases\nO DontBlameSendmail=GroupWritableDirPathSafe\n",
};
const MAP = "-C FOLDER/site.cf";
const TABLE = "# comment\nKey one\nb\ttwo words  \n\nc 3\n";
const LIST = `${MAP} -u hash FOLDER/m`;

add("makemap", `${MAP} -l`, "", { files: CF, ours: { output: "hash\nbtree\ndbm\ncdb\nimplicit\n" } });
for (const words of [
  "",
  "hash",
  "hash FOLDER/m extra",
  "-q hash FOLDER/m",
  "-t",
  "nosuch FOLDER/m",
  "hash FOLDER/none/m",
]) {
  add("makemap", words === "" ? MAP : `${MAP} ${words}`, TABLE);
}
add("makemap", "-C FOLDER/nosuch.cf hash FOLDER/m", TABLE);
add("makemap", `${MAP} hash FOLDER/m`, TABLE);
add("makemap", LIST);
add("makemap", `${MAP} -v hash FOLDER/m`, TABLE);
add("makemap", `${MAP} -f hash FOLDER/m`, TABLE);
add("makemap", LIST);
add("makemap", `${MAP} -N hash FOLDER/m`, TABLE);
add("makemap", LIST);
add("makemap", `${MAP} hash FOLDER/m`, "a 1\na 2\nb 3\n");
add("makemap", LIST);
add("makemap", `${MAP} -r hash FOLDER/m`, "a 1\na 2\nb 3\n");
add("makemap", LIST);
add("makemap", `${MAP} -o hash FOLDER/m`, "c 4\na 5\n");
add("makemap", LIST);
add("makemap", `${MAP} -o -r hash FOLDER/m`, "d 6\na 7\n");
add("makemap", LIST);
add("makemap", `${MAP} -d btree FOLDER/bt`, "b 2\na 1\na 0\n");
add("makemap", `${MAP} -u btree FOLDER/bt`);
add("makemap", `${MAP} hash FOLDER/m`, "novalue\n \nb 1\n  c 2\n");
add("makemap", LIST);
add("makemap", `${MAP} -e hash FOLDER/m`, "novalue\nb 1\n");
add("makemap", LIST);
add("makemap", `${MAP} -t: hash FOLDER/m`, "a:1\nb c: d e\n x : y\n");
add("makemap", LIST);
add("makemap", `${MAP} -t : -u hash FOLDER/m`);
add("makemap", `${MAP} -D; hash FOLDER/m`, "; comment\n# 1\na 2 ; x\n");
add("makemap", LIST);
add("makemap", `${MAP} -c 1024 -s hash FOLDER/m`, "a 1");
add("makemap", LIST);
// A class that there is not is what -i is for.
add("makemap", `${MAP} -i hash nosuch FOLDER/m`, "b 2\n", { ours: { status: 0, errors: "" } });
add("makemap", LIST, "", { ours: { output: "b\t2\n" } });
add("makemap", `${MAP} -u hash FOLDER/none`);
add("makemap", `${MAP} hash FOLDER/m`, "");
add("makemap", LIST);
add("makemap", `${MAP} hash FOLDER/m -v`, "post fix\n");

const editmapDifferences: Readonly<Record<string, Partial<CompanionAnswer>>> = {
  // Nothing is made to remove something from it.
  "-x hash FOLDER/none key": {
    status: 73,
    errors: "editmap: error opening type hash map FOLDER/none: No such file or directory\n",
  },
  // A change is one for btree, too, not one more entry.
  "-q btree FOLDER/bt b": { output: "c\n" },
};

add("editmap", `${MAP} -u hash FOLDER/m Key value`, "", { files: CF });
for (const words of [
  "-q hash FOLDER/m key",
  "-q hash FOLDER/m none",
  "-q hash FOLDER/none key",
  "-x hash FOLDER/none key",
  "-u hash FOLDER/m b|two words",
  "-u hash FOLDER/m b|three",
  "-q hash FOLDER/m B",
  "-f -q hash FOLDER/m B",
  "-f -u hash FOLDER/m B|upper",
  "-f -q hash FOLDER/m B",
  "-N -u hash FOLDER/m n|nul",
  "-N -q hash FOLDER/m n",
  "-q hash FOLDER/m n",
  "-x hash FOLDER/m b",
  "-x hash FOLDER/m b",
  "-q hash FOLDER/m b",
  "-q nosuch FOLDER/m b",
  "hash FOLDER/m b",
  "-q -x hash FOLDER/m b",
  "-u hash FOLDER/m b",
  "-q hash FOLDER/m",
  "-q hash FOLDER/m b|c",
  "-x hash FOLDER/m b|c",
  "-z hash FOLDER/m b",
  "-u hash FOLDER/none/m b|c",
  "-u btree FOLDER/bt b|c",
  "-q btree FOLDER/bt b",
]) {
  const [first, ...more] = words.split("|");
  add("editmap", [...MAP.split(" "), ...first.split(" "), ...more], "", { ours: editmapDifferences[words] });
}
add("editmap", "-C FOLDER/nosuch.cf -q hash FOLDER/m key");

add("praliases", MAP, "", { files: CF });
add("makemap", `${MAP} hash FOLDER/m`, "k v\n");
add("praliases", "-f FOLDER/none", "", {
  ours: { errors: "praliases: FOLDER/none: open: No such file or directory\n" },
});
for (const words of ["-z", "-f", "-C FOLDER/nosuch.cf", `${MAP} x y`]) add("praliases", words);

// ---- mailstats: what it shows is compared in test/peers/statistics.test.ts ----------------------------------------------
const STATISTICS = "V10/Berkeley\nO StatusFile=FOLDER/statistics\nMlocal, P=/bin/true, F=lsDFM, A=true\n";
add("mailstats", "-C FOLDER/st.cf", "", { files: { "st.cf": STATISTICS } });
for (const words of ["-z", "-f", "-C FOLDER/nosuch.cf", "-C FOLDER/st.cf extra", "-p -P -o -C FOLDER/st.cf"]) {
  add("mailstats", words);
}
add("mailstats", "-C FOLDER/st.cf", "", { files: { statistics: "this is no table of counts" } });
add("mailstats", "-C FOLDER/st.cf", "", { files: { statistics: "" } });

// ---- LMTP ------------------------------------------------------------------------------------------------------------
const lmtp = (...lines: string[]): void => add("mail.local -l", "", lines.map((line) => `${line}\r\n`).join(""));
lmtp("HELO me", "EHLO me", "LHLO", "LHLO me", "DATA", "RCPT TO:<joe>", "MAIL FROM:a@b", "MAIL FROM:<a@b>", "QUIT");
lmtp("MAIL FROM:<a@b> BODY=8BITMIME SIZE=1", "MAIL FROM:<a@c>", "DATA", "RCPT TO:joe", "RCPT TO:<joe", "RCPT TO:<>");
lmtp("RCPT", "MAIL", "NOOP", "NOOP x", "RSET", "VRFY joe", "VRFY", "EXPN x", "HELP", "foo", "", "STARTTLS", "quit now");
lmtp("RCPT TO:<joe>", "mail from:<a@b>", "rcpt to:<joe>", "Quit");
lmtp(
  "LHLO me",
  "MAIL FROM:<>",
  "RCPT TO:<joe>",
  "RCPT TO:<nosuch>",
  "RCPT TO:<joe+x@y>",
  "DATA",
  "S: x",
  "",
  ".",
  "DATA",
);
