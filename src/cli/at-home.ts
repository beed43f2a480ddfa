/**
 * A compiled configuration moved into one folder, so that any file can be tried out without rights and beside a running
 * mail server: what lies below /etc/mail, /var and /run lies below the home, ports are those that anybody may open, and
 * only this machine can reach them. What already lies in the home, and programs, stay as they are.
 */

export interface AtHome {
  readonly text: string;
  /** "port 25 is 2525", "/etc/mail is /home/me/var": what is not as the file says. */
  readonly moved: readonly string[];
}

/** Prefix in the file → folder in the home; the first that fits counts. */
const FOLDERS: readonly (readonly [string, string])[] = [
  ["/var/spool/rulemail", ""],
  ["/var/spool/clientmqueue", "/clientmqueue"],
  ["/var/spool/mqueue", "/queue"],
  ["/var/spool/mail", "/mail"],
  ["/var/mail", "/mail"],
  ["/var/run", ""],
  ["/run", ""],
  ["/etc/mail", ""],
  ["/etc/aliases", "/aliases"],
  ["/var", "/var"],
];

/** Lines that may name files: macros, classes, options, maps, mailers, queue groups. */
const NAMES_FILES = /^[DCFOKMQ]/;
const PATH = /(?<![\w.$}/-])\/(?:var|run|etc\/mail|etc\/aliases)(?=[/\s,:;"']|$)[^\s,;"']*/g;

const DAEMON = /^O[ \t]*DaemonPortOptions[ \t]*=(.*)$/i;
/** Ports with names, as services(5) has them. */
const SERVICES: Readonly<Record<string, number>> = {
  smtp: 25,
  submission: 587,
  msa: 587,
  smtps: 465,
  submissions: 465,
};
const SHIFT = 2500;
const LOWEST = 1024;

/** For folders above the home, which its owner did not choose the rights of. */
const OWN_FOLDERS =
  "GroupWritableDirPathSafe,GroupReadableKeyFile,ForwardFileInGroupWritableDirPath,IncludeFileInGroupWritableDirPath";

export interface Wishes {
  /** Ports from this one on; 0 for free ones. Without it privileged ports are moved up by 2500, and the others stay. */
  readonly port?: number;
  /** Where mail goes that would leave this machine: `host port`. */
  readonly relay?: string;
}

/** @param users the file with the mailboxes, in the form of /etc/passwd */
export function movedHome(text: string, home: string, users: string, wishes: Wishes = {}): AtHome {
  const moved = new Set<string>();
  const portFor = portsFrom(wishes.port);
  let listens = false;
  const lines = text.split("\n").map((line) => {
    const ports = DAEMON.exec(line)?.[1];
    if (ports !== undefined) {
      listens = true;
      return `O DaemonPortOptions=${portAtHome(ports, moved, portFor)}`;
    }
    if (wishes.relay !== undefined && line.startsWith("M")) {
      const sent = line.replace(/\bA=TCP \$h.*$/, `A=TCP ${wishes.relay}`);
      if (sent !== line) moved.add(`mail for other hosts goes to ${wishes.relay.replace(" ", ":")}`);
      return filesAtHome(sent, home, moved);
    }
    // Whoever tries it out has no other user's rights to take on.
    if (/^O[ \t]*(?:RunAsUser|TrustedUser)\b/.test(line)) return `#${line}`;
    return NAMES_FILES.test(line) ? filesAtHome(line, home, moved) : line;
  });
  // Lines at the end keep the numbers of the others, which the source map knows.
  const added = [`O DontBlameSendmail=${OWN_FOLDERS}`, `O HelpFile=${home}/helpfile`];
  // Its place when nothing is said is that of the machine's own mail server.
  if (!/^O[ \t]*PidFile\b/m.test(text)) added.push(`O PidFile=${home}/rulemail.pid`);
  if (!listens) added.push(`O DaemonPortOptions=${portAtHome("Name=MTA", moved, portFor)}`);
  if (!/^O[ \t]*MailboxDatabase[ \t]*=[ \t]*passwd:/m.test(text)) added.push(`O MailboxDatabase=passwd:${users}`);
  return { text: `${lines.join("\n")}${added.join("\n")}\n`, moved: [...moved] };
}

function filesAtHome(line: string, home: string, moved: Set<string>): string {
  // The name of a class may stand directly in front of its file: `Fw/etc/mail/names`, `F{R}/etc/mail/names`.
  const name = /^F(?:\w|\{[^}]*\})/.exec(line)?.[0] ?? "";
  return (
    name +
    line.slice(name.length).replace(PATH, (path, at: number) => {
      if (line.startsWith(home, name.length + at)) return path;
      const [from, to] = FOLDERS.find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`)) ?? ["", ""];
      if (from === "") return path;
      moved.add(`${from} is ${home}${to}`);
      return `${home}${to}${path.slice(from.length)}`;
    })
  );
}

type PortFor = (asked: number) => number;

function portsFrom(first: number | undefined): PortFor {
  let next = first ?? 0;
  if (first === undefined) return (asked) => (asked > 0 && asked < LOWEST ? asked + SHIFT : asked);
  return () => (first === 0 ? 0 : next++);
}

function portAtHome(equates: string, moved: Set<string>, portFor: PortFor): string {
  const parts = equates.split(",").map((part) => part.trim());
  const of = (key: RegExp): number => parts.findIndex((part) => key.test(part));
  const family = parts[of(/^f[^=]*=/i)]?.split("=")[1]?.trim().toLowerCase() ?? "inet";
  if (family !== "inet" && family !== "inet6") return equates;
  const at = of(/^p[^=]*=/i);
  const wanted = at < 0 ? "smtp" : parts[at].slice(parts[at].indexOf("=") + 1).trim();
  const number = SERVICES[wanted.toLowerCase()] ?? Number(wanted);
  const own = portFor(number);
  if (own !== number && !Number.isNaN(number)) {
    moved.add(`port ${number} is ${own === 0 ? "a free one" : own}`);
    parts[at < 0 ? parts.length : at] = `Port=${own}`;
  }
  if (of(/^a[^=]*=/i) < 0) {
    const loopback = family === "inet6" ? "::1" : "127.0.0.1";
    moved.add(`only ${loopback} is listened to`);
    parts.push(`Addr=${loopback}`);
  }
  return parts.join(", ");
}
