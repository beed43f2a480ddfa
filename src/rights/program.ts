/**
 * The task behind mailers that are programs: starts one as a user, with a message on its standard input.
 *
 * Node's own way to start a program as somebody else leaves it root's groups. So setpriv(1) gives up root for good, and a few
 * lines of perl do what is left to do as the user: enter the working folder, and begin the program with the name that A=
 * gives it. They say on descriptor 3 how far they came: no exit code of the program is taken for one of theirs.
 *
 *     setpriv --reuid 1000 --regid 1000 --groups 1000,8 -- perl -e STARTER /usr/bin/procmail 2 /home/joe / procmail -Y
 */
import { accessSync, constants } from "node:fs";
import { getSystemErrorName } from "node:util";
import { EX } from "../sys/sysexits.ts";
import { type ChildOptions, type ChildResult, runChild } from "./child.ts";
import { type ProgramIdentity, type ProgramTask, fromSystemError, type TaskArgument, type TaskResult } from "./task.ts";

/** Where programs look for others. */
export const SAFE_PATH = "/usr/local/bin:/usr/bin:/bin";
/** Output that goes into the report to the sender. */
const OUTPUT_LIMIT = 4096;
/** When the mailer has no W=: a program that takes longer than that will not end. */
const LONGEST_RUN = 3600_000;

export interface ProgramArgument extends TaskArgument {
  readonly path: string;
  readonly argv: readonly string[];
  /** Lines NAME=value. */
  readonly environment: readonly string[];
  /** Folders to try as working folder, with the user's rights. */
  readonly folders: readonly string[];
  /** ms, 0 for the default. */
  readonly timeout: number;
  /** N= of the mailer: added to the niceness. */
  readonly nice: number;
  /** `/=` of the mailer: the program sees this folder as `/`; "" for none. */
  readonly root: string;
}

export const runProgram: ProgramTask = async (argument, input, identity, signal) => {
  const given = argument as ProgramArgument;
  const command = commandFor(given, identity);
  if (command === undefined) {
    return { kind: "later", status: "4.3.0", text: `cannot be run in ${given.folders.join(" or ")}` };
  }
  const options = {
    ...command,
    environment: Object.fromEntries(given.environment.map((line) => splitOnce(line, "="))),
    timeout: given.timeout || LONGEST_RUN,
    outputLimit: OUTPUT_LIMIT,
    signal,
  };
  return resultOf(
    await runChild(options, async function* () {
      yield* input.chunks();
    }),
    command.reports === true,
  );
};

type Command = Pick<ChildOptions, "path" | "argv" | "folder" | "reports">;

/** As the user; says how far it came. */
const STARTER = String.raw`
open(my $said, ">&", 3) or exit 127;
open(my $given, ">&=", 3) and close $given;
syswrite $said, ".";
my ($path, $count) = splice @ARGV, 0, 2;
my @folders = splice @ARGV, 0, $count;
my $there = 0;
for (@folders) { last if $there = chdir $_ }
if ($there) { no warnings; exec { $path } @ARGV }
syswrite $said, $there ? "E" . ($! + 0) : "D";
exit 127;
`;

const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv"];
/** Not in the path of programs on every system. */
const CHROOT = ["/usr/sbin/chroot", "/usr/bin/chroot", "/sbin/chroot", "/bin/chroot"];
const PERL = ["/usr/bin/perl", "/usr/local/bin/perl", "/bin/perl"];

function commandFor(argument: ProgramArgument, identity: ProgramIdentity): Command | undefined {
  const { path, argv, folders, nice, root } = argument;
  const own = [argv[0] ?? path, ...argv.slice(1)];
  const isAsIs = !identity.isChange || identity.uid === 0;
  if (isAsIs && nice === 0 && root === "") {
    const folder = folders.find(mayEnter);
    return folder === undefined ? undefined : { path, argv: own, folder, reports: false };
  }
  const before = nice === 0 ? [] : ["nice", "-n", String(nice)];
  if (root !== "") {
    // What stands before the program must be found outside: the folder need not have a perl. The new root is the folder.
    const ids = isAsIs ? [] : [`--userspec=${identity.uid}:${identity.gid}`, `--groups=${identity.groups.join(",")}`];
    return whole([...before, found(CHROOT), ...ids, root, path, ...own.slice(1)], false);
  }
  const drop = isAsIs ? [] : [found(SETPRIV), ...privileges(identity), "--"];
  const starter = [found(PERL), "-e", STARTER, path, String(folders.length), ...folders, ...own];
  return whole([...before, ...drop, ...starter], true);
}

function whole(argv: readonly string[], reports: boolean): Command {
  return { path: argv[0], argv, folder: "/", reports };
}

/** The program ends with its starter: a server that is gone must not leave somebody behind who delivers. */
function privileges({ uid, gid, groups }: ProgramIdentity): string[] {
  const others = groups.length === 0 ? ["--clear-groups"] : ["--groups", groups.join(",")];
  return ["--reuid", String(uid), "--regid", String(gid), ...others, "--pdeathsig", "TERM"];
}

function found(paths: readonly string[]): string {
  return paths.find(isProgram) ?? paths[0];
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const mayEnter = isProgram;

/** @param reports the starter was there to say how far it came */
function resultOf(result: ChildResult, reports: boolean): TaskResult {
  const { exit, signalName, output, startError, inputError, timedOut, aborted, report } = result;
  if (startError !== undefined) return fromSystemError(startError, "cannot be run");
  if (aborted) return { kind: "later", status: "4.3.2", text: "was interrupted", output };
  if (timedOut) return { kind: "later", status: "4.3.0", text: "took too long", output };
  if (reports && report !== ".") return notStarted(report, output);
  if (inputError !== undefined) {
    return { kind: "later", status: "4.3.0", text: `did not get the whole message (${inputError.message})`, output };
  }
  if (exit === undefined) return { kind: "later", status: "4.3.0", text: `died with ${signalName}`, output };
  if (exit === 0) return { kind: "done", status: "2.0.0", text: "" };
  const temporary = exit === EX.TEMPFAIL || exit === EX.OSERR || exit === EX.IOERR;
  return { kind: temporary ? "later" : "never", status: temporary ? "4.0.0" : "5.0.0", text: "", exit, output };
}

/** "" rights were not given up, ".D" no working folder, ".E13" the system would not begin it. */
function notStarted(report: string, output: string): TaskResult {
  const number = /^\.E(\d+)$/.exec(report)?.[1];
  if (number === undefined) {
    const reason = report === ".D" ? "in any of its folders" : "as this user";
    return { kind: "later", status: "4.3.0", text: `cannot be run ${reason}`, output };
  }
  const code = getSystemErrorName(-Number(number));
  return fromSystemError(Object.assign(new Error(code), { code }), "cannot be run");
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
