/** What a server that lies may have done for it: what the configuration says, and nothing else. */
import { describe, expect, test } from "@jest/globals";
import type { Account } from "../../../src/rights/accounts.ts";
import { type Admission, admit } from "../../../src/rights/admission.ts";
import { NO_TERMS, parseTerms, type Terms } from "../../../src/rights/terms.ts";

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
    { path: "/bin/sh", asRoot: false },
    { path: "/usr/bin/procmail", asRoot: true },
  ],
};

const joe: Account = { user: "joe", uid: 1000, gid: 1000, home: "/home/joe", isFixed: false };
const root: Account = { user: "root", uid: 0, gid: 0, home: "/root", isFixed: false };
const fixed: Account = { user: "mail", uid: 8, gid: 8, home: "", isFixed: true };
const slash: Account = { ...joe, user: "games", home: "/" };
const odd: Account = { ...joe, user: "j.e", home: "/home/j.e" };

function verdict({ kind, ...rest }: Admission): string {
  return kind === "admitted" ? ("mayMake" in rest && rest.mayMake ? "made by root" : "yes") : "no";
}

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

  test.each<[Account, string, string]>([
    [joe, "/bin/sh", "yes"],
    [joe, "/bin/bash", "no"],
    [root, "/bin/sh", "no"],
    [root, "/usr/bin/procmail", "yes"],
  ])("%o runs %s: %s", (account, path, wanted) => {
    expect(verdict(admit(terms, account, "program", { path }))).toBe(wanted);
  });
});

test("a server that stays root is not kept from root's files", () => {
  const own = { ...terms, runAs: { user: "root", uid: 0, gid: 0 } };
  expect(verdict(admit(own, root, "mbox", { path: "/root/box" }))).toBe("yes");
  expect(verdict(admit(own, root, "read", { path: "/etc/list", use: "include" }))).toBe("yes");
  expect(verdict(admit(own, root, "file", { path: "/srv/x" }))).toBe("yes");
  expect(verdict(admit(own, root, "program", { path: "/bin/sh" }))).toBe("yes");
  expect(verdict(admit(own, root, "program", { path: "/bin/bash" }))).toBe("no");
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
    ["ports", [{ host: "", port: 70_000, family: 4 }]],
    ["ports", [{ host: "", port: 25, family: "inet" }]],
    ["runAs", null],
    ["dontBlame", [1]],
  ])("%s %j is refused", (name, value) => {
    expect(() => parseTerms({ ...NO_TERMS, [name]: value })).toThrow(name);
  });
});
