/**
 * docs/first-evening.md on a machine on which there is nothing yet: `rulemail setup` as root, its two questions typed, the server
 * started as it is told, a first message that arrives and one that leaves, and a doctor who finds nothing on the machine.
 */
import { expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

/** Root's shell is as careful as some are: others may read nothing that it makes. */
const EMPTY = `
umask 077
rm -rf /var/spool/* /var/mail/* /etc/mail
await() { for i in $(seq 100); do eval "$1" >/dev/null 2>&1 && return 0; sleep 0.1; done; echo "in vain: $1"; return 1; }
`;

const STOP = "kill $(head -n 1 /var/spool/rulemail/rulemail.pid)\n";

peerDescribe("a first evening on an empty machine", ["root"], () => {
  test("standalone, with users of our own: set up, started, mail arrives, nothing is found", () => {
    const { stdout, stderr } = runInside(
      "bare",
      `${EMPTY}
printf '\\nann\\n' | rulemail setup --no-doctor example.test >/mnt/told; echo "setup: $?"
grep -c '\\]: ' /mnt/told
id -un rulemail; stat -c '%U %a' /etc/mail/passwords /etc/mail/certs/server.key /etc/mail/dkim/example.test/mail.private
$(sed -n 's/^start *//p' /mnt/told); echo "start: $?"
rulemail doctor --only files --only folders --only tables --only ports --only certificates --only relaying; echo "doctor: $?"
printf 'Subject: hello\\n\\nfirst\\n' | sendmail postmaster@example.test; echo "sent: $?"
await 'ls /var/mail/ann/new/*'
stat -c %u /var/mail/ann/new/*
${STOP}`,
    );
    expect([stdout.split("\n").filter((line) => line !== ""), stderr]).toEqual([
      [
        "setup: 0",
        "1",
        "rulemail",
        "rulemail 600",
        "root 600",
        "root 600",
        "start: 0",
        "doctor: 0",
        "sent: 0",
        "64101",
      ],
      "",
    ]);
  });

  test("behind a smart host, for accounts: mail for others goes there", () => {
    const { stdout, stderr } = runInside(
      "bare",
      `${EMPTY}
rulemail setup --yes --no-doctor --smarthost 127.0.0.1:2525 example.test >/mnt/told; echo "setup: $?"
$(sed -n 's/^start *//p' /mnt/told); echo "start: $?"
sendmail -bv someone@far.test
printf 'Subject: hello\\n\\nfirst\\n' | sendmail someone@far.test; echo "sent: $?"
await 'mailq | grep -q "Connection refused by \\[127.0.0.1\\]"'
${STOP}`,
    );
    expect([stdout.split("\n").filter((line) => line !== ""), stderr]).toEqual([
      [
        "setup: 0",
        "start: 0",
        "someone@far.test... deliverable: mailer esmtp, host [127.0.0.1], user someone@far.test",
        "sent: 0",
      ],
      "",
    ]);
  });
});
