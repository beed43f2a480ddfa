/**
 * How a program is begun as a user: the command line that gives up root for good, and then becomes the program.
 *
 * Node's own way to start a program as somebody else leaves it root's groups. So setpriv(1) gives up root, and a few lines of
 * perl do what is left to do as the user: wait until the guard (program-guard.ts) knows of them, enter the working folder, set
 * the environment, begin the program with the name that A= gives it. They say on descriptor 3 how far they came: no exit code of
 * the program is taken for one of theirs.
 *
 *     setpriv --reuid 1000 --regid 1000 --groups 1000,8 -- perl -e STARTER /usr/bin/procmail 2 /home/joe / 1 HOME=/home/joe procmail -Y
 *
 * As long as a process is root its environment is made here and nowhere else: what the server names (LD_PRELOAD, PATH) would
 * decide about what root runs.
 */
import { accessSync, constants } from "node:fs";
import type { ProgramIdentity } from "./task.ts";

/** Where programs look for others. */
export const SAFE_PATH = "/usr/local/bin:/usr/bin:/bin";

export interface ProgramWords {
  readonly path: string;
  readonly argv: readonly string[];
  /** Lines NAME=value. */
  readonly environment: readonly string[];
  /** Folders to try as working folder, with the user's rights. */
  readonly folders: readonly string[];
  /** N= of the mailer: added to the niceness. */
  readonly nice: number;
  /** `/=` of the mailer: the program sees this folder as `/`; "" for none. */
  readonly root: string;
}

export interface ProgramCommand {
  readonly path: string;
  readonly argv: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What is started waits for one octet on descriptor 3, and reports there. */
  readonly reports: boolean;
}

/**
 * As the user. The program begins when one octet has come on descriptor 3: before that nobody would end what it starts if we were
 * killed. For `socket` standard input and output go through that descriptor, a connection (what the program says before the
 * server has it would be read, and lost, by the process that hands it over); else it is where the report goes: "." begun, ".D" no
 * working folder, ".E13" errno of exec.
 */
const STARTER = String.raw`
my ($use, $path) = splice @ARGV, 0, 2;
my @folders = splice @ARGV, 0, shift @ARGV;
my @lines = splice @ARGV, 0, shift @ARGV;
open(my $given, "+<&=", 3) or exit 127;
sysread($given, my $go, 1) or exit 127;
my $said;
if ($use eq "socket") {
  open(STDIN, "<&", $given) && open(STDOUT, ">&", $given) or exit 127;
} else {
  open($said, ">&", $given) or exit 127;
  syswrite $said, ".";
}
close $given;
%ENV = map { split /=/, $_, 2 } @lines;
my $there = 0;
for (@folders) { last if $there = chdir $_ }
if ($there) { no warnings; exec { $path } @ARGV }
syswrite $said, $there ? "E" . ($! + 0) : "D" if $said;
exit 127;
`;

/** Not all of them are in the path of programs on every system. */
const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv"];
const PERL = ["/usr/bin/perl", "/usr/local/bin/perl", "/bin/perl"];
const CHROOT = ["/usr/sbin/chroot", "/usr/bin/chroot", "/sbin/chroot", "/bin/chroot"];
const NICE = ["/usr/bin/nice", "/bin/nice"];

/**
 * What it takes to start a program as a user and this machine has not, with the package that brings it.
 * @param isThere whether a path is a program
 */
export function missingTools(isThere: (path: string) => boolean = isProgram): readonly string[] {
  const needed = [
    [SETPRIV, "setpriv (util-linux)"],
    [PERL, "perl (perl-base)"],
  ] as const;
  return needed.filter(([paths]) => !paths.some(isThere)).map(([, name]) => name);
}

/**
 * @param isThere whether a path is a program, or a folder that may be entered
 * @returns undefined when none of the folders can be entered, as far as that is known before
 */
export function commandFor(
  words: ProgramWords,
  identity: ProgramIdentity,
  isThere: (path: string) => boolean = isProgram,
): ProgramCommand | undefined {
  const { nice, root } = words;
  const { uid } = identity;
  const isAsIs = !identity.isChange || uid === 0;
  const isRoot = identity.isChange && (uid === 0 || root !== "");
  const environment = isRoot ? rootsEnvironment(words.environment) : words.environment;
  if (isAsIs && nice === 0 && root === "" && !PERL.some(isThere))
    return begunAtOnce({ ...words, environment }, isThere);
  const before = nice === 0 ? [] : [found(NICE), "-n", String(nice)];
  const start =
    root === ""
      ? [...(isAsIs ? [] : privileges(identity)), ...starter("report", { ...words, environment })]
      : starter("report", { ...inOwnRoot(words, identity, isAsIs), environment });
  const line = [...before, ...start];
  return { path: line[0], argv: line, folder: "/", environment: { PATH: SAFE_PATH }, reports: true };
}

/** What stands before the program must be found outside: the folder need not have a perl. The new root is the folder. */
function inOwnRoot(words: ProgramWords, { uid, gid, groups }: ProgramIdentity, isAsIs: boolean): ProgramWords {
  const ids = isAsIs ? [] : [`--userspec=${uid}:${gid}`, `--groups=${groups.join(",")}`];
  const path = found(CHROOT);
  return { ...words, path, argv: [path, ...ids, words.root, words.path, ...words.argv.slice(1)], folders: ["/"] };
}

/** Without a perl nobody waits for the guard: who is killed in that moment leaves the program behind. */
function begunAtOnce(words: ProgramWords, isThere: (path: string) => boolean): ProgramCommand | undefined {
  const folder = words.folders.find(isThere);
  const environment = Object.fromEntries(words.environment.map((line) => splitOnce(line, "=")));
  return folder === undefined
    ? undefined
    : { path: words.path, argv: ownWords(words), folder, environment, reports: false };
}

/** A program that holds a conversation on descriptor 3, as standard input and output. */
export function conversationFor(words: ProgramWords, identity: ProgramIdentity): ProgramCommand {
  const isAsIs = !identity.isChange || identity.uid === 0;
  const environment = isAsIs && identity.isChange ? rootLines("") : words.environment;
  const line = [...(isAsIs ? [] : privileges(identity)), ...starter("socket", { ...words, environment })];
  return { path: line[0], argv: line, folder: "/", environment: { PATH: SAFE_PATH }, reports: false };
}

function starter(use: "report" | "socket", words: ProgramWords): string[] {
  const { path, folders, environment } = words;
  const counted = [String(folders.length), ...folders, String(environment.length), ...environment];
  return [found(PERL), "-e", STARTER, use, path, ...counted, ...ownWords(words)];
}

function ownWords({ path, argv }: ProgramWords): string[] {
  return [argv[0] ?? path, ...argv.slice(1)];
}

/** The program ends with its starter: a server that is gone must not leave somebody behind who delivers. */
function privileges({ uid, gid, groups }: ProgramIdentity): string[] {
  const others = groups.length === 0 ? ["--clear-groups"] : ["--groups", groups.join(",")];
  return [found(SETPRIV), "--reuid", String(uid), "--regid", String(gid), ...others, "--pdeathsig", "TERM", "--"];
}

/** What a program finds that runs as root: nothing of it comes from the server. Lines NAME=value. */
export function rootLines(home: string): string[] {
  const { TZ } = process.env;
  const own = ["USER=root", "LOGNAME=root", "SHELL=/bin/sh", `HOME=${home === "" ? "/" : home}`];
  return [`PATH=${SAFE_PATH}`, "AGENT=sendmail", ...own, ...(TZ === undefined ? [] : [`TZ=${TZ}`])];
}

/** What reaches a program that begins while this is root still. */
const ROOTS = new Set(["AGENT", "USER", "LOGNAME", "SHELL", "HOME", "TZ"]);

function rootsEnvironment(given: readonly string[]): string[] {
  return [...given.filter((line) => ROOTS.has(splitOnce(line, "=")[0])), `PATH=${SAFE_PATH}`];
}

function found(paths: readonly string[]): string {
  return paths.find(isProgram) ?? paths[0];
}

/** Of a folder: may be entered. */
function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
