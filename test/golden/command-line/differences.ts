/**
 * Where we answer otherwise on purpose: the parts of the recorded result that differ. Each has its reason here, and
 * those that a caller can meet have their row in docs/compatibility.md.
 */
import type { CommandLineCase } from "./cases.ts";

export interface Difference {
  readonly exit?: number;
  readonly said?: string;
  /** Lines that are other ones here, or none (""). */
  readonly lines?: Readonly<Record<string, string>>;
  /** "mailer user user" of every delivery; headers are not compared then. */
  readonly recipients?: readonly string[];
  /** Header fields that are not compared. */
  readonly except?: readonly string[];
}

/** A list that names nobody is an error, not a message that was sent to nobody. */
const NOBODY: Difference = { exit: 64, said: "Recipient names must be specified\n" };
const NONE_IN_HEADER: Difference = { exit: 64, said: "No recipient addresses found in header\n" };

/** A temporary failure is no mailer. */
const NOT_NOW: Difference = {
  exit: 75,
  lines: { 'a@d450.test... deliverable: mailer *error*, host 4.2.0, user "450 Come back"': "" },
};

/** A text of the caller's that no rule asked for is shown as it is, with its address. */
const single: Readonly<Record<string, Difference>> = {
  "words: empty word": NOBODY,
  "words: blank word": NOBODY,
  "words: only a comma": NOBODY,
  "words beside: only comments": NOBODY,
  "-t: no recipients": NONE_IN_HEADER,
  "-t: no recipients, empty To": NONE_IN_HEADER,
  "-t: empty input": NONE_IN_HEADER,
  "-t: Resent-From only": NONE_IN_HEADER,
  "-t: Resent-From alone with Bcc": NONE_IN_HEADER,

  // Whoever speaks SMTP reads the replies.
  "-bs: refused sender": { exit: 0 },
  "-bs: refused recipients": { exit: 0 },
  "-bs: a comma in a path": { exit: 0 },
  "-bs: a sender whose domain is not there": { exit: 0 },
  "-bs: a mailer that fails": { exit: 0 },

  // What cannot be read as one address goes to nobody; the original guesses, and delivers to a part of it.
  "words: unbalanced in the middle": { said: "<joe, bob... Invalid route address\n", recipients: ["local ann"] },
  "-t: syntax": { exit: 64, said: "<joe, ann... Invalid route address\n", recipients: [] },
  "-t: syntax and good": { recipients: ["local ann"] },

  // Discarding is possible for recipients, too.
  "words: discarded": { exit: 0, said: "" },
  "words: discarded and known": { exit: 0, said: "" },
  "words: control character": { said: "jo\\001e... jo?e... Syntax error in mailbox address\n" },
  "words: eight bits": { said: "j\u00c3\u00b6rg... User unknown\n" },

  // A reply of the 5xx kind is final, whatever stands before it.
  "exit status of $@ 5.4.1": { exit: 75 },
  "exit status of $@ 5.4.3": { exit: 75 },
  "exit status of $@ 5.4.5": { exit: 75 },
  "exit status of a reply text: 8": { exit: 75 },

  // With a bad recipient in the header the others get the message at once, not at the next queue run.
  "-t: empty group and Bcc": { recipients: ["local joe"] },
  "-t: unknown": { recipients: ["local joe"] },
  "-t: error of rules": { recipients: ["local joe"] },
  "-n -t": { recipients: ["local joe"] },
  "Trac and Redmine": { recipients: ["remote ann@b.test joe@b.test"] },

  // Fields keep the blanks that they came with.
  "-t: trailing comma": { except: ["To"] },
  "cron, MAILTO of two": { except: ["To"] },
  "PHP mail(), several To": { except: ["To"] },

  // RFC 5321 §4.4: the null reverse-path stays visible; RFC 5322 §3.6.2: a From field names somebody.
  ...Object.fromEntries(
    ["null to joe", "empty to joe", "brackets with blanks to joe", "null, with From", "null, empty From"].map(
      (name) => [`sender: ${name}`, { except: ["Return-Path"] }],
    ),
  ),
  // Without AuthSource there are no passwords, and no mechanisms: there is no library that brings some.
  "-bs: questions": {
    lines: { "504 5.3.3 AUTH mechanism PLAIN not available": "503 5.3.3 AUTH not available" },
  },
  "-bs: from nobody": { except: ["Return-Path"] },
  "-bs: from nobody to remote": { except: ["From"] },
  ...Object.fromEntries(
    ["null", "empty", "brackets with blanks"].map((name) => [`sender: ${name} to joe@b.test`, { except: ["From"] }]),
  ),

  // The caller hears why.
  "-h too many": { said: "Too many hops 30 (25 max)\n" },
  "-v mailer fails": {
    said:
      "joe... Connecting to local...\njoe... Sent\n" +
      "67@exit.test... Connecting to exit.test via exits...\n67@exit.test... User unknown\n",
  },
  // Nothing is sent by a call that ends with "usage".
  "-Bother": { recipients: [] },
  "words: long address": {
    said: `${"x".repeat(100)}...${"x".repeat(93)}@b.test... prescan: token too long\n`,
  },
  // Blanks separate senders, too.
  "header: From two words": { except: ["From"] },
  "header: Reply-To two words": { except: ["Reply-To"] },
  "header: Errors-To two words": { except: ["Errors-To"] },
  // A loop is followed once around.
  "-bv -v: self": { lines: { "self... duplicate suppressed": "" } },
  "-bv -v: loop1": {
    lines: { "loop1... aliased to loop2": "", "loop2... duplicate suppressed": "loop1... duplicate suppressed" },
  },
  "-bv: a@d450.test": NOT_NOW,
  "-bv -v: a@d450.test": NOT_NOW,
  // VRFY opens no aliases, but knows of those that lead nowhere.
  "EXPN: self": { lines: { "250 2.1.5 <self@mail.example.test>": "" } },
  "EXPN: loop1": { lines: { "250 2.1.5 <loop1@mail.example.test>": "" } },
  "EXPN: broken": { lines: { "550 5.1.1 nosuch2... User unknown": "550 5.1.1 nosuch... User unknown" } },
  // Names stand as they were asked for, and in their order.
  "EXPN: MAILER-DAEMON": {
    lines: { "250 2.1.5 <mailer-daemon@mail.example.test>": "250 2.1.5 <MAILER-DAEMON@mail.example.test>" },
  },
  "EXPN: list,joe": {
    lines: {
      "250 2.1.5 <list@mail.example.test>": "250 2.1.5 Joe Q. Public <joe@mail.example.test>",
      "250-2.1.5 Joe Q. Public <joe@mail.example.test>":
        "250-2.1.5 Joe Q. Public <joe@mail.example.test>\n250-2.1.5 <list@mail.example.test>",
    },
  },
  "EXPN: joe+box": {
    lines: {
      "250 2.1.5 Joe Q. Public <joe@mail.example.test>": "250 2.1.5 Joe Q. Public <joe+box@mail.example.test>",
    },
  },
  "EXPN: a@nouser.test": { exit: 0 },
  // SMTPUTF8 exists here.
  "-U": { exit: 0, said: "", recipients: ["local joe"] },
};

/**
 * A sender that the rulesets refuse, or that is not balanced: nobody gets the message. The original says the same, ends
 * with the same status, and sends it all the same, from somebody else.
 */
const refusedSenders = [
  "list",
  "list with blank",
  "trailing comma",
  "error of rules",
  "error of rules 5.7.1",
  "no domain",
  "program",
  "file",
  "discarded",
  "unbalanced <",
  "unbalanced (",
  "unbalanced quote",
  "long",
];

const senders: Readonly<Record<string, Difference>> = Object.fromEntries(
  refusedSenders.flatMap((name) =>
    ["joe", "joe@b.test"].map((to) => {
      const said = name === "discarded" ? { said: "a@discard.test... Invalid sender address\n" } : {};
      return [`sender: ${name} to ${to}`, { recipients: [], ...said }];
    }),
  ),
);

export const namesOfDifferences: readonly string[] = [...Object.keys(single), ...Object.keys(senders)];

export function differences({ name }: CommandLineCase): Difference | undefined {
  return single[name] ?? senders[name];
}
