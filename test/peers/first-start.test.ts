/**
 * The first evening: each shipped configuration on a machine on which there is nothing yet, neither /etc/mail nor a mailbox
 * nor the home of the server. Mail for a user arrives, or the start says what is missing and what to do.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

const cf = join(import.meta.dirname, "../../cf");

/** An empty machine with a few users; functions for scripts. */
const MACHINE = `
set -u
umask 022
rm -rf /var/spool/* /var/mail/* /etc/mail
mkdir -p /etc/mail
for n in 1 2 3 4; do
  mkdir -p /mnt/home/user$n
  echo "user$n:x:200$n:200$n::/mnt/home/user$n:/bin/sh" >>/etc/passwd
  chown 200$n:200$n /mnt/home/user$n
done
cd /mnt
# Waits until a command succeeds.
await() { for i in $(seq 100); do eval "$1" >/dev/null 2>&1 && return 0; sleep 0.1; done; echo "in vain: $1"; return 1; }
message() { printf 'Subject: hello\\n\\nfirst\\n'; }
is_empty() { mailq | grep -q 'is empty'; }
`;

/** @param defines words for `rulemail mc` */
function start(name: string, defines = ""): string {
  return `rulemail mc ${defines} ${cf}/${name}.mc >/etc/mail/sendmail.cf && sendmail -bd -q1h\n`;
}

const DELIVER = `
message | sendmail user1 && message | sendmail postmaster
await is_empty
find /var/spool/rulemail/mail /var/mail -type f -path '*new*' 2>/dev/null | sed 's,/new/.*,,' | sort
`;

peerDescribe("a first start as root", ["root"], () => {
  const REAL =
    "-D SERVER_DOMAIN=mail.example.test -D SERVER_PORT=25 -D SERVER_MSA_PORT=587 -D SERVER_ADDRESS=127.0.0.2";
  test.each([
    ["standalone", REAL, "/var/spool/rulemail/mail"],
    ["standalone", "", "/var/spool/rulemail/mail"],
    ["smarthost", "", "/var/mail"],
  ])("of %s %s delivers", (name, defines, folder) => {
    const { stdout, stderr } = runInside("bare", MACHINE + start(name, defines) + DELIVER);
    expect(stderr).toBe("");
    expect(stdout.trim().split("\n")).toEqual([`${folder}/root`, `${folder}/user1`]);
  });

  test.each(["mailhub", "gateway", "uucp"])(
    "of %s names the tables that it needs, and delivers when they are there",
    (name) => {
      const make = `
      sed -n 's/.*(\\(makemap [^)]*\\)).*/\\1/p' errors >make
      sed 's/.*< /touch /' make | sh && sh make
      sed 's/^/: /' make
    `;
      const { stdout, stderr } = runInside(
        "bare",
        `${MACHINE}
      rulemail mc ${cf}/${name}.mc >/etc/mail/sendmail.cf && sendmail -bd -q1h 2>errors
      cat errors; ${make}
      message | sendmail user1
      ${name === "gateway" ? "await 'sendmail -q; mailq | grep -q 10.0.0.5'" : "await 'sendmail -q; is_empty'"}
      ls /var/mail`,
      );
      expect(stderr).toBe("");
      expect(stdout).toContain(
        "/etc/mail/mailertable.db: No such file or directory (makemap hash /etc/mail/mailertable <",
      );
      expect(stdout).not.toContain("in vain");
      if (name !== "gateway") expect(stdout.trim().split("\n").at(-1)).toBe("user1");
    },
  );

  test("that lacks several things names them all, and mail arrives once they are there, without another start", () => {
    const { stdout, stderr } = runInside(
      "bare",
      `${MACHINE}
      sed -e 's,implicit:-o SERVER,SERVER,' -e 's,SERVER_HOME/mail,/mnt/none/mail,' ${cf}/standalone.mc >site.mc
      rulemail mc -D SERVER_USERS=passwd:/etc/mail/users site.mc >/etc/mail/sendmail.cf
      sed -i 's,P=/bin/sh,P=/usr/lib/none/smrsh,' /etc/mail/sendmail.cf
      sendmail -bd -q1h
      message | sendmail user1
      await 'mailq | grep -q Deferred'
      mkdir -p /mnt/none/mail && grep user1 /etc/passwd >/etc/mail/users && echo 'postmaster: user1' >/etc/mail/aliases
      await 'sendmail -q; is_empty'
      ls /mnt/none/mail; rm -r /mnt/none`,
    );
    expect(stderr.trim().split("\n")).toEqual([
      expect.stringMatching(/not arrive: the alias file \/etc\/mail\/aliases is missing: make it/),
      expect.stringMatching(/not arrive: users cannot be looked up \(MailboxDatabase=passwd:\/etc\/mail\/users\)/),
      expect.stringMatching(
        /not arrive: the folder \/mnt\/none\/mail for mailboxes is missing and cannot be made .*: make it/,
      ),
      expect.stringMatching(
        /mail for programs that aliases name will not arrive: the program \/usr\/lib\/none\/smrsh /,
      ),
    ]);
    expect(stdout).toBe("user1\n");
  });

  test.each(["nullclient", "submission"])("of %s has nothing local to complain of", (name) => {
    const { stderr, status } = runInside("bare", MACHINE + start(name));
    expect(stderr).not.toMatch(/will not arrive|will wait/);
    expect({ status, stderr }).toMatchObject({ status: 0 });
  });

  test("no shipped configuration is left out here", () => {
    const shipped = readdirSync(cf).filter((file) => file.endsWith(".mc"));
    const tried = ["standalone", "smarthost", "uucp", "mailhub", "gateway", "nullclient", "submission"];
    expect(shipped.toSorted()).toEqual(tried.map((name) => `${name}.mc`).toSorted());
  });
});

const MBOX = `sed 's,maildir:SERVER_HOME/mail/$u/,mbox:/var/mail/$u,' ${cf}/standalone.mc >site.mc
rulemail mc site.mc >/etc/mail/sendmail.cf && sendmail -bd -q1h\n`;

peerDescribe("mailboxes in /var/mail", ["root"], () => {
  test("are made for their owners in a folder that is as Debian makes it, and links are not followed", () => {
    const { stdout, stderr } = runInside(
      "bare",
      `${MACHINE}
      chown root:mail /var/mail && chmod 2775 /var/mail
      echo secret >/etc/secret
      ln -s /etc/secret /var/mail/user2
      ln -s /etc/nothing /var/mail/user3
      ${MBOX}
      for n in 1 2 3; do message | sendmail user$n; done
      await "mailq | grep -q 'user2: Too many' && mailq | grep -q 'user3: Too many' && [ -s /var/mail/user1 ]"
      message | sendmail user1
      await "[ \\$(grep -c '^From ' /var/mail/user1) = 2 ]"
      stat -c '%a %U:%G %F' /var/mail/user1
      cat /etc/secret; ls /etc/nothing 2>&1`,
    );
    expect(stderr).toBe("");
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      "600 user1:mail regular file",
      "secret",
      expect.stringMatching(/No such/),
    ]);
  });
});

describe("an ordinary user", () => {
  const as = "setpriv --reuid 2001 --regid 2001 --clear-groups";
  peerDescribe("with folders of his own", ["root"], () => {
    test("gets the mail of his server", () => {
      const { stdout, stderr } = runInside(
        "bare",
        `${MACHINE}
        export RULEMAIL_HOME=/mnt/home/user1/server
        rulemail mc -D SERVER_HOME=$RULEMAIL_HOME -D SERVER_SETTINGS=$RULEMAIL_HOME -D SERVER_USERS=pw ${cf}/standalone.mc >site.cf
        ${as} sendmail -bd -C site.cf
        message | ${as} sendmail user1 && message | ${as} sendmail postmaster
        await "[ \\$(find $RULEMAIL_HOME/mail/user1/new -type f | wc -l) = 2 ]"
        stat -c '%a %U' $RULEMAIL_HOME $RULEMAIL_HOME/mail`,
      );
      expect(stderr).toBe("");
      expect(stdout).toBe("700 user1\n700 user1\n");
    });

    test("is told why the machine's own folders will not do", () => {
      const { stdout } = runInside(
        "bare",
        `${MACHINE}
        rulemail mc ${cf}/standalone.mc >site.cf
        ${as} sendmail -bd -C site.cf 2>&1; echo $?
        mkdir -m 1775 /var/spool/rulemail && touch /var/spool/rulemail/log && chmod 640 /var/spool/rulemail/log
        ${as} sendmail -bd -C site.cf 2>&1; echo $?`,
      );
      const line = "rulemail: cannot start: .*/var/spool/rulemail.*RULEMAIL_HOME.*\n69\n";
      expect(stdout).toMatch(new RegExp(`^${line}${line}$`));
    });
  });
});
