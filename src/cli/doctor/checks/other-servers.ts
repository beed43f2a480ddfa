/** Other mail servers of this machine: that run, that would be started at boot, that have the command `sendmail`. */
import { closeSync, existsSync, openSync, readdirSync, readSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { runningProcesses } from "../../../daemon/listen-problem.ts";
import { programRoot } from "../../../sys/program-files.ts";
import type { Check } from "../check.ts";
import type { Finding } from "../finding.ts";
import type { Patient } from "../patient.ts";

/** Names of programs as the system shows them → what they belong to. */
const PROGRAMS: ReadonlyMap<string, string> = new Map([
  ["master", "Postfix"],
  ["qmgr", "Postfix"],
  ["exim", "Exim"],
  ["exim4", "Exim"],
  ["sendmail", "sendmail"],
  ["sendmail-mta", "sendmail"],
  ["smtpd", "OpenSMTPD"],
  ["qmail-send", "qmail"],
  ["nullmailer-send", "nullmailer"],
  ["masqmail", "masqmail"],
  ["citserver", "Citadel"],
  ["maddy", "Maddy"],
  ["mox", "mox"],
]);

/** Units of systemd, and scripts of /etc/init.d. */
const SERVICES: readonly string[] = [
  "postfix",
  "exim4",
  "exim",
  "sendmail",
  "opensmtpd",
  "smtpd",
  "qmail",
  "nullmailer",
  "masqmail",
];

export const otherServers: Check = {
  name: "other servers",
  about: "another mail server that runs, is started at boot, or has the command sendmail",
  needs: "nothing",
  run: (patient) => [...running(patient), ...atBoot(patient), ...command(patient)],
};

function running({ proc }: Patient): Finding[] {
  const found = new Map<string, number>();
  for (const { pid, name } of runningProcesses(proc)) {
    const server = PROGRAMS.get(name);
    if (server !== undefined && !found.has(server) && isProgram(proc, pid, name)) found.set(server, pid);
  }
  return [...found].map(([server, pid]) => ({
    kind: "other-server",
    what: `${server} runs (process ${pid})`,
    where: `process ${pid}`,
    todo: "stop it, unless it is meant to run beside this server: systemctl disable --now NAME",
  }));
}

/** `master` and `smtpd` are names of other programs, too, and `sendmail` is one of ours: the path tells. */
function isProgram(proc: string, pid: number, name: string): boolean {
  try {
    const path = realpathSync(join(proc, String(pid), "exe"));
    if (path === process.execPath) return false;
    return !AMBIGUOUS.has(name) || /postfix|opensmtpd|sbin\/smtpd/.test(path);
  } catch {
    return true; // somebody else's process: its name is all that we have
  }
}

const AMBIGUOUS: ReadonlySet<string> = new Set(["master", "qmgr", "smtpd"]);

function atBoot({ root }: Patient): Finding[] {
  const wants = join(root, "/etc/systemd/system/multi-user.target.wants");
  const starts = new Set([
    ...namesIn(wants).map((name) => name.replace(/\.service$/, "")),
    ...namesIn(join(root, "/etc/rc3.d")).flatMap((name) => /^S\d\d(.*)$/.exec(name)?.[1] ?? []),
  ]);
  return SERVICES.filter((name) => starts.has(name)).map((name) => ({
    kind: "other-server",
    what: `${name} is started when the machine starts, and may take the ports first`,
    where: wants,
    todo: `systemctl disable ${name}`,
  }));
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Where programs look for sendmail. */
const PLACES: readonly string[] = ["/usr/sbin/sendmail", "/usr/lib/sendmail"];

function command({ root }: Patient): Finding[] {
  const places = PLACES.filter((place) => existsSync(join(root, place)));
  if (places.length === 0)
    return [
      {
        kind: "sendmail-command",
        what: "there is no command sendmail where programs look for it: cron, scripts and web applications cannot send mail",
        where: PLACES[0],
        todo: `ln -s ${ownCommand()} ${PLACES[0]}`,
      },
    ];
  return places
    .filter((place) => !isOurs(join(root, place)))
    .map((place) => ({
      kind: "sendmail-command",
      what: `${place} is that of another mail server: what programs send goes there`,
      where: place,
      todo: `take that server away, or: ln -sf ${ownCommand()} ${place}`,
    }));
}

function ownCommand(): string {
  return join(programRoot(), "bin/sendmail");
}

const HEAD = 4096;

/** A link into this program, the one executable file, or a script that calls it. */
function isOurs(place: string): boolean {
  const file = realpathSync(place);
  if (file.startsWith(`${programRoot()}/`) || /\brulemail\b/.test(file)) return true;
  const head = Buffer.alloc(HEAD);
  const fd = openSync(file, "r");
  try {
    const octets = head.subarray(0, readSync(fd, head, 0, HEAD, 0));
    return octets.subarray(0, 2).toString() === "#!" && octets.includes("rulemail");
  } finally {
    closeSync(fd);
  }
}
