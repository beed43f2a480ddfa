/**
 * What callers give to `sendmail`, one row each: words, header, and what else makes the call. The rows go to genuine
 * sendmail (test/peers/command-line.test.ts, which records its answers) and to us (test/scenario/command-line.test.ts).
 */
export interface CommandLineCase {
  /** Unique; what it is about. */
  readonly name: string;
  readonly args: readonly string[];
  /** Standard input, latin1. */
  readonly input: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Which configuration of site.mc answers. */
  readonly site: Site;
}

/** m4 definitions of the configurations beside the plain one. */
export const sites = {
  plain: {},
  /** Blanks separate nothing. */
  newStyle: { SITE_NEWSTYLE: "1" },
  /** Strangers are told about (X-Authentication-Warning). */
  warns: { SITE_PRIVACY: "authwarnings" },
} as const;
export type Site = keyof typeof sites;

const cases: CommandLineCase[] = [];
const names = new Set<string>();

function add(
  name: string,
  args: string,
  input: string,
  more: { readonly site?: Site; readonly environment?: Readonly<Record<string, string>> } = {},
): void {
  if (names.has(name)) throw new Error(`two cases named ${name}`);
  names.add(name);
  cases.push({ name, args: words(args), input, site: more.site ?? "plain", environment: more.environment });
}

/** Words as a shell reads them, with '...' and "..." (no expansions). */
function words(line: string): string[] {
  const found = line.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? [];
  return found.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, (_, one?: string, two?: string) => one ?? two ?? ""));
}

const plain = "Subject: x\n\nbody\n";
/** A message with these header lines. */
const with_ = (...header: string[]): string => `${header.join("\n")}\n\nbody\n`;

// ---- recipients on the command line ---------------------------------------------------------------------------------
for (const [name, args] of Object.entries({
  "one recipient": "joe",
  "two words": "joe ann",
  "a comma list in one word": "'joe,ann'",
  "a comma list with blanks": "'joe, ann , bob'",
  "blanks only": "'ann bob'",
  "full mailboxes in one word": "'Ann <ann>, Bob <bob>'",
  "a mailbox with a quoted phrase and a comma": "'\"Public, Joe\" <joe>, ann'",
  comments: "'joe (Joe Q. Public), ann (Ann, of course)'",
  "a comment before": "'(Joe) joe'",
  "a nested comment": "'joe (a (b, c) d), ann'",
  "a comment inside": "'joe(x)@mail.example.test'",
  "a route address": "'<@relay.example.test:joe@b.test>'",
  "a route address without brackets": "'@relay.example.test:joe@b.test'",
  "a route of two": "'<@a.test,@b.test:joe@c.test>, ann'",
  "a bare route of two": "'@a.test,@b.test:joe@c.test'",
  "a group": "'friends: joe, ann;'",
  "an empty group": "'undisclosed-recipients:;'",
  "a group and another": "'friends: joe, ann; bob'",
  "a group, a comma, another": "'friends: joe, ann;, bob'",
  "an empty group and another": "'nobody:; joe'",
  "a quoted local part": "'\"joe\"@mail.example.test'",
  "a quoted local part with a comma": "'\"a,b\"@b.test'",
  "a quoted local part with a blank": "'\"a b\"@b.test'",
  "a domain literal": "'joe@[127.0.0.1]'",
  "empty word": "''",
  "empty word and one more": "'' joe",
  "blank word": "' '",
  "only a comma": "','",
  "leading comma": "',joe'",
  "trailing comma": "'joe,'",
  "doubled commas": "'joe,,ann'",
  "trailing semicolon": "'joe;'",
  "semicolons between": "'joe; ann'",
  "angle brackets": "'<joe>'",
  "two in angle brackets": "'<joe> <ann>'",
  "two phrases without comma": "'Joe <joe> Ann <ann>'",
  "null path": "'<>'",
  "unbalanced <": "'<joe'",
  "unbalanced >": "'joe>'",
  "unbalanced (": "'joe (x'",
  "unbalanced )": "'joe )'",
  "unbalanced quote": "'\"joe'",
  "unbalanced in the middle": "'ann, <joe, bob'",
  "same twice": "joe joe",
  "same twice in one word": "'joe,joe@mail.example.test, JOE'",
  alias: "list",
  "alias in a list": "'list, joe'",
  "unknown user": "nosuch",
  "unknown and known": "nosuch joe",
  "unknown and known in one word": "'nosuch, joe'",
  "upper case": "JOE",
  detail: "joe+box",
  percent: "'joe%b.test@mail.example.test'",
  bang: "'hub!joe'",
  remote: "joe@b.test",
  "remote two": "joe@b.test ann@c.test",
  "remote and local": "'joe@b.test,ann'",
  "mailbox with tab": "'joe,\tann'",
  "mailbox with newline": "'joe,\n ann'",
  "newline between": "'joe\nann'",
  "tab between": "'joe\tann'",
  "at sign alone": "'@'",
  "no domain": "'joe@'",
  "no local part": "'@b.test'",
  "two at signs": "'joe@b@c.test'",
  "dot at end": "'joe@b.test.'",
  "backslashed user": "'\\joe'",
  "backslashed user with alias": "'\\list'",
  "backslashed alias of a user": "'\\carol'",
  "backslashed unknown": "'\\nosuch'",
  "backslashed with host": "'\\carol@mail.example.test'",
  "backslashed in a list": "'\\carol, joe'",
  "backslash inside": "'jo\\e'",
  "two backslashes": "'\\\\joe'",
  "backslash in quotes": "'\"\\joe\"'",
  "backslashed remote": "'\\joe@b.test'",
  "backslashed with detail": "'\\joe+box'",
  "backslashed in brackets": "'Carol <\\carol>'",
  "alias with a bad member": "mixed",
  "alias with a program": "program",
  "alias of bad members": "broken",
  "alias with an owner": "owned",
  "alias of a user": "carol",
  "user with .forward": "fred",
  "backslashed user with .forward": "'\\fred'",
  program: "'|/bin/true'",
  "program quoted": "'\"|/bin/true\"'",
  file: "/tmp/never",
  include: "':include:/etc/passwd'",
  "include in brackets": "'<:include:/etc/passwd>'",
  "program and known": "'|true' joe",
  "alias loop": "loop1",
  "alias loop and known": "loop1 joe",
  "alias to itself": "self",
  "deep alias": "deep1",
  "alias to an include": "members",
  "alias to a missing include": "missing",
  "after --": "-- joe",
  "after -- with dash": "-- -joe",
  "word that is only a dash": "-",
  "error plain": "a@plain.test",
  "error nouser": "a@nouser.test",
  "error nohost": "a@nohost.test",
  "error 5.7.1 554": "a@d711.test",
  "error 450": "a@d450.test",
  "error and known": "a@nouser.test joe",
  "known and error": "joe a@d711.test",
  "two errors": "a@nouser.test a@d711.test",
  "two errors, other order": "a@d711.test a@nouser.test",
  "unknown and syntax": "nosuch '<joe'",
  discarded: "a@discard.test",
  "discarded and known": "a@discard.test joe",
  "long address": `${"x".repeat(300)}@b.test`,
  "control character": "'jo\u0001e'",
  "eight bits": "'j\u00c3\u00b6rg'",
  "bang path": "'a!b!joe'",
  "colon in address": "'host:joe'",
  "double colon": "'node::joe'",
}))
  add(`words: ${name}`, `-i ${args}`, plain);
for (const [name, args] of Object.entries({
  "blanks only": "'ann bob'",
  "comma list": "'ann, bob'",
  phrase: "'Ann <ann>'",
  "phrase without comma": "'Joe Public <joe>, Ann <ann>'",
  "two phrases without comma": "'Joe <joe> Ann <ann>'",
  semicolons: "'joe; ann'",
}))
  add(`new style words: ${name}`, `-i ${args}`, plain, { site: "newStyle" });

for (const code of [64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 1, 79, 0])
  add(`exit status of a mailer: ${code}`, `-i ${code}@exit.test`, plain);
add("exit status of a mailer among others", "-i 67@exit.test joe 69@exit.test", plain);

for (const word of "usage nouser nohost unavailable software tempfail protocol config NOUSER noperm 64 66 67 70 71 74 75 77 78 100".split(
  " ",
))
  add(`exit status of $@ ${word}`, `-i a@${word}.word.test`, plain);
for (const code of (
  "5.0.0 5.1.0 5.1.1 5.1.2 5.1.3 5.1.4 5.1.5 5.1.6 5.1.7 5.1.8 5.1.9 5.1.10 5.2.0 5.2.1 5.2.2 5.2.3 5.2.4 5.3.0 5.3.1 5.3.2 5.3.3 5.3.4 " +
  "5.3.5 5.4.0 5.4.1 5.4.2 5.4.3 5.4.4 5.4.5 5.4.6 5.4.7 5.4.8 5.5.0 5.5.1 5.5.4 5.6.0 5.6.1 5.7.0 5.7.1 5.7.7 5.8.1 5.9.9 4.0.0 4.1.1 4.4.7 2.1.5"
).split(" "))
  add(`exit status of $@ ${code}`, `-i a@${code}.code.test`, plain);
for (let text = 1; text <= 16; text++) add(`exit status of a reply text: ${text}`, `-i a@t${text}.test`, plain);

// ---- -t --------------------------------------------------------------------------------------------------------------
for (const [name, header] of Object.entries({
  To: ["To: joe"],
  "To with blanks": ["To: joe ann"],
  "To comma": ["To: joe, ann"],
  "To Cc Bcc": ["To: joe", "Cc: ann", "Bcc: bob"],
  "Bcc only": ["Bcc: joe"],
  "empty Bcc": ["To: joe", "Bcc:"],
  "blank Bcc": ["To: joe", "Bcc: "],
  "two To": ["To: joe", "To: ann"],
  folded: ["To: joe,", " ann,", "\tbob"],
  "folded without comma": ["To: joe", " ann"],
  phrases: ['To: "Public, Joe" <joe>, Ann <ann>'],
  comments: ["To: joe (Joe, x), (y) ann"],
  group: ["To: friends: joe, ann;"],
  "empty group and Bcc": ["To: undisclosed-recipients:;", "Bcc: joe"],
  "group in Bcc": ["To: ann", "Bcc: hidden: joe, bob;"],
  "empty group alone": ["To: undisclosed-recipients:;"],
  "Apparently-To": ["Apparently-To: joe"],
  "Apparently-To and To": ["To: ann", "Apparently-To: joe"],
  "Resent-To": ["To: ann", "Resent-To: joe"],
  "Resent-Cc Resent-Bcc": ["To: ann", "Cc: ann", "Resent-Cc: joe", "Resent-Bcc: bob"],
  "Resent-From only": ["Resent-From: joe", "To: ann"],
  "Resent-From alone with Bcc": ["Resent-From: joe", "To: ann", "Bcc: bob"],
  "resent with Bcc": ["To: ann", "Bcc: carol", "Resent-To: joe", "Resent-From: ann"],
  "no recipients": ["Subject: x"],
  "no recipients, empty To": ["To:", "Subject: x"],
  "empty input": [],
  "lower case names": ["to: joe", "bcc: ann"],
  "blank before the colon": ["To : joe"],
  "From line first": ["From joe Mon Nov 30 10:00:00 2026", "To: joe"],
  unknown: ["To: nosuch, joe"],
  "all unknown": ["To: nosuch"],
  syntax: ["To: <joe, ann"],
  "syntax and good": ["To: ann", "Cc: jo<e"],
  "error of rules": ["To: a@nouser.test", "Cc: joe"],
  "same in To and Cc": ["To: joe", "Cc: Joe <joe>"],
  "Reply-To is none": ["To: joe", "Reply-To: ann"],
  quoted: ["To: \"joe\" <joe@b.test>, 'ann' <ann>"],
  apostrophes: ["To: 'joe'"],
  "source route": ["To: <@a.test,@b.test:joe@c.test>, ann"],
  "trailing comma": ["To: joe,"],
  "semicolon list": ["To: joe; ann"],
  "mailbox and blank list": ["To: Joe <joe> ann"],
  "From empty": ["From:", "To: joe"],
  "From blank": ["From:  ", "To: joe"],
  "long list": [`To: ${Array.from({ length: 40 }, (_, i) => `u${i}@b.test`).join(", ")}`],
  "encoded word": ["To: =?utf-8?q?J=C3=B6rg=2C_x?= <joe>"],
  "eight-bit phrase": ["To: J\u00c3\u00b6rg <joe>"],
  "Errors-To": ["To: joe", "Errors-To: ann"],
  "Return-Path given": ["Return-Path: <ann>", "To: joe"],
  "Received given": ["Received: from x by y; Mon, 30 Nov 2026 10:00:00 +0000", "To: joe"],
}))
  add(`-t: ${name}`, "-t -i", header.length === 0 ? "" : with_(...header));
for (const [name, header] of Object.entries({
  "To with blanks": ["To: joe ann"],
  "To comma": ["To: joe, ann"],
  phrase: ["To: Joe Public <joe>"],
}))
  add(`new style -t: ${name}`, "-t -i", with_(...header), { site: "newStyle" });
for (const [name, args, ...header] of [
  ["the union", "joe", "To: ann"],
  ["the same one", "joe", "To: joe, ann"],
  ["one of the header, in other words", "'Joe <joe@mail.example.test>'", "To: joe, ann"],
  ["no To", "bob", "Subject: x"],
  ["a list", "'joe, bob'", "Cc: ann"],
  ["Bcc and words", "joe", "To: ann", "Bcc: bob"],
  ["resent and words", "joe", "To: ann", "Resent-To: bob"],
  ["unknown word", "nosuch", "To: joe"],
  ["empty word", "''", "To: joe"],
] as const)
  add(`-t and words: ${name}`, `-t -i ${args}`, with_(...header));
add("-t before the words", "joe -t", with_("To: ann"));
add("-t twice", "-t -t -i", with_("To: ann"));
add("-ti", "-ti", with_("To: ann"));
add("-it -f", "-it -fjoe@b.test", with_("To: ann"));

// ---- Bcc and friends without -t --------------------------------------------------------------------------------------
for (const [name, header] of Object.entries({
  Bcc: ["To: ann", "Bcc: bob"],
  "Bcc only": ["Bcc: bob"],
  "no To": ["Subject: x"],
  "Resent-Bcc": ["To: ann", "Resent-Bcc: bob"],
  "To blanks": ["To: joe ann"],
  "To phrase": ["To: Joe Public <joe>"],
  "To remote": ["To: joe@b.test, ann", "Cc: bob"],
  "Apparently-To": ["Apparently-To: ann"],
  "no header": [],
  "Date and Message-Id": ["Date: Mon, 30 Nov 2026 10:00:00 +0000", "Message-Id: <1@b.test>"],
  "From phrase": ["From: The Joe <joe>"],
  "From comment": ["From: joe (The Joe)"],
  "From bare": ["From: joe"],
  "From remote": ["From: joe@b.test"],
  "From list": ["From: joe, ann"],
  "From empty": ["From:"],
  "From only comment": ["From: (nobody)"],
  "From empty brackets": ["From: <>"],
  Sender: ["From: joe", "Sender: ann"],
  "Resent-From": ["From: joe@b.test", "Resent-From: ann"],
  "Resent-To only": ["From: joe@b.test", "Resent-To: ann"],
  "Full-Name": ["Full-Name: Somebody Else"],
  "Full-Name and From": ["Full-Name: Somebody Else", "From: joe"],
  Precedence: ["Precedence: bulk"],
  "Reply-To": ["Reply-To: joe"],
  "two From": ["From: joe", "From: ann"],
  "From two words": ["From: joe ann"],
  "Reply-To two words": ["Reply-To: joe ann"],
  "To three words folded": ["To: joe", " ann", " bob"],
  "To words and a mailbox": ["To: joe ann <ann>"],
  "To words and a comment": ["To: joe ann (x)"],
  "To words, quoted": ['To: "a b" joe'],
  "Errors-To two words": ["Errors-To: joe ann"],
  "Return-Receipt-To": ["Return-Receipt-To: ann"],
  "From self bare": ["From: root"],
  "From self mailbox": ["From: root@mail.example.test"],
  "body without header": ["hello there"],
}))
  add(`header: ${name}`, "-i joe", header.length === 0 ? "\nbody\n" : with_(...header));

// ---- senders ---------------------------------------------------------------------------------------------------------
for (const [name, args] of Object.entries({
  bare: "-f ann",
  joined: "-fann",
  "-r": "-r ann",
  "-rjoined": "-rann",
  remote: "-f web@example.test",
  "own domain": "-f ann@mail.example.test",
  phrase: "-f 'Web Server <web@example.test>'",
  "phrase of a local user": "-f 'Web Server <ann>'",
  "quoted phrase": "-f '\"Web, Server\" <web@example.test>'",
  comment: "-f 'web@example.test (Web Server)'",
  "comment before": "-f '(Web Server) web@example.test'",
  brackets: "-f '<web@example.test>'",
  "blanks around": "-f ' web@example.test '",
  list: "-f 'a@x.test, b@x.test'",
  "list with blank": "-f 'a@x.test b@x.test'",
  "list of locals": "-f 'joe ann'",
  "trailing comma": "-f 'a@x.test,'",
  group: "-f 'x: a@x.test;'",
  null: "-f '<>'",
  empty: "-f ''",
  "brackets with blanks": "-f '< >'",
  twice: "-f joe -f ann",
  "twice the same": "-f ann -f ann",
  "-f and -r": "-f joe -r ann",
  "empty then one": "-f '' -f ann",
  "null then one": "-f '<>' -f ann",
  "error of rules": "-f a@nouser.test",
  "error of rules 5.7.1": "-f a@d711.test",
  "error of rules 450": "-f a@d450.test",
  discarded: "-f a@discard.test",
  "unbalanced <": "-f '<joe'",
  "unbalanced (": "-f 'joe (x'",
  "unbalanced quote": "-f '\"joe'",
  route: "-f '<@a.test:web@b.test>'",
  "unknown local": "-f nosuch",
  "unknown own domain": "-f nosuch@mail.example.test",
  "no domain": "-f 'web@'",
  dot: "-f 'web@b.test.'",
  "quoted local part": "-f '\"a b\"@b.test'",
  "quoted local part with comma": "-f '\"a,b\"@b.test'",
  program: "-f '|prog'",
  file: "-f /etc/passwd",
  backslashed: "-f '\\ann'",
  alias: "-f list",
  "upper case": "-f ANN",
  daemon: "-f daemon",
  "www-data": "-f www-data",
  "MAILER-DAEMON": "-f MAILER-DAEMON",
  "eight bits": "-f 'j\u00c3\u00b6rg@b.test'",
  "encoded phrase": "-f '=?utf-8?q?J=C3=B6rg?= <web@b.test>'",
  "with -F": "-f web@example.test -F 'Web Server'",
  "phrase with -F": "-f 'Other <web@example.test>' -F 'Web Server'",
  long: `-f ${"x".repeat(300)}@b.test`,
  newline: "-f 'a@b.test\nX: y'",
  bang: "-f 'hub!joe'",
  percent: "-f 'a%b.test@mail.example.test'",
}))
  for (const to of ["joe", "joe@b.test"]) add(`sender: ${name} to ${to}`, `-i ${args} ${to}`, plain);
add("sender: null, with From", "-i -f '<>' joe", with_("From: ann"));
add("sender: null, empty From", "-i -f '<>' joe", with_("From:"));
add("sender: empty, remote, with From", "-i -f '' joe@b.test", with_("From: ann"));
add("sender: remote -f, From differs", "-i -f web@example.test joe", with_("From: Joe <joe@b.test>"));
add("sender: remote -f, no From", "-i -f web@example.test joe@b.test", with_("To: joe@b.test"));
for (const user of ["ann", "web@example.test", "root", "joe", "list"])
  add(`sender: warning for ${user}`, `-i -f ${user} joe`, plain, { site: "warns" });

// ---- full names ------------------------------------------------------------------------------------------------------
for (const [name, args] of Object.entries({
  "-F": "-F 'Somebody Else'",
  "-Fjoined": "-FSomebody",
  "-F with specials": "-F 'Else, Somebody (x)'",
  "-F with quotes": "-F 'A \"b\" c'",
  "-F quoted": "-F '\"Else, S.\"'",
  "-F empty": "-F ''",
  "-F with dot": "-F 'Joe Q. Public'",
  "-F eight bits": "-F 'J\u00c3\u00b6rg'",
  "-F backslash": "-F 'a\\b'",
  "-F angle": "-F 'a <b>'",
  "-F unbalanced (": "-F 'a (b'",
  "-F unbalanced quote": "-F 'a \"b'",
  "-F newline": "-F 'a\nX: y'",
  "-F at": "-F 'a@b'",
  "-F and -f local": "-F Else -f ann",
}))
  add(`full name: ${name}`, `-i ${args} joe`, plain);
add("full name: NAME", "-i joe", plain, { environment: { NAME: "Environment Name" } });
add("full name: NAME empty", "-i joe", plain, { environment: { NAME: "" } });
add("full name: NAME with specials", "-i joe", plain, { environment: { NAME: "Name, E. (x)" } });
add("full name: NAME and -F", "-i -F Flag joe", plain, { environment: { NAME: "Environment Name" } });
add("full name: NAME and -f remote", "-i -f a@b.test joe", plain, { environment: { NAME: "Environment Name" } });
add("full name: NAME and -f local", "-i -f ann joe", plain, { environment: { NAME: "Environment Name" } });
for (const user of ["joe", "ann", "bob", "carol", "root", "www-data", "daemon"])
  add(`full name: of ${user}`, `-i -f ${user} joe`, plain);
add("full name: to remote", "-i joe@b.test", plain);
add("full name: resent", "-i joe", with_("From: joe@b.test", "Resent-To: joe"));

// ---- options ---------------------------------------------------------------------------------------------------------
add("dots end the message", "joe", "Subject: x\n\none\n.\ntwo\n");
add("-i keeps dots", "-i joe", "Subject: x\n\none\n.\ntwo\n");
add("-oi keeps dots", "-oi joe", "Subject: x\n\none\n.\ntwo\n");
add("-OIgnoreDots", "-OIgnoreDots joe", "Subject: x\n\none\n.\ntwo\n");
add("-O IgnoreDots=false", "-O IgnoreDots=false joe", "Subject: x\n\none\n.\ntwo\n");
add("dots at the beginning of lines", "joe", "Subject: x\n\n..\n..foo\n.foo\n...\n. \nx\n.");
add("-i and dots at the beginning of lines", "-i joe", "Subject: x\n\n..\n..foo\n.\nx\n");
add("dot doubled", "joe", "Subject: x\n\n..\n");
add("CRLF lines", "-i joe", "Subject: x\r\n\r\nbody\r\n");
add("last line unfinished", "-i joe", "Subject: x\n\nbody");
add("-n alias", "-n -i list", plain);
add("-n user with alias", "-n -i carol", plain);
add("-n user with .forward", "-n -i fred", plain);
add("-n unknown", "-n -i nosuch", plain);
add("-n -t", "-n -t -i", with_("To: list, joe"));
add("-m", "-m -i joe", plain);
add("-oo", "-oo -i 'joe ann'", plain, { site: "newStyle" });
add("-ooF", "-ooF -i 'joe ann'", plain);
add("-O OldStyleHeaders=false -t", "-O OldStyleHeaders=false -i -t", with_("To: joe ann"));
add("-B7BIT", "-B7BIT -i joe", plain);
add("-B8BITMIME", "-B8BITMIME -i joe", plain);
add("-Bother", "-Bother -i joe", plain);
add("-h", "-h 3 -i joe", plain);
add("-h too many", "-h 30 -i joe", plain);
add("-h bad", "-h x -i joe", plain);
add("-p", "-p UUCP:hub -i joe", plain);
add("-N bad", "-N sometimes -i joe", plain);
add("-N never", "-N never -i nosuch joe", plain);
add("-R bad", "-R x -i joe", plain);
add("-V bad", "-V 'a b' -i joe", plain);
add("-unknown", "-Z joe", plain);
add("-bx", "-bx joe", plain);
add("-G", "-G -i joe", plain);
add("-x as other systems have it", "-x x -i joe", plain);
add("no recipients", "-i", plain);
add("-oem unknown", "-oem -i nosuch", plain);
add("-oeq unknown", "-oeq -i nosuch", plain);
add("-oee unknown", "-oee -i nosuch", plain);
add("-oew unknown", "-oew -i nosuch", plain);
add("-oep unknown", "-oep -i nosuch", plain);
add("-em unknown and known", "-em -i nosuch joe", plain);
add("-oem list with syntax error", "-oem -i 'joe, <ann'", plain);
add("-oem no such host", "-oem -i a@nohost.test", plain);
add("-oem mailer fails", "-oem -i 69@exit.test", plain);
add("-v", "-v -i joe", plain);
add("-v alias", "-v -i list", plain);
add("-v .forward", "-v -i fred", plain);
add("-v alias with a bad member", "-v -i mixed", plain);
add("-v mailer fails", "-v -i 67@exit.test joe", plain);
add("-v mailer fails for now", "-v -i 75@exit.test", plain);
add("full name: -F and -f unknown", "-i -F Else -f nosuch joe", plain);
add("full name: -F and -f alias", "-i -F Else -f list joe", plain);
add("full name: of fred", "-i -f fred joe", plain);
add("full name: of dave", "-i -f dave joe", plain);
add("full name: of eve", "-i -f eve joe", plain);
add("header: empty Subject", "-i joe", with_("Subject:"));
add("header: empty To", "-i joe", with_("To:", "X-A: b"));
add("header: empty Date and Message-Id", "-i joe", with_("Date:", "Message-Id:  "));
add("header: only Resent-Bcc", "-i joe", with_("Resent-Bcc: ann"));
add("header: Apparently-To and Bcc", "-i joe", with_("Apparently-To: ann", "Bcc: bob"));
add("header: Full-Name and -F", "-i -F Flag joe", with_("Full-Name: Header"));
add("header: To with tabs", "-i joe", with_("To:\tjoe\tann"));
add("header: Cc words", "-i joe", with_("Cc: joe ann"));
add("-v unknown", "-v -i nosuch", plain);
add("-v remote", "-v -i joe@b.test", plain);
add("-odq", "-odq -i joe", plain);
add("-odd", "-odd -i joe", plain);
add("-odq unknown", "-odq -i nosuch", plain);
add("-odd unknown", "-odd -i nosuch", plain);
add("-odx", "-odx -i joe", plain);
add("-odi mailer fails for now", "-odi -i 75@exit.test", plain);
add("-bm", "-bm -i joe", plain);
add("-Am", "-Am -i joe", plain);
add("-L", "-L tag -i joe", plain);
add("-M", "-MrFOO -i joe", plain);
add("-U", "-U -i joe", plain);

// ---- programs that call sendmail -------------------------------------------------------------------------------------
const mime = ["MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8", "Content-Transfer-Encoding: 8bit"];
add(
  "cron",
  "-i -FCronDaemon -B8BITMIME -oem root",
  with_(
    "From: root (Cron Daemon)",
    "To: root",
    "Subject: Cron <root@mail> date",
    ...mime,
    "X-Cron-Env: <SHELL=/bin/sh>",
  ),
);
add(
  "cron, MAILTO of two",
  "-FCronDaemon -i -B8BITMIME -oem joe,ann",
  with_("From: root (Cron Daemon)", "To: joe,ann", "Subject: Cron"),
);
add(
  "cron, MAILTO with a blank",
  "-FCronDaemon -i -B8BITMIME -oem 'joe, ann'",
  with_('From: "(Cron Daemon)" <root>', "To: joe, ann"),
);
add(
  "cronie",
  "-FCronDaemon -i -odi -oem -oi -t -f root",
  with_('From: "(Cron Daemon)" <root>', "To: joe", "Subject: Cron <root@mail> x"),
);
add(
  "vixie cron on BSD",
  "-FCronDaemon -odi -oem -oi -t",
  with_("From: root (Cron Daemon)", "To: joe", "Subject: Cron"),
);
add(
  "anacron",
  "-FAnacron -odi joe",
  with_("From: Anacron <root>", "To: joe", "Subject: Anacron job 'cron.daily' on mail"),
);
add("at", "-i joe", with_("Subject: Output from your job        1", "To: joe"));
add(
  "PHP mail()",
  "-t -i",
  with_("To: joe@b.test", "Subject: Hello", "X-PHP-Originating-Script: 33:x.php", "From: webmaster@example.test"),
);
add(
  "PHP mail() with -f",
  "-t -i -fweb@example.test",
  with_("To: Joe <joe@b.test>, ann", "Subject: Hello", "From: Shop <web@example.test>"),
);
add("PHP mail(), several To", "-t -i", with_("To: joe,ann", "Subject: s", "Cc: bob@b.test", "Bcc: carol@b.test"));
add(
  "WordPress",
  "-t -i -fwordpress@example.test",
  with_(
    "To: joe@b.test",
    "Subject: [Blog] x",
    "From: WordPress <wordpress@example.test>",
    "Message-ID: <a@example.test>",
    ...mime,
  ),
);
add(
  "PHPMailer",
  "-oi -fweb@example.test -t",
  with_(
    "Date: Mon, 30 Nov 2026 10:00:00 +0000",
    'To: "Public, Joe" <joe@b.test>',
    "From: Web <web@example.test>",
    "Bcc: ann",
    "Subject: x",
  ),
);
add("Symfony -bs fallback -t", "-oi -t -f a@x.test", with_("From: A <a@x.test>", "To: joe@b.test"));
add(
  "git send-email",
  "-i joe@b.test ann@b.test",
  with_("From: Ann <ann@b.test>", "To: joe@b.test", "Cc: ann@b.test", "Subject: [PATCH] x", "X-Mailer: git-send-email"),
);
add(
  "git send-email, envelope sender",
  "-f ann@b.test -i joe@b.test",
  with_("From: Ann <ann@b.test>", "To: Joe <joe@b.test>"),
);
add(
  "mutt",
  "-oem -oi -f ann@mail.example.test -- joe@b.test bob",
  with_(
    "Date: Mon, 30 Nov 2026 10:00:00 +0000",
    "From: Ann <ann@mail.example.test>",
    "To: joe@b.test",
    "Bcc: bob",
    "Message-ID: <x@y>",
  ),
);
add("mutt with -B and -N", "-oem -oi -B8BITMIME -N failure,delay -- joe@b.test", with_("From: ann", "To: joe@b.test"));
add("BSD mailx", "-i joe ann", with_("To: joe ann", "Subject: hello"));
add("BSD mail(1) -s", "-i joe", with_("To: joe", "Subject: hello"));
add("mail(1) with comma list", "-i joe, ann", with_("To: joe, ann", "Subject: hello"));
add(
  "heirloom mailx",
  "-i joe ann@b.test",
  with_("Date: Mon, 30 Nov 2026 10:00:00 +0000", "To: joe, ann@b.test", "Subject: x", "User-Agent: Heirloom mailx"),
);
add("heirloom mailx -r", "-i -r web@example.test joe", with_("From: web@example.test", "To: joe"));
add(
  "GNU mailutils",
  "-oi -t",
  with_("To: <joe@mail.example.test>", "Subject: x", "User-Agent: mail (GNU Mailutils 3.15)"),
);
add(
  "GNU mailutils with sender",
  "-oi -f root@mail.example.test -t",
  with_("To: joe", "From: root <root@mail.example.test>"),
);
add("bsd-mailx -a From", "-i joe", with_("From: Backup <backup@example.test>", "To: joe", "Subject: s"));
add("nmh", "-m -t -i", with_("To: joe", "Fcc: +outbox", "Subject: s"));
add(
  "logwatch",
  "-t",
  with_(
    "To: joe",
    "From: logwatch",
    "Subject: Logwatch for mail (Linux)",
    "Auto-Submitted: auto-generated",
    "Precedence: bulk",
  ),
);
add("mdadm", "-t", with_("From: mdadm monitoring <root>", "To: joe", "Subject: DegradedArray event on /dev/md0:mail"));
add("smartd through mail", "-i root", with_("To: root", "Subject: SMART error (Health) detected on host: mail"));
add("nagios through mail", "-i joe@b.test", with_("To: joe@b.test", "Subject: ** PROBLEM Host Alert: db is DOWN **"));
add("logcheck", "-i logcheck joe", with_("To: joe", "Subject: mail System Events"));
add(
  "unattended-upgrades",
  "-oi -t",
  with_("To: root", "Subject: [package on hold] unattended-upgrades result", "Auto-Submitted: auto-generated"),
);
add("apticron", "-t -oi", with_("To: joe ann", "From: root", "Subject: 3 Debian package update(s)"));
add("fail2ban", "-f fail2ban joe", with_("Subject: [Fail2Ban] sshd", "From: Fail2Ban <fail2ban>", "To: joe"));
add(
  "sudo",
  "-t",
  with_("To: root", "From: joe", "Auto-Submitted: auto-generated", "Subject: *** SECURITY information ***"),
);
add(
  "Perl MIME::Lite",
  "-t -oi -oem",
  with_("MIME-Version: 1.0", "From: me@example.test", "To: joe@b.test, ann", "Cc: bob", "Subject: x"),
);
add(
  "Perl MIME::Lite with FromSender",
  "-t -oi -oem -f me@example.test",
  with_("From: me@example.test", "To: joe@b.test"),
);
add("Perl Mail::Send", "-t", with_("To: joe", "Cc: ann", "Subject: x"));
add("Perl Net::Cmd open pipe", "-oi joe ann bob", with_("From: x@example.test", "Subject: x"));
add(
  "Python sendmail pipe",
  "-t -oi",
  with_('From: "A, B" <a@x.test>', "To: =?utf-8?b?SsO2cmc=?= <joe@b.test>", "Subject: x"),
);
add("Ruby ActionMailer", "-i -f a@x.test -- joe@b.test", with_("From: a@x.test", "To: joe@b.test"));
add("Ruby ActionMailer of old", "-i -t", with_("From: a@x.test", "To: joe@b.test"));
add("Ruby mail gem", "-i -f '<a@x.test>' -- '<joe@b.test>' '<ann>'", with_("From: a@x.test", "To: joe@b.test"));
add("Java, Commons", "-i -fa@x.test joe@b.test", with_("From: a@x.test", "To: joe@b.test"));
add("Go gomail", "-i -t", with_("From: a@x.test", "To: joe@b.test", "Bcc: ann@b.test"));
add("Nodemailer", "-i -f a@x.test joe@b.test ann", with_("From: a@x.test", "To: joe@b.test", "Bcc: ann"));
add("Emacs", "-oi -f ann -odi -oem -oi -t", with_("From: ann@mail.example.test (Ann)", "To: joe"));
add(
  "pine",
  "-oi -oem -t",
  with_("Date: Mon, 30 Nov 2026 10:00:00 +0000", "From: Ann <ann@mail.example.test>", "To: joe@b.test", "Bcc: bob"),
);
add("rmail", "-G -i -f hub!ann joe", with_("From: hub!ann", "To: joe"));
add(
  "vacation",
  "-f '<>' -- joe@b.test",
  with_("From: ann@mail.example.test", "To: joe@b.test", "Precedence: junk", "Auto-Submitted: auto-replied"),
);
add("procmail forward", "-oi -f ann joe@b.test", with_("From: x@y.test", "To: ann@mail.example.test"));
add("formail -r", "-oi -t -fann", with_("From: ann", "To: x@y.test", "In-Reply-To: <1@y.test>"));
add(
  "majordomo",
  "-oi -f owner-list@example.test joe@b.test ann@b.test",
  with_("From: x@y.test", "To: list@example.test", "Precedence: bulk"),
);
add("mailman", "-f list-bounces@example.test joe@b.test ann@c.test", with_("From: x@y.test", "To: list@example.test"));
add(
  "Trac and Redmine",
  "-t -i -f trac@example.test",
  with_('From: "Trac" <trac@example.test>', "To: undisclosed-recipients: ;", "Cc: joe@b.test", "Bcc: ann@b.test"),
);
add("sSMTP style", "joe@b.test", with_("To: joe@b.test", "From: root"));
add("msmtp style", "-t -f a@x.test --", with_("From: a@x.test", "To: joe@b.test"));
add("Oracle and AIX", "-fann -om joe", plain);
add("a shell script", "joe,ann@b.test", with_("Subject: report"));
add("a shell script without header", "joe", "just text\nmore text\n");
add("a shell script with colon text", "joe", "warning: disk full\nmore text\n");
add("a shell script, header and text without a blank line", "joe", "Subject: x\nbody at once\n");

// ---- found by trying what stands beside the rows above ----------------------------------------------------------------
for (const [name, word] of Object.entries({
  "only comments": "'(a) (b)'",
  "a comment instead of one": "'(nobody), joe'",
  "a comma behind a backslash": "'joe\\,ann'",
  "a blank behind a backslash": "'joe\\ ann'",
  "two kinds of errors": "'|x' nosuch",
  "two kinds of errors, the other way round": "nosuch '|x'",
  "not an address, and a host that there is not": "'<joe' a@nohost.test",
  "a phrase in pieces": "Joe Public '<joe>,' ann",
  "a comma in a word of its own": "joe , ann",
  "brackets with blanks": "'< joe>'",
}))
  add(`words beside: ${name}`, `-i ${word}`, plain);
for (const [name, ...header] of [
  ["a field that only looks like a resent one", "To: joe", "Resent-Subject: x"],
  ["Resent-Errors-To", "To: joe", "Resent-Errors-To: ann"],
  ["two Resent-To", "To: joe", "Resent-To: ann", "Resent-To: bob"],
  ["a comment instead of an address", "To: (nobody), joe"],
  ["only a comment", "To: (nobody)", "Bcc: joe"],
  ["two Bcc", "Bcc: joe, ann", "Bcc: bob"],
  ["no text before the fields", "To: joe", "not a field", "Cc: ann"],
  ["CRLF", "To: joe,\r", " ann\r", "Subject: x\r"],
  ["folded in a comment", "To:", " joe,", "\tann (x,", " y), bob"],
] as const)
  add(`-t beside: ${name}`, "-t -i", with_(...header));
for (const [name, args] of Object.entries({
  detail: "-f ann+box",
  "detail and domain": "-f ann+a+b@mail.example.test",
  "detail in capitals": "-f ANN+x",
  "detail of nobody": "-f nosuch+x",
  "blanks only": "-f ' '",
  "only a comment": "-f '(x)'",
}))
  for (const to of ["joe", "joe@b.test"]) add(`sender beside: ${name} to ${to}`, `-i ${args} ${to}`, plain);
for (const name of ["(Cron Daemon)", "Joe (x (y))", "a (b, c@d) e", "(a", "J\u00c3\u00b6rg (x)"])
  add(`full name beside: ${name}`, `-i -F '${name}' joe@b.test`, plain);
for (const args of ["-odq -v", "-v -odd", "-odq -OVerbose", "-ov", "-v -OVerbose=false", "-OVerbose"])
  add(`verbose: ${args}`, `${args} joe`, plain);
add("-ba", "-ba -i joe", "Subject: x\r\n\r\nbody\r\n");
add("NUL in a field", "-t -i", "To: jo\0e\nSubject: a\0b\n\nx\n");
add("Content-Length to joe", "-i joe", with_("To: joe", "Content-Length: 5"));
add("Content-Length to remote", "-i joe@b.test", with_("To: joe", "content-length: 5"));

// ---- SMTP on standard input -------------------------------------------------------------------------------------------
const text = ["DATA", "Subject: x", "", "body", "."];
/** A conversation: what is said behind the greeting, or EHLO, MAIL, RCPT ..., DATA and QUIT for these addresses. */
function talk(
  name: string,
  said: readonly string[] | { readonly from: string; readonly to: readonly string[] },
  args = "",
): void {
  const lines =
    "from" in said
      ? ["EHLO me", `MAIL FROM:<${said.from}>`, ...said.to.map((to) => `RCPT TO:<${to}>`), ...text, "QUIT"]
      : said;
  add(`-bs: ${name}`, `-bs ${args}`, lines.join("\n"), name.startsWith("warns") ? { site: "warns" } : {});
}
for (const [name, from, ...to] of [
  ["one", "ann", "joe"],
  ["from nobody", "", "joe"],
  ["from nobody to remote", "", "joe@b.test"],
  ["a sender whose domain is not there", "web@nowhere.invalid", "joe"],
  ["own domain", "ann@mail.example.test", "joe@b.test"],
  ["a list", "ann", "list", "carol"],
  ["unknown", "ann", "nosuch"],
  ["unknown and known", "ann", "nosuch", "joe"],
  ["the same again", "ann", "joe", "joe"],
  ["a comma in a path", "ann", "joe,ann"],
  ["a blank in a path", "ann", "joe ann"],
  ["quotes", "ann", '"a b"@b.test', '"joe"'],
  ["backslashes", "ann", "\\carol", "\\fred"],
  ["detail", "ann+x", "joe+box"],
  ["refused sender", "a@nouser.test", "joe"],
  ["what cannot be told of a sender", "a@d450.test", "joe"],
  ["refused recipients", "ann", "a@nouser.test", "a@d711.test", "a@plain.test", "a@nohost.test", "|x", "/f", "joe"],
  ["lists that lead nowhere", "ann", "loop1", "joe"],
  ["routes", "ann", "@a.test:joe@b.test", "hub!joe"],
  ["a literal", "ann", "joe@[127.0.0.1]"],
  ["a mailer that fails", "ann", "67@exit.test", "joe"],
  ["warns", "ann", "joe"],
] as const)
  talk(name, { from, to });
for (const [name, ...lines] of [
  ["HELO", "HELO me", "MAIL FROM:<ann>", "RCPT TO:<joe>", ...text, "QUIT"],
  ["no greeting", "MAIL FROM:<ann>", "RCPT TO:<joe>", ...text, "QUIT"],
  ["small letters and blanks", "ehlo me", "mail from: <ann>", "rcpt to: <joe>", ...text, "quit"],
  ["no brackets", "EHLO me", "MAIL FROM:ann", "RCPT TO:joe", ...text, "QUIT"],
  ["phrases", "EHLO me", "MAIL FROM:Ann <ann>", "RCPT TO:Joe <joe>", "RCPT TO:<joe> (Joe)", ...text, "QUIT"],
  ["no QUIT", "EHLO me", "MAIL FROM:<ann>", "RCPT TO:<joe>", ...text],
  ["cut within the text", "EHLO me", "MAIL FROM:<ann>", "RCPT TO:<joe>", "DATA", "Subject: x", "", "body"],
  ["cut behind RCPT", "EHLO me", "MAIL FROM:<ann>", "RCPT TO:<joe>"],
  ["only QUIT", "QUIT"],
  ["noise", "hello", "", "QUIT"],
  [
    "two messages",
    "EHLO me",
    "MAIL FROM:<ann>",
    "RCPT TO:<joe>",
    ...text,
    "MAIL FROM:<bob>",
    "RCPT TO:<ann>",
    ...text,
    "QUIT",
  ],
  ["RSET", "EHLO me", "MAIL FROM:<ann>", "RCPT TO:<joe>", "RSET", "MAIL FROM:<bob>", "RCPT TO:<ann>", ...text, "QUIT"],
  ["out of order", "EHLO me", "RCPT TO:<joe>", "MAIL FROM:<ann>", "MAIL FROM:<bob>", "DATA", "QUIT"],
  ["dots", "EHLO me", "MAIL FROM:<ann>", "RCPT TO:<joe>", "DATA", "Subject: x", "", "..", "..a", ".b", ".", "QUIT"],
  ["no header", "EHLO me", "MAIL FROM:<ann>", "RCPT TO:<joe>", "DATA", "just text", ".", "QUIT"],
  ["empty text", "EHLO me", "MAIL FROM:<ann>", "RCPT TO:<joe>", "DATA", ".", "QUIT"],
  [
    "Bcc",
    "EHLO me",
    "MAIL FROM:<ann>",
    "RCPT TO:<joe>",
    "DATA",
    "To: ann",
    "Bcc: bob",
    "Cc: joe ann",
    "",
    "x",
    ".",
    "QUIT",
  ],
  ["only Bcc", "EHLO me", "MAIL FROM:<ann>", "RCPT TO:<joe>", "DATA", "Bcc: bob", "", "x", ".", "QUIT"],
  ["empty From", "EHLO me", "MAIL FROM:<ann>", "RCPT TO:<joe@b.test>", "DATA", "From:", "", "x", ".", "QUIT"],
  ["Full-Name", "EHLO me", "MAIL FROM:<ann>", "RCPT TO:<joe>", "DATA", "Full-Name: X Y", "", "x", ".", "QUIT"],
  [
    "resent",
    "EHLO me",
    "MAIL FROM:<ann>",
    "RCPT TO:<joe>",
    "DATA",
    "From: bob",
    "Resent-To: joe",
    "",
    "x",
    ".",
    "QUIT",
  ],
  [
    "header of its own",
    "EHLO me",
    "MAIL FROM:<ann>",
    "RCPT TO:<joe@b.test>",
    "DATA",
    "To: Joe <joe>, ann",
    "From: ann",
    "Message-Id: <1@x>",
    "",
    "x",
    ".",
    "QUIT",
  ],
  [
    "parameters",
    "EHLO me",
    "MAIL FROM:<ann> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=x",
    "RCPT TO:<joe> NOTIFY=NEVER ORCPT=rfc822;joe",
    ...text,
    "QUIT",
  ],
  [
    "bad parameters",
    "EHLO me",
    "MAIL FROM:<ann> FOO=1",
    "MAIL FROM:<ann> BODY=x",
    "MAIL FROM:<ann>",
    "RCPT TO:<joe> NOTIFY=x",
    "RCPT TO:<joe> FOO",
    "QUIT",
  ],
  ["questions", "EHLO me", "VRFY joe", "EXPN carol", "VRFY nosuch", "NOOP x", "AUTH PLAIN", "LHLO x", "TURN", "QUIT"],
  [
    "octets",
    "EHLO me",
    "MAIL FROM:<ann>",
    "RCPT TO:<joe@b.test>",
    "DATA",
    "Subject: j\u00c3\u00b6",
    "",
    "j\u00c3\u00b6",
    ".",
    "QUIT",
  ],
] as const)
  talk(name, lines);
for (const args of [
  "-f bob",
  "-F 'Other Name'",
  "-t",
  "bob",
  "-v",
  "-i",
  "-oi -oem -f x@y.test",
  "-n",
  "-Am",
  "-B7BIT",
  "-N never",
])
  talk(`with ${args}`, { from: "ann", to: ["carol"] }, args);

// ---- what stands for what --------------------------------------------------------------------------------------------
const EXPANDED = (
  "joe list carol self loop1 deep1 mixed program broken owned members missing fred nosuch logcheck joe+box \\joe \\carol \\fred " +
  "bob@b.test a@nouser.test a@d450.test postmaster MAILER-DAEMON list,joe owner-owned owned-request"
).split(" ");
for (const each of EXPANDED) {
  add(`-bv: ${each}`, `-bv '${each}'`, "");
  add(`-bv -v: ${each}`, `-bv -v '${each}'`, "");
  add(`EXPN: ${each}`, "-bs", `EHLO x\nEXPN ${each}\nVRFY ${each}\nQUIT`);
}
add("-bv -v: two", "-bv -v list carol", "");
add("-bv -n", "-bv -n list", "");
add("-bv -v -n", "-bv -v -n list fred", "");
add("-bv: a list without errors and one with", "-bv joe mixed", "");

export { cases };
