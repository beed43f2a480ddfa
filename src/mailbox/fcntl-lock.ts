/**
 * fcntl(2) locks, which Node has not: a small perl does it, started at the first lock and kept as long as this process.
 *
 * It locks the very file that we hold open: it opens /proc/PID/fd/N, or, where the system does not let it (a container
 * without CAP_SYS_PTRACE), the same path and compares device and inode before it touches anything. Questions and answers
 * go through two FIFOs that lose their names at once: a blocking read costs one change of process, while Node's pipes to
 * children are non-blocking sockets that nobody can wait for without the event loop.
 *
 * The child is a guardian, too. While it holds a lock it remembers how long the file was; if we end without a word
 * (kill -9), it cuts the file back to that and only then lets the lock go. Whoever waited for the lock never sees half a
 * message. So unlock() means "what was written stays".
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readlinkSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FileLocks } from "../rights/task.ts";

export interface FcntlOptions {
  /** Starts the child with the rights that this process was given, whosever ids it has at the moment. */
  readonly asRoot: <T>(work: () => T) => T;
  /** Says once why there are no fcntl locks. */
  readonly warn: (reason: string) => void;
  /** Where perl is looked for. */
  readonly programs?: readonly string[];
}

/** perl-base, part of every Debian; elsewhere perl is where the system or its ports put it. */
const PROGRAMS = ["/usr/bin/perl", "/usr/local/bin/perl", "/bin/perl"];

/** A child that ends so often without an answer is not started again. */
const MOST_FAILURES = 3;

/**
 * Requests: `L FD`, `P FD DEVICE INODE PATH` (in hex), `U FD`. Answers, to the first two: `1` locked, `0` somebody else has
 * a lock, `?` not possible. 010000000 is O_PATH: a file opened with it is only looked at.
 */
const CHILD = String.raw`
use strict;
use Fcntl qw(F_SETLK F_WRLCK SEEK_SET O_RDWR O_NOFOLLOW);
my ($parent, %held) = ($ARGV[0]);
my $whole = pack("s s", F_WRLCK, SEEK_SET) . "\0" x 64;
sub lock_it {
  my ($fd, $file) = @_;
  if (fcntl($file, F_SETLK, $whole)) { $held{$fd} = [$file, -s $file]; return "1" }
  return $!{EAGAIN} || $!{EACCES} ? "0" : "?";
}
sub by_path {
  my ($device, $inode, $path) = @_;
  sysopen(my $seen, $path, 010000000 | O_NOFOLLOW) or return;
  my @status = stat $seen;
  return unless $status[0] == $device && $status[1] == $inode;
  sysopen(my $file, "/proc/self/fd/" . fileno($seen), O_RDWR) or return;
  return $file;
}
my $rest = "";
while (sysread(STDIN, $rest, 65536, length $rest)) {
  while ($rest =~ s/^([^\n]*)\n//) {
    my ($verb, $fd, @words) = split / /, $1;
    if ($verb eq "U") { delete $held{$fd}; next }
    delete $held{$fd};
    my $file;
    if ($verb eq "L") { sysopen($file, "/proc/$parent/fd/$fd", O_RDWR) or undef $file }
    else { $file = by_path(@words[0, 1], pack("H*", $words[2])) }
    syswrite(STDOUT, $file ? lock_it($fd, $file) : "?");
  }
}
for (values %held) { my ($file, $size) = @$_; truncate($file, $size) if -s $file > $size }
`;

export class FcntlLocks implements FileLocks {
  readonly #options: FcntlOptions;
  #child: LockingChild | undefined;
  #failures = 0;
  /** The system does not show the child our descriptors. */
  #byPath = false;

  constructor(options: FcntlOptions) {
    this.#options = options;
  }

  lock(fd: number): "locked" | "busy" | "unsupported" {
    let answer = this.#byPath ? "?" : this.#ask(`L ${fd}`);
    if (answer === "?") {
      answer = this.#ask(byPath(fd));
      if (answer === "1" || answer === "0") this.#byPath = true;
    }
    if (answer === "1") return "locked";
    return answer === "0" ? "busy" : "unsupported";
  }

  unlock(fd: number): void {
    // A child that is gone has let everything go.
    this.#child?.tell(`U ${fd}`);
  }

  close(): void {
    this.#child?.close();
    this.#child = undefined;
  }

  /** The process that locks, when there is one. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** One octet, or undefined when there is nobody to answer. A child that has ended is replaced by a new one. */
  #ask(question: string): string | undefined {
    while (this.#failures < MOST_FAILURES) {
      try {
        this.#child ??= this.#options.asRoot(() => startChild(this.#options.programs ?? PROGRAMS));
      } catch (error) {
        this.#failures = MOST_FAILURES;
        this.#options.warn((error as Error).message);
        return undefined;
      }
      const answer = this.#child.ask(question);
      if (answer !== undefined) {
        this.#failures = 0;
        return answer;
      }
      this.close();
      this.#failures++;
      if (this.#failures === MOST_FAILURES) this.#options.warn("the locking perl ends without an answer");
    }
    return undefined;
  }
}

function byPath(fd: number): string {
  const { dev, ino } = fstatSync(fd, { bigint: true });
  const path = readlinkSync(`/proc/self/fd/${fd}`, { encoding: "buffer" });
  return `P ${fd} ${dev} ${ino} ${path.toString("hex")}`;
}

/** The child and our ends of the FIFOs to it. */
class LockingChild {
  readonly #process: ChildProcess;
  readonly #questions: number;
  readonly #answers: number;
  readonly #octet = Buffer.alloc(1);

  constructor(child: ChildProcess, questions: number, answers: number) {
    this.#process = child;
    this.#questions = questions;
    this.#answers = answers;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  ask(question: string): string | undefined {
    if (!this.tell(question)) return undefined;
    // Nothing to read and nobody who could write: the child has ended.
    return readSync(this.#answers, this.#octet, 0, 1, null) === 1 ? this.#octet.toString("latin1") : undefined;
  }

  tell(text: string): boolean {
    try {
      writeSync(this.#questions, `${text}\n`);
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    closeSync(this.#questions);
    closeSync(this.#answers);
  }
}

/** @throws when there is no perl, or no mkfifo(1) */
function startChild(programs: readonly string[]): LockingChild {
  const perl = programs.find((each) => existsSync(each));
  if (perl === undefined) throw new Error(`there is no perl (${programs.join(", ")})`);
  const folder = mkdtempSync(join(tmpdir(), "rulemail-lock-"));
  const opened: number[] = [];
  const open = (name: string, flags: number): number => {
    const fd = openSync(join(folder, name), flags);
    opened.push(fd);
    return fd;
  };
  try {
    execFileSync("mkfifo", ["-m", "600", join(folder, "questions"), join(folder, "answers")], { stdio: "ignore" });
    // Opening one end waits for the other, unless a descriptor for both is there.
    open("questions", constants.O_RDWR);
    open("answers", constants.O_RDWR);
    const input = open("questions", constants.O_RDONLY);
    const output = open("answers", constants.O_WRONLY);
    const child = spawn(perl, ["-e", CHILD, String(process.pid)], {
      cwd: "/",
      env: {},
      // Away from the terminal and its signals: it ends when we do.
      detached: true,
      stdio: [input, output, "ignore"],
    });
    child.on("error", () => undefined);
    if (child.pid === undefined) throw new Error(`${perl} cannot be started`);
    child.unref();
    const questions = openSync(join(folder, "questions"), constants.O_WRONLY);
    return new LockingChild(child, questions, openSync(join(folder, "answers"), constants.O_RDONLY));
  } finally {
    for (const fd of opened) closeSync(fd);
    rmSync(folder, { recursive: true, force: true });
  }
}
