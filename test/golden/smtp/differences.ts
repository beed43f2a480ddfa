/**
 * Where we answer otherwise on purpose: the part of the dialogue that differs, each with its reason; those that a client can
 * meet have their row in docs/compatibility.md.
 */
import type { Dialogue } from "./cases.ts";

/** What genuine sendmail says → what we say, in the dialogues that the row is about. */
interface Difference {
  readonly about: RegExp;
  readonly theirs: RegExp | string;
  readonly ours: string;
}

const ANY = /^/;

const DIFFERENCES: readonly Difference[] = [
  // RFC 3030 exists here.
  { about: ANY, theirs: "250-8BITMIME\n", ours: "250-8BITMIME\n250-CHUNKING\n250-BINARYMIME\n" },
  // RFC 9422 exists here.
  { about: /^limits: EHLO/, theirs: "\n250 HELP", ours: "\n250-LIMITS RCPTMAX=2\n250 HELP" },
  // Members stand in the order of the list.
  {
    about: /EXPN list/,
    theirs: "250-2.1.5 Ann Ann <ann@mail.example.test>\n250 2.1.5 Joe Public <joe@mail.example.test>",
    ours: "250-2.1.5 Joe Public <joe@mail.example.test>\n250 2.1.5 Ann Ann <ann@mail.example.test>",
  },
  // What a browser was made to send is refused wherever it stands, not only as the first line.
  {
    about: /[:;] GET /,
    theirs: /^500 5\.5\.1 Command unrecognized: "GET .*$/,
    ours: "421 4.7.0 mail.example.test Rejecting open proxy localhost [127.0.0.1]",
  },
  // A path ends with its bracket: what stands behind it is no part of an address, and no comment.
  { about: /^(?:MAIL FROM|RCPT TO):<joe>>$/, theirs: /^553 5\.0\.0 .*$/, ours: "555 5.5.4  parameter unrecognized" },
  { about: /:<joe>\(comment\)$/, theirs: /^250 2\.1\.[05] <joe>\(.*$/, ours: "555 5.5.4  parameter unrecognized" },
  { about: /:<joe>FOO$/, theirs: /^250 2\.1\.[05] <joe>FOO.*$/, ours: "555 5.5.4 FOO parameter unrecognized" },
  { about: /^RCPT TO:\(comment\) <joe>$/, theirs: /^501 .*$/, ours: "555 5.5.4  parameter unrecognized" },
  // An address is read without its brackets.
  {
    about: /^RCPT TO:<(?:a:joe;|:joe)>$/,
    theirs: /^550 5\.1\.1 (.*) User unknown$/,
    ours: "250 2.1.5 $1 Recipient ok",
  },
  // RFC 3463: a bad address, not another status.
  { about: /:<a{300}@/, theirs: /^553 5\.1\.0 /, ours: "553 5.1.3 " },
  { about: /:< joe >$/, theirs: "< joe >...", ours: "<joe>..." },
  // The mailbox is shown once more, as in every reply about a syntax error.
  {
    about: /:<a{300}@/,
    theirs: "prescan:",
    ours: `${"a".repeat(100)}...${"a".repeat(82)}@mail.example.test... prescan:`,
  },
  // RFC 3461 §4.1: once.
  { about: /NOTIFY=DELAY NOTIFY=DELAY$/, theirs: /^250 2\.1\.5 .*$/, ours: "501 5.5.0 Duplicate NOTIFY parameter" },
];

/** The recorded replies as ours should be. */
export function expected({ name }: Dialogue, said: readonly string[]): string[] {
  const rows = DIFFERENCES.filter(({ about }) => about.test(name));
  const replies = said.map((reply) => rows.reduce((text, { theirs, ours }) => text.replace(theirs, ours), reply));
  const last = replies.findIndex((reply) => reply.startsWith("421"));
  // Nothing comes behind the last reply, whatever else is said.
  return last < 0 || last === replies.length - 1 ? replies : [...replies.slice(0, last + 1), ""];
}
