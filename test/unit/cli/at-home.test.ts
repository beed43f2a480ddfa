import { expect, test } from "@jest/globals";
import { movedHome } from "../../../src/cli/at-home.ts";

const HOME = "/home/me/trial";

function moved(text: string, wishes = {}): string[] {
  return movedHome(`${text}\n`, HOME, `${HOME}/passwd`, wishes).text.split("\n").slice(0, text.split("\n").length);
}

test.each([
  [
    "O AliasFile=implicit:-o /etc/mail/aliases, /etc/aliases",
    `O AliasFile=implicit:-o ${HOME}/aliases, ${HOME}/aliases`,
  ],
  ["O QueueDirectory=/var/spool/mqueue/q*", `O QueueDirectory=${HOME}/queue/q*`],
  ["O PidFile=/run/sendmail.pid", `O PidFile=${HOME}/sendmail.pid`],
  ["O HostStatusDirectory=/var/lib/sendmail/host", `O HostStatusDirectory=${HOME}/var/lib/sendmail/host`],
  ["Kaccess hash -o -T<TMPF> /etc/mail/access", `Kaccess hash -o -T<TMPF> ${HOME}/access`],
  ["F{R}-o /etc/mail/relay-domains %[^\\#]", `F{R}-o ${HOME}/relay-domains %[^\\#]`],
  ["Fw/etc/mail/local-host-names", `Fw${HOME}/local-host-names`],
  ["F{R}/etc/mail/relay-domains", `F{R}${HOME}/relay-domains`],
  ["Mlocal, P=[LOCAL], A=LOCAL maildir:/var/mail/$u/", `Mlocal, P=[LOCAL], A=LOCAL maildir:${HOME}/mail/$u/`],
  ["Mprog, P=/bin/sh, F=l, A=sh -c $u", "Mprog, P=/bin/sh, F=l, A=sh -c $u"],
  ["R$*\t$#error $: /var/mail is full", "R$*\t$#error $: /var/mail is full"],
  ["O RunAsUser=smmsp", "#O RunAsUser=smmsp"],
  [`O AliasFile=${HOME}/aliases`, `O AliasFile=${HOME}/aliases`],
])("%s", (line, expected) => {
  expect(moved(line)).toEqual([expected]);
});

test("a home below /var is not moved again", () => {
  const { text } = movedHome("O AliasFile=/var/tmp/me/aliases\n", "/var/tmp/me", "/var/tmp/me/passwd");
  expect(text).toContain("O AliasFile=/var/tmp/me/aliases\n");
});

test.each([
  ["Name=MTA, Port=smtp", "Name=MTA, Port=2525, Addr=127.0.0.1"],
  ["Name=MTA", "Name=MTA, Port=2525, Addr=127.0.0.1"],
  ["Name=MSA, P=587, M=E, A=10.0.0.1", "Name=MSA, Port=3087, M=E, A=10.0.0.1"],
  ["Port=2525, Addr=127.0.0.1", "Port=2525, Addr=127.0.0.1"],
  ["Family=inet6, Port=25", "Family=inet6, Port=2525, Addr=::1"],
  ["Family=local, Addr=/x", "Family=local, Addr=/x"],
])("port %s", (equates, expected) => {
  expect(moved(`O DaemonPortOptions=${equates}`)).toEqual([`O DaemonPortOptions=${expected}`]);
});

test("-p gives ports in a row, or free ones", () => {
  const two = "O DaemonPortOptions=Name=MTA, Addr=127.0.0.1\nO DaemonPortOptions=Port=587, Addr=127.0.0.1";
  expect(moved(two, { port: 7000 })).toEqual([
    "O DaemonPortOptions=Name=MTA, Addr=127.0.0.1, Port=7000",
    "O DaemonPortOptions=Port=7001, Addr=127.0.0.1",
  ]);
  expect(moved(two, { port: 0 })[1]).toBe("O DaemonPortOptions=Port=0, Addr=127.0.0.1");
});

test("the pid file of the machine's own mail server is left alone", () => {
  expect(movedHome("#O PidFile=/var/run/sendmail.pid\n", HOME, "/p").text).toContain(
    `\nO PidFile=${HOME}/rulemail.pid\n`,
  );
  expect(movedHome("O PidFile=/home/x/pid\n", HOME, "/p").text).not.toContain("rulemail.pid");
});

test("a configuration without ports gets one, and -r sends what would leave to one place", () => {
  const { text, moved: said } = movedHome("Mesmtp, P=[IPC], A=TCP $h 25\n", HOME, "/p", { relay: "[127.0.0.1] 99" });
  expect(text).toContain("\nO DaemonPortOptions=Name=MTA, Port=2525, Addr=127.0.0.1\n");
  expect(text).toContain("Mesmtp, P=[IPC], A=TCP [127.0.0.1] 99\n");
  expect(said).toContain("mail for other hosts goes to [127.0.0.1]:99");
});
