/**
 * Reports beside those of a genuine sendmail: the same messages go through both, and Python's email package reads what comes
 * back. What is ours alone (the paragraph in plain words, reports about aliases) stands in the tests of src/dsn.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

interface Case {
  /** Parameters of MAIL. */
  readonly mail?: string;
  /** What stands behind RCPT TO:. */
  readonly to: readonly string[];
  /** The sender; absent: a mailbox of this case's own. */
  readonly sender?: string;
  /** The mailbox where the reports come. */
  readonly box?: string;
  /** Where the original says less: what is not compared. */
  readonly except?: RegExp;
  /** How many reports come; 1. */
  readonly reports?: number;
}

const CASES: Readonly<Record<string, Case>> = {
  "a program refuses": { to: ["<x@bad.test>"] },
  "two programs refuse": { to: ["<x@bad.test>", "<prog>"] },
  "a server refuses one": {
    mail: " ENVID=QQ+2B314 RET=HDRS",
    to: ["<no@far.test> ORCPT=rfc822;no+2B1@far.test", "<yes@far.test>"],
  },
  "a server refuses, another does not tell": {
    to: ["<no@far.test> NOTIFY=FAILURE", "<yes@nodsn.test> NOTIFY=SUCCESS", "<yes@far.test> NOTIFY=SUCCESS"],
  },
  "a server refuses the sender": {
    to: ["<yes@refuses-mail.test>"],
    except: /^(?:Status|Remote-MTA):|^55[04] 5/,
  },
  "word of success": {
    mail: " RET=FULL",
    to: ["<x@ok.test> NOTIFY=SUCCESS", "<sam> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;s@o.test"],
  },
  "an alias of one": { to: ["<one> NOTIFY=SUCCESS"] },
  "an alias to a user": { to: ["<tolocal> NOTIFY=SUCCESS,FAILURE"] },
  "a program that an alias names": { to: ["<prog>"] },
  "a file that an alias names": { to: ["<file> NOTIFY=SUCCESS"] },
  "a list with an owner": { to: ["<owned> NOTIFY=SUCCESS"] },
  "a member of a list": { to: ["<mixed>"] },
  "a list with an owner fails": { to: ["<badlist>"], box: "boss" },
  "failures and success": {
    mail: " ENVID=abc",
    to: ["<x@bad.test> NOTIFY=SUCCESS,FAILURE", "<y@ok.test> NOTIFY=SUCCESS,FAILURE"],
  },
  "nobody wants to know": { to: ["<x@bad.test> NOTIFY=NEVER", "<y@bad.test> NOTIFY=DELAY,SUCCESS"], reports: 0 },
  "mail from nobody": { to: ["<x@bad.test>"], sender: "", box: "pm1" },
  "a report that cannot be returned": { to: ["<y@bad.test>"], sender: "gone@mail.example.test", box: "pm2" },
  "a delay, and the end of it": { to: ["<x@temp.test>", "<later@far.test>"], reports: 2 },
};

const NAMES = Object.keys(CASES);

const configuration = (postmaster: string): string => `V10/Berkeley
Cwlocalhost mail.example.test
Djmail.example.test
DnMAILER-DAEMON
O QueueDirectory=/mnt/queue
O AliasFile=/mnt/aliases
O DefaultUser=8:8
O DeliveryMode=i
O OperatorChars=.:%@!^/[]+
O UnixFromLine=From $g $d
O DaemonPortOptions=Port=2526, Addr=127.0.0.1
O PidFile=/mnt/pid
O DontBlameSendmail=safe
O DoubleBounceAddress=${postmaster}
O MinQueueAge=0
O Timeout.queuewarn=2s
O Timeout.queuereturn=5s
Troot daemon
H?P?Return-Path: <$g>
HReceived: $?sfrom $s $.by $j id $i; $b
H?D?Date: $a
H?F?From: $?x$x <$g>$|$g$.
H?M?Message-Id: <$t.$i@$j>
Scanonify=3
R<>			$@ <@>
R<@>			$@ <@>
R$*<$*>$*		$2
Sparse=0
R<@>			$#local $: <>
R$+@bad.test		$#bad $@ bad.test $: $1@bad.test
R$+@temp.test		$#temp $@ temp.test $: $1@temp.test
R$+@far.test		$#esmtp $@ far.test $: $1@far.test
R$+@refuses-mail.test	$#other $@ refuses-mail.test $: $1@refuses-mail.test
R$+@nodsn.test		$#nodsn $@ nodsn.test $: $1@nodsn.test
R$+@ok.test		$#ok $@ ok.test $: $1@ok.test
R$*@mail.example.test	$#local $: $1
R$*			$#local $: $1
Sfinal=4
R<@>			$:
Slocaladdr=5
Mlocal, P=/mnt/box, F=lsDFMA5:/|@qPh9E, T=DNS/RFC822/X-Unix, A=box $u
Mprog, P=/bin/sh, F=lsDFMoqeu9, T=X-Unix/X-Unix/X-Unix, D=/, A=sh -c $u
M*file*, P=[FILE], F=lsDFMPEouq9, T=X-Unix/X-Unix/X-Unix, A=FILE $u
M*include*, P=/dev/null, F=su, A=INCLUDE $u
Mbad, P=/mnt/fails, F=lsDFMqh, T=DNS/RFC822/X-Unix, A=fails 67 $u
Mtemp, P=/mnt/fails, F=lsDFMqh, T=DNS/RFC822/X-Unix, A=fails 75 $u
Mok, P=/mnt/takes, F=lsDFMqh, T=DNS/RFC822/X-Unix, A=takes $u
Mesmtp, P=[IPC], F=mDFMuXa, E=\\r\\n, L=990, T=DNS/RFC822/SMTP, A=TCP [127.0.0.9] 2599
Mnodsn, P=[IPC], F=mDFMuX, E=\\r\\n, L=990, T=DNS/RFC822/SMTP, A=TCP [127.0.0.9] 2598
Mother, P=[IPC], F=mDFMuXa, E=\\r\\n, L=990, T=DNS/RFC822/SMTP, A=TCP [127.0.0.9] 2597
`;

const ALIASES = `mailer-daemon: pm
one: three@ok.test
mixed: a@ok.test, x@bad.test
prog: "|exit 67"
file: /mnt/files/afile
badlist: v@bad.test
owner-badlist: boss
owned: u@ok.test
owner-owned: boss
tolocal: joe
`;

/** Mailboxes: everybody has one whose name does not begin with "gone". */
const BOX = `#!/bin/sh
case $1 in gone*) echo "who is $1?"; exit 67;; esac
cat >"/mnt/out/tmp.$$"
mv "/mnt/out/tmp.$$" "/mnt/out/$1.$(date +%s%N)"
`;

const FAILS = `#!/bin/sh
cat >/dev/null
echo "no box for $2"
exit $1
`;

const TAKES = "#!/bin/sh\ncat >/dev/null\n";

/** The next hops: one that knows DSN, one that does not, one that takes no mail from anybody. */
const HOPS = `
import socket, threading
def serve(port, dsn, sender):
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.9", port)); s.listen(20)
    def talk(c):
        f = c.makefile("rwb")
        def say(t): f.write(t.encode() + b"\\r\\n"); f.flush()
        say("220 hop ESMTP")
        while True:
            l = f.readline().decode("latin1").strip()
            v = l[:4].upper()
            if not l: break
            if v == "EHLO": say("250-hop"); dsn and say("250-DSN"); say("250 8BITMIME")
            elif v == "MAIL": say(sender)
            elif v == "RCPT": say("550 5.1.1 <no> nobody here" if "no@" in l else "450 4.2.1 mailbox busy" if "later@" in l else "250 2.1.5 ok")
            elif v == "DATA":
                say("354 go")
                while f.readline().strip() != b".": pass
                say("250 2.0.0 taken")
            elif v == "QUIT": say("221 bye"); break
            else: say("250 ok")
        c.close()
    while True:
        c, _ = s.accept(); threading.Thread(target=talk, args=(c,), daemon=True).start()
for each in [(2599, True, "250 ok"), (2597, True, "550 5.7.1 sender refused")]: threading.Thread(target=serve, args=each, daemon=True).start()
serve(2598, False, "250 ok")
`;

/** One message by \`sendmail -bs\`: the genuine one wants to be spoken to line by line. */
const TALK = `
import subprocess, sys
config, sender, parameters, subject, *recipients = sys.argv[1:]
p = subprocess.Popen(["sendmail", "-C", config, "-bs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
def answer():
    while True:
        l = p.stdout.readline().decode("latin1").rstrip()
        if len(l) < 4 or l[3] != "-": return l
def say(line):
    p.stdin.write((line + "\\r\\n").encode()); p.stdin.flush()
    a = answer()
    if a[:1] not in "23": print("refused:", line, a)
answer()
say("EHLO localhost"); say("MAIL FROM:<" + sender + ">" + parameters)
for r in recipients: say("RCPT TO:" + r)
say("DATA"); say("Subject: " + subject + "\\r\\n\\r\\nbody\\r\\n."); say("QUIT")
p.stdin.close(); p.wait()
`;

/** Reads reports and prints them as JSON: what a program finds in them. */
const READ = `
import email, email.policy, glob, json, os, sys
found = {}
for path in sorted(glob.glob(sys.argv[1] + "/*")):
    with open(path, "rb") as f: m = email.message_from_binary_file(f, policy=email.policy.default)
    defects = [repr(d) for p in m.walk() for d in p.defects]
    if m.get_content_type() != "multipart/report": continue
    parts = list(m.iter_parts())
    groups = [sorted([k, str(v)] for k, v in g.items()) for g in parts[1].get_payload()]
    back = parts[2].get_payload(0) if parts[2].get_content_type() == "message/rfc822" else email.message_from_string(parts[2].get_content(), policy=email.policy.default)
    found.setdefault(os.path.basename(path).split(".")[0], []).append({
        "defects": defects, "subject": m["Subject"], "auto": m["Auto-Submitted"], "kind": m.get_param("report-type"),
        "types": [p.get_content_type() for p in parts], "text": parts[0].get_content(), "groups": groups,
        "back": sorted(str(k) for k in back.keys()), "about": back["Subject"], "returnPath": back["Return-Path"]})
print(json.dumps(found))
`;

function script(kind: "genuine" | "ours", folder: string): string {
  const asked = NAMES.map((name, number) => {
    const { sender = `s${number}@mail.example.test`, mail = "", to, box = "pm" } = CASES[name];
    const config = /^pm\d$/.test(box) ? `/mnt/${box}.cf` : "/mnt/pm.cf";
    return { config, words: [config, sender, mail, String(number), ...to].map((word) => `'${word}'`).join(" ") };
  });
  const count = (number: number): string => {
    const { box = `s${number}`, reports = 1 } = CASES[NAMES[number]];
    return `[ $(ls /mnt/out | grep -c ^${box}[.]) -ge ${reports} ]`;
  };
  // Queue runs, until what is delayed has been warned about and given up.
  const all = NAMES.flatMap((name, number) => (CASES[name].box?.startsWith("pm") === true ? [] : [count(number)]));
  const wait = `await 'sendmail -C /mnt/pm.cf -q; ${all.join(" && ")}'`;
  const talk = (config: string): string =>
    asked.flatMap((each) => (each.config === config ? [`python3 ${folder}/talk.py ${each.words}`] : [])).join("\n");
  const each = ["pm", "pm1", "pm2"].map((name) => {
    const config = `/mnt/${name}.cf`;
    const ends = name === "pm" ? wait : `await '[ -e /mnt/out/${name}.* ]'`;
    return kind === "ours"
      ? `sendmail -C ${config} -bd -q1h 2>&1\n${talk(config)}\n${ends}\np=$(head -n 1 /mnt/pid); kill $p; await '! kill -0 $p'`
      : `${talk(config)}\n${ends}`;
  });
  return `
set -u
await() { for i in $(seq 300); do eval "$1" >/dev/null 2>&1 && return 0; sleep 0.1; done; echo "in vain: $1"; return 1; }
umask 022
export RULEMAIL_HOME=/mnt/home
mkdir -p /mnt/queue /mnt/out /mnt/files /mnt/home
chmod 700 /mnt/queue; chmod 777 /mnt/out /mnt/files
cp ${folder}/*.cf ${folder}/aliases /mnt/
install -m 755 ${folder}/box ${folder}/fails ${folder}/takes /mnt/
python3 ${folder}/hops.py &
hops=$!
await '(: </dev/tcp/127.0.0.9/2598) && (: </dev/tcp/127.0.0.9/2597) && (: </dev/tcp/127.0.0.9/2599)'
sendmail -C /mnt/pm.cf -bi
${each.join("\n")}
kill $hops
python3 ${folder}/read.py /mnt/out >${folder}/${kind}.json
`;
}

interface Read {
  readonly defects: readonly string[];
  readonly subject: string;
  readonly auto: string;
  readonly kind: string;
  readonly types: readonly string[];
  readonly text: string;
  readonly groups: readonly (readonly (readonly [string, string])[])[];
  readonly back: readonly string[];
  readonly about: string;
  readonly returnPath: string;
}

let folder: string;
const found: Record<string, Readonly<Record<string, readonly Read[]>>> = {};

peerDescribe("reports are what those of a genuine sendmail are", ["sendmail", "root"], () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "reports-"));
    const files = {
      "talk.py": TALK,
      "hops.py": HOPS,
      "read.py": READ,
      box: BOX,
      fails: FAILS,
      takes: TAKES,
      aliases: ALIASES,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    for (const name of ["pm", "pm1", "pm2"]) writeFileSync(join(folder, `${name}.cf`), configuration(name));
    for (const kind of ["genuine", "ours"] as const) {
      const { status, stdout, stderr } = runInside("shell", script(kind, folder), kind === "ours");
      if (status !== 0 || /in vain|refused:/.test(stdout)) throw new Error(`${kind}: ${stdout}${stderr}`);
      found[kind] = JSON.parse(readFileSync(join(folder, `${kind}.json`), "utf8")) as (typeof found)[string];
    }
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe.each(NAMES.map((name, number) => [name, number] as const))("%s", (name, number) => {
    const { box = `s${number}`, except = /^$/, reports = 1 } = CASES[name];
    const of = (kind: string): readonly Read[] => found[kind][box] ?? [];

    test("a program reads the same", () => {
      expect(of("ours")).toHaveLength(reports);
      expect(of("ours").map((each) => forPrograms(each, except))).toEqual(
        of("genuine").map((each) => forPrograms(each, except)),
      );
      expect(of("ours").flatMap(({ defects }) => defects)).toEqual([]);
    });

    test("so do people who know the original", () => {
      const lines = of("ours").map((each) => forPeople(each, except));
      of("genuine").forEach((each, at) => expect(lines[at]).toEqual(expect.arrayContaining(forPeople(each, except))));
    });
  });
});

/** What programs compare: times left out, and what ours says more (the words of programs behind their exit status). */
function forPrograms(read: Read, except: RegExp): unknown {
  const { subject, auto, kind, types, groups, back, about, returnPath } = read;
  const lines = groups.map((group) =>
    group
      .map(([name, value]) => `${name}: ${value}`)
      .filter(
        (line) => !/^(?:Arrival|Last-Attempt|Will-Retry)-|^Diagnostic-Code: SMTP; 250/.test(line) && !except.test(line),
      )
      .map((line) => line.replace(/^(Diagnostic-Code: X-Unix; \d+) .*/, "$1").replace(/^(Status: 4\.).*/, "$1"))
      .toSorted(),
  );
  const named = lines.map((each) => each.join("\n"));
  // A warning that has the whole message in it is what RFC 3461 §4.3 does not want.
  const isWarning = auto.includes("warning");
  return {
    // Programs know reports by their empty return path (RFC 5321 §4.4); in the original it is the daemon's name.
    returnPath: returnPath === "<MAILER-DAEMON>" ? "<>" : returnPath,
    subject,
    auto,
    kind,
    about,
    types: isWarning ? types.slice(1, 2) : types.slice(1),
    message: named[0],
    recipients: named.slice(1).toSorted(),
    back,
  };
}

/** Headings, addresses and the transcript; what a program has said is a reason for us. */
function forPeople({ text }: Read, except: RegExp): string[] {
  return text
    .split(/\r?\n/)
    .map((line) =>
      line
        .replaceAll(/[<>]/g, "")
        .replace(/(EX_TEMPFAIL): .*/, "$1")
        .replace(/^ RCPT To:/, " RCPT TO:")
        .replace(/^ MAIL From:/, " MAIL FROM:"),
    )
    .filter(
      (line) =>
        line !== "" && !/^The original|^from |^ {4}\*\*|^ {4}\(reason: |^with id/.test(line) && !except.test(line),
    );
}
