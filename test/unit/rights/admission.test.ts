/** What a server that lies may have done for it: what the configuration says, and nothing else. */
import { statSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import type { Account } from "../../../src/rights/accounts.ts";
import { type Admission, admit } from "../../../src/rights/admission.ts";
import { fitExactly, isPlainAddress } from "../../../src/rights/program-words.ts";
import type { TaskArgument } from "../../../src/rights/task.ts";
import { NO_TERMS, parseTerms, type Terms } from "../../../src/rights/terms.ts";

const PROCMAIL = [["procmail", "-f", "\0x", "-a", "\0h", "-m", "/srv/\0h", "-d", "\0u", "-z\0z"]];

const terms: Terms = {
  ...NO_TERMS,
  mailboxes: [
    { kind: "mbox", path: "/var/mail/$u" },
    { kind: "maildir", path: "$z/Maildir/" },
    { kind: "maildir", path: "/srv/mail/$u/.$h" },
  ],
  forwardPath: ["/var/forward/$u", "$z/.forward+$h", "$z/.forward"],
  dontBlame: ["FileDeliveryToSymLink", "GroupWritableForwardFile"],
  programs: [
    { path: "/bin/sh", asRoot: false, words: [], nice: 0, root: "" },
    { path: "/usr/bin/procmail", asRoot: true, words: PROCMAIL, nice: 2, root: "" },
    { path: "/bin/bash", asRoot: true, words: [["bash", "-c", "\0u"]], nice: 0, root: "" },
    { path: "/bin/jailed", asRoot: false, words: [], nice: 0, root: "/srv/jail" },
  ],
};

const joe: Account = { user: "joe", uid: 1000, gid: 1000, home: "/home/joe", isFixed: false };
const root: Account = { user: "root", uid: 0, gid: 0, home: "/root", isFixed: false };
const fixed: Account = { user: "mail", uid: 8, gid: 8, home: "", isFixed: true };
const slash: Account = { ...joe, user: "games", home: "/" };
const odd: Account = { ...joe, user: "j.e", home: "/home/j.e" };

function isRootsOwn(path: string): boolean {
  const { uid, mode } = statSync(path);
  return uid === 0 && (mode & 0o022) === 0;
}

function verdict({ kind, ...rest }: Admission): string {
  return kind === "admitted" ? ("mayMake" in rest && rest.mayMake ? "made by root" : "yes") : "no";
}

const run = (account: Account, path: string, argv: readonly string[], more: TaskArgument = {}): Admission =>
  admit(terms, account, "program", {
    path,
    argv,
    nice: 0,
    root: "",
    environment: ["HOME=/evil"],
    folders: ["/evil"],
    ...more,
  });

const words = (changes: Readonly<Record<number, string>>): string[] =>
  ["procmail", "-f", "ann@x", "-a", "list", "-m", "/srv/x", "-d", "joe", "-z/home/joe"].map(
    (word, at) => changes[at] ?? word,
  );

describe("mailboxes", () => {
  test.each<[Account, string, string, string]>([
    [joe, "mbox", "/var/mail/joe", "made by root"],
    [joe, "mbox", "/var/mail/ann", "no"],
    [joe, "mbox", "/var/mail/../mail/joe", "no"],
    [joe, "mbox", "/var/mail//joe", "no"],
    [joe, "mbox", "/var/mail/joe/", "no"],
    [joe, "mbox", "var/mail/joe", "no"],
    [joe, "mbox", "/var/mail/joe\0", "no"],
    [joe, "mbox", "/", "no"],
    // Another format is another file.
    [joe, "maildir", "/var/mail/joe", "no"],
    [joe, "maildir", "/home/joe/Maildir", "yes"],
    [joe, "maildir", "/srv/mail/joe/.list", "made by root"],
    [joe, "maildir", "/srv/mail/joe/.list/x", "no"],
    [joe, "maildir", "/srv/mail/ann/.list", "no"],
    // A user's own home is his.
    [joe, "mbox", "/home/joe/mbox", "yes"],
    [joe, "mbox", "/home/joe/../ann/mbox", "no"],
    [joe, "mbox", "/home/joey/mbox", "no"],
    [joe, "mbox", "/home/joe", "no"],
    [slash, "mbox", "/etc/cron.d/x", "no"],
    [odd, "mbox", "/var/mail/j.e", "made by root"],
    [odd, "mbox", "/var/mail/jxe", "no"],
    // One uid for all mailboxes: U= of the mailer.
    [fixed, "mbox", "/var/mail/ann", "made by root"],
    [fixed, "mbox", "/var/mail/ann/x", "no"],
    [fixed, "maildir", "/etc/x", "no"],
    // Root's mail goes where the configuration says.
    [root, "mbox", "/var/mail/root", "made by root"],
    [{ ...root, isFixed: true, onlyPrograms: true }, "mbox", "/var/mail/root", "no"],
    [root, "maildir", "/root/Maildir", "yes"],
    [root, "mbox", "/root/.bashrc", "no"],
    [root, "mbox", "/var/mail/joe", "no"],
  ])("%o: %s %s: %s", (account, task, path, wanted) => {
    expect(verdict(admit(terms, account, task, { path }))).toBe(wanted);
  });

  test("without a path, and by no known name", () => {
    expect(verdict(admit(terms, joe, "mbox", {}))).toBe("no");
    expect(verdict(admit(terms, joe, "constructor", { path: "/var/mail/joe" }))).toBe("no");
  });
});

describe("texts that decide about mail", () => {
  test.each<[Account, string, string, string]>([
    [joe, "forward", "/home/joe/.forward", "yes"],
    [joe, "forward", "/home/joe/.forward+x", "yes"],
    [joe, "forward", "/var/forward/joe", "yes"],
    [joe, "forward", "/var/forward/ann", "no"],
    [joe, "forward", "/etc/shadow", "no"],
    [joe, "include", "/srv/lists/x", "yes"],
    [joe, "config", "/home/joe/.forward", "no"],
    [root, "forward", "/root/.forward", "yes"],
    [root, "forward", "/root/.ssh/id", "no"],
    [root, "include", "/etc/shadow", "no"],
  ])("%o: %s %s: %s", (account, use, path, wanted) => {
    expect(verdict(admit(terms, account, "read", { path, use, limit: 10 }))).toBe(wanted);
  });

  test("only what the configuration overlooks is overlooked, and nothing without end is read", () => {
    const dontBlame = ["groupwritableforwardfile", "worldwritableforwardfile"];
    const admission = admit(terms, joe, "read", { path: "/srv/x", use: "include", dontBlame, limit: 1e15 });
    expect(admission).toMatchObject({ argument: { dontBlame: ["groupwritableforwardfile"], limit: 64 * 1024 * 1024 } });
  });
});

describe("files and programs", () => {
  test("links in files only as the configuration says", () => {
    const admission = admit(terms, joe, "file", { path: "/srv/x", allowSymLink: true, allowHardLink: true });
    expect(admission).toMatchObject({ argument: { allowSymLink: true, allowHardLink: false } });
  });

  test("SafeFileEnvironment holds on this side too; nothing is written as root", () => {
    const safe = { ...terms, safeFileEnvironment: "/srv/" };
    expect(verdict(admit(safe, joe, "file", { path: "/srv/x" }))).toBe("yes");
    expect(verdict(admit(safe, joe, "file", { path: "/home/joe/x" }))).toBe("no");
    expect(verdict(admit(terms, root, "file", { path: "/srv/x" }))).toBe("no");
  });

  test.each<[Account, string, TaskArgument, string]>([
    [joe, "/bin/sh", {}, "yes"],
    [joe, "/bin/ksh", {}, "no"],
    [root, "/bin/sh", {}, "no"],
    // These happen before a program has become the user.
    [joe, "/bin/sh", { nice: -20 }, "no"],
    [joe, "/bin/sh", { root: "/tmp/evil" }, "no"],
    [joe, "/bin/sh", { root: "/srv/jail" }, "no"],
    [joe, "/bin/jailed", { root: "/srv/jail" }, "yes"],
    [joe, "/bin/jailed", { root: "/srv/jail/.." }, "no"],
    [joe, "/bin/jailed", {}, "no"],
  ])("%o runs %s %j: %s", (account, path, more, wanted) => {
    expect(verdict(run(account, path, ["sh", "-c", "anything"], more))).toBe(wanted);
  });

  test.each<[readonly string[], string]>([
    [words({}), "yes"],
    // No detail, a sender with signs of its own.
    [words({ 4: "", 2: "a b'$(x)/@y" }), "yes"],
    [words({ 0: "sh" }), "no"],
    [words({ 1: "-r" }), "no"],
    [words({ 2: "-x" }), "no"],
    [words({ 2: "x\nHOST=evil" }), "no"],
    [words({ 4: "-m" }), "no"],
    [words({ 4: "/tmp/evil.rc" }), "no"],
    [words({ 4: "tmp/evil.rc" }), "no"],
    [words({ 4: "/etc/../tmp/evil.rc" }), "no"],
    [words({ 4: ".." }), "no"],
    [words({ 4: "/proc/self/cmdline" }), "no"],
    [words({ 6: "/tmp/x" }), "no"],
    [words({ 6: "/srv/../tmp/x" }), "no"],
    [words({ 8: "" }), "no"],
    [words({ 8: "-Y" }), "no"],
    [words({ 8: "../joe" }), "no"],
    [[...words({}), "more"], "no"],
    [words({}).slice(0, -1), "no"],
    [[], "no"],
    [["procmail", "-m", "/tmp/evil.rc"], "no"],
  ])("as root with the words %j: %s", (argv, wanted) => {
    expect(verdict(run(root, "/usr/bin/procmail", argv, { nice: 2 }))).toBe(wanted);
  });

  test("a text of root's below /etc is what the configuration may mean", () => {
    const allowed = run(root, "/usr/bin/procmail", words({ 4: "/etc/passwd" }), { nice: 2 });
    expect(verdict(allowed)).toBe(isRootsOwn("/etc/passwd") ? "yes" : "no");
  });

  test("for several users a word with $u comes several times; whoever is named has to be one", () => {
    const many = parseTerms({ ...terms, programs: [{ ...terms.programs[1], words: [["lda", "\0u", "-e", "x\0u"]] }] });
    const ask = (...argv: string[]): Admission =>
      admit(many, root, "program", { path: "/usr/bin/procmail", argv, nice: 2, root: "" });
    expect(ask("lda", "joe", "ann", "-e", "xjoe", "xann")).toMatchObject({
      named: { users: ["joe", "ann", "joe", "ann"], homes: [] },
    });
    expect(verdict(ask("lda", "joe", "ann", "-e", "xjoe"))).toBe("no");
    expect(verdict(ask("lda", "-e"))).toBe("no");
  });

  test("homes are told, to be compared with those of the users", () => {
    const admission = run(root, "/usr/bin/procmail", words({ 9: "-z/tmp" }), { nice: 2 });
    expect(admission).toMatchObject({ named: { users: ["joe"], homes: ["/tmp"] } });
  });

  test("no command is made of what stands in a message", () => {
    expect(verdict(run(root, "/bin/bash", ["bash", "-c", "joe"]))).toBe("no");
  });

  test("environment and folder of what runs as root are not the server's", () => {
    const admission = run(root, "/usr/bin/procmail", words({}), { nice: 2 });
    expect(admission).toMatchObject({ argument: { folders: ["/"] } });
    expect(JSON.stringify(admission)).not.toContain("evil");
    expect(JSON.stringify(run(joe, "/bin/sh", ["sh"]))).toContain("HOME=/evil");
  });
});

test("words of a conversation as root are the configuration's to the letter", () => {
  const templates = [
    ["mail.local", "-l"],
    ["lmtpd", "-u\0x"],
  ];
  expect(fitExactly(templates, ["mail.local", "-l"])).toBe(true);
  for (const each of [["mail.local"], ["mail.local", "-l", "-l"], ["lmtpd", "-ujoe"], "mail.local -l", [1]]) {
    expect(fitExactly(templates, each)).toBe(false);
  }
});

test("an address that may stand for a user is nothing else", () => {
  for (const text of ["joe@x.test", "j.o+e@x"]) expect(isPlainAddress(text)).toBe(true);
  for (const text of ["joe", "-x@y", "$(id)@y", "a b@c", "/x@y", "a@", "a@-b", "a@b;c", "a@b\n"]) {
    expect(isPlainAddress(text)).toBe(false);
  }
});

test("a server that stays root is not kept from root's files", () => {
  const own = { ...terms, runAs: { user: "root", uid: 0, gid: 0 } };
  expect(verdict(admit(own, root, "mbox", { path: "/root/box" }))).toBe("yes");
  expect(verdict(admit(own, root, "read", { path: "/etc/list", use: "include" }))).toBe("yes");
  expect(verdict(admit(own, root, "file", { path: "/srv/x" }))).toBe("yes");
  expect(verdict(admit(own, root, "program", { path: "/bin/sh", nice: 0, root: "" }))).toBe("yes");
  expect(verdict(admit(own, root, "program", { path: "/bin/ksh", nice: 0, root: "" }))).toBe("no");
});

describe("terms as text", () => {
  test("come back as they went", () => {
    const whole: Terms = {
      ...terms,
      users: { kind: "file", path: "/etc/users" },
      identities: [{ user: "mail", uid: 8, gid: 8 }],
      ports: [{ host: "127.0.0.1", port: 25, family: 4 }],
      files: ["/etc/ssl/key.pem"],
    };
    expect(parseTerms(JSON.parse(JSON.stringify(whole)))).toEqual(whole);
  });

  test.each<[string, unknown]>([
    ["users", { kind: "ldap" }],
    ["users", { kind: "file" }],
    ["mailboxes", [{ kind: "pipe", path: "/x" }]],
    ["mailboxes", "all"],
    ["identities", [{ user: "x", uid: -1, gid: 1 }]],
    ["identities", [{ user: "x", uid: 2 ** 32 - 1, gid: 1 }]],
    ["identities", [{ user: "x", uid: "0", gid: 1 }]],
    ["programs", [{ path: "/bin/sh" }]],
    ["programs", [{ path: "/bin/sh", asRoot: true, words: [[1]], nice: 0, root: "" }]],
    ["programs", [{ path: "/bin/sh", asRoot: true, words: [], nice: "0", root: "" }]],
    ["ports", [{ host: "", port: 70_000, family: 4 }]],
    ["ports", [{ host: "", port: 25, family: "inet" }]],
    ["runAs", null],
    ["dontBlame", [1]],
  ])("%s %j is refused", (name, value) => {
    expect(() => parseTerms({ ...NO_TERMS, [name]: value })).toThrow(name);
  });
});
